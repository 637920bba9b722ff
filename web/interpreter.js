// @ts-check
/** The interpreter's console: wires line, headset, keys and scene to the page. */

import { arrive } from "./arrival.js";
import { Capture } from "./capture.js";
import { byId, setState } from "./dom.js";
import { Choice } from "./elements/choice.js";
import { Devices } from "./elements/devices.js";
import { Fader } from "./elements/fader.js";
import { Hold } from "./elements/hold.js";
import { Level } from "./elements/level.js";
import { drawGate } from "./gate.js";
import { Headset } from "./headset.js";
import { drawBooth, drawLevels, drawPlace, drawRooms } from "./interpreter-drawing.js";
import { consoleState } from "./interpreter-scene.js";
import { listenToKeys } from "./keys.js";
import { Line } from "./line.js";
import { languageFor, offerPreferences } from "./preferences.js";
import { Refusal } from "./protocol.js";
import { refusalWord } from "./refusals.js";
import { RoomThumbnails } from "./room-thumbnails.js";
import { keepAwake } from "./screen.js";
import { load, put, say, speak } from "./words.js";

/** @import { ClientMessage, Welcome } from "./wire.js" */

const LOOK_MS = 250; // the cough's seconds
const LETTERS_KEY = "hanmaru.letters.interpreter";
const VOLUME_KEY = "hanmaru.volume.interpreter";
const MODES = [
  { value: "liaison", key: "mode.liaison" },
  { value: "simultaneous", key: "mode.simultaneous" },
];

const remote = byId("remote", HTMLVideoElement);
const air = byId("air", HTMLButtonElement);
const cough = byId("cough", Hold);
const mode = byId("mode", Choice);
const volume = byId("volume", Fader);
const devices = byId("devices", Devices);
const headset = new Headset();

/** @type {Line | null} */
let line = null;
/** @type {import("./arrival.js").Refused | null} */
let refusal = null;
/** @type {number | null} */
let coughAt = null;
/** @type {RoomThumbnails | null} */
let thumbnails = null;
let watching = false;
let letters = localStorage.getItem(LETTERS_KEY) !== "off";

const capture = new Capture({
  kinds: ["audio"],
  page: "interpreter",
  changed: (kind, track) => line?.replace(kind, track),
  news: () => {
    void devices.draw();
    draw();
  },
});

function me() {
  return line?.booth?.interpreters[line.welcome?.person ?? ""];
}

/** @param {ClientMessage} message @returns {Promise<boolean>} whether it is done */
async function command(message) {
  const said = byId("said", HTMLElement);
  let done = true;
  try {
    await line?.session.command(message);
    said.classList.remove("refused");
    put(said, "");
  } catch (error) {
    done = false;
    said.classList.add("refused");
    put(said, say(refusalWord(error instanceof Refusal ? error.code : "")));
  }
  draw();
  return done;
}

/** Pictures of the rooms are off until asked for; the wish is said again to a server that has forgotten it. */
async function watch(/** @type {boolean} */ on) {
  if (await command({ type: "watch", on })) watching = on;
  draw();
}

function toggleAir() {
  void headset.wake();
  const state = me();
  if (state && air.getAttribute("aria-disabled") !== "true") void command({ type: "on_air", on: !state.on_air });
}

function turn() {
  const state = me();
  if (state) void command({ type: "direction", to: state.from });
}

/** @param {boolean} held */
function setCough(held) {
  if (held && !me()?.on_air) return;
  if (!held && coughAt === null) return;
  coughAt = held ? performance.now() : null;
  capture.enable("audio", !held); // the page gates the cough itself, at once
  void command({ type: "cough", on: held });
}

function draw() {
  const { welcome = null, booth = null, link = "idle", media = "none", way = null } = line ?? {};
  setState(document.documentElement, refusal !== null ? "error" : consoleState(link, media, booth));
  drawGate(link, refusal);
  byId("wake", HTMLElement).hidden = headset.awake || welcome === null;
  put(byId("letter-keys", HTMLElement), say(letters ? "interpreter.letter_keys_on" : "interpreter.letter_keys_off"));
  if (welcome === null || booth === null) return;
  mode.show(booth.mode, link === "open");
  thumbnails?.want(watching && booth.thumbnails && booth.phase === "live" && link === "open", welcome.place?.id ?? "", welcome.sites.map(({ id }) => id));
  drawRooms({ watching, link, booth, welcome }, thumbnails);
  drawBooth({ link, media, way, welcome, booth, coughS: coughAt === null ? null : (performance.now() - coughAt) / 1000 }, capture.problems.audio, letters);
}

/** @param {Welcome} welcome */
async function meet(welcome) {
  await Promise.all(welcome.languages.map((language) => load(language)));
  await speak(languageFor("interpreter", welcome.language));
  await offerPreferences({ page: "interpreter", into: byId("preferences", HTMLElement), theme: "night", sites: welcome.sites, redraw: () => redraw(welcome) });
}

/** @param {Welcome} welcome */
function redraw(welcome) {
  mode.offer(MODES);
  drawPlace(welcome);
  volume.draw();
  void devices.draw();
  draw();
}

async function begin() {
  await speak(languageFor("interpreter", null));
  await offerPreferences({ page: "interpreter", into: byId("preferences", HTMLElement), theme: "night", redraw: draw });
  const arrival = await arrive("interpreter");
  if (arrival === "elsewhere") return;
  if (typeof arrival === "string") {
    refusal = arrival;
    draw();
    return;
  }
  const settled = capture.open();
  line = new Line({
    seat: arrival.seat,
    tracks: async () => {
      await settled;
      return capture.tracks;
    },
    on: {
      welcome: (welcome) => {
        if (watching) void command({ type: "watch", on: true });
        void meet(welcome);
      },
      changed: draw,
      levels: (levels) => {
        if (line?.link === "lost" || line?.media === "silent") return; // whatever still comes is not what is heard
        drawLevels(levels, line?.booth ?? null);
        byId("my-level", Level).show(levels.interpreters[line?.welcome?.person ?? ""] ?? null);
      },
      stream: (stream) => {
        remote.srcObject = stream; // muted: a browser only decodes for Web Audio what an element plays
        void remote.play().catch(() => undefined);
        headset.play(stream);
      },
    },
  });
  thumbnails = new RoomThumbnails(arrival.seat, draw);
  devices.offer(capture, headset.canChoose ? ["microphone", "headphones"] : ["microphone"], (id) => headset.listenOn(id));
  byId("test", HTMLAnchorElement).href = `/loopback?seat=${encodeURIComponent(arrival.seat)}`;
  line.open();
  setInterval(draw, LOOK_MS);
  await settled;
  await devices.restore();
}

volume.wording = (value) => `${value > 0 ? "+" : value < 0 ? "\u2212" : ""}${Math.abs(value)} dB`;
volume.show(Number(localStorage.getItem(VOLUME_KEY) ?? 0));
headset.setVolume(volume.value);
volume.addEventListener("level", () => {
  localStorage.setItem(VOLUME_KEY, String(volume.value));
  headset.setVolume(volume.value);
});
headset.onWake(draw);

air.onclick = toggleAir;
byId("turn", HTMLButtonElement).onclick = turn;
byId("show-rooms", HTMLButtonElement).onclick = () => void watch(!watching);
byId("proposal", HTMLButtonElement).onclick = turn;
mode.addEventListener("pick", (event) => void command({ type: "mode", mode: /** @type {CustomEvent<string>} */ (event).detail }));
cough.addEventListener("hold", (event) => setCough(/** @type {CustomEvent<boolean>} */ (event).detail));
byId("letter-keys", HTMLButtonElement).onclick = () => {
  letters = !letters;
  localStorage.setItem(LETTERS_KEY, letters ? "on" : "off");
  draw();
};
byId("gate-act", HTMLButtonElement).onclick = () => {
  if (line?.link === "taken") line.session.takeOver();
  else location.reload();
};
byId("wake", HTMLButtonElement).onclick = () => void headset.wake();
window.addEventListener("pointerdown", () => void headset.wake());
listenToKeys({
  letters: () => letters,
  down: (key) => {
    void headset.wake();
    if (key === "air") toggleAir();
    else if (key === "direction") turn();
    else cough.press();
  },
  up: (key) => {
    if (key === "cough") cough.release();
  },
});
window.addEventListener("pagehide", () => line?.close());
keepAwake();
void begin();
