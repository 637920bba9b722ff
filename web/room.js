// @ts-check
/** The big screen of a room: wires line, devices and scene to the page. */

import "./elements/floor-line.js";
import "./elements/turn-lamp.js";
import { arrive } from "./arrival.js";
import { blackPicture } from "./black-picture.js";
import { Capture } from "./capture.js";
import { byId, setState } from "./dom.js";
import { Clocks } from "./elements/clocks.js";
import { Devices } from "./elements/devices.js";
import { Level } from "./elements/level.js";
import { icon } from "./icons.js";
import { Line } from "./line.js";
import { OwnThumbnail } from "./own-thumbnail.js";
import { browserLanguage, choose, chosenAmong } from "./preferences.js";
import { drawScene } from "./room-drawing.js";
import { farSite, largeLanguages, ownSite, roomScene } from "./room-scene.js";
import { hideIdlePointer, keepAwake, moveAgainstBurnIn, onFirstTouch } from "./screen.js";
import { fill, load, speak, spoken } from "./words.js";

/** @import { Levels, Welcome } from "./wire.js" */

const LOOK_MS = 500; // patience that runs out between two messages is noticed this soon

const remote = byId("remote", HTMLVideoElement);
const preview = byId("self", HTMLVideoElement);
const tap = byId("tap", HTMLButtonElement);
const chooser = byId("choose", HTMLDialogElement);
const devices = byId("devices", Devices);
const thumbnail = new OwnThumbnail();

/** @type {Line | null} */
let line = null;
/** @type {import("./room-scene.js").RoomFacts["refusal"]} */
let refusal = null;
let mustTap = false;
let lostAt = 0;
let pictureEpoch = -1;
/** @type {MediaStreamTrack | null} */
let black = null;
/** @type {MediaStreamTrack | null} */
let shownBlack = null;

const capture = new Capture({
  kinds: ["audio", "video"],
  page: "room",
  changed: (kind, track) => {
    if (kind === "video") preview.srcObject = track && new MediaStream([track]);
    line?.replace(kind, outgoing()[kind]);
  },
  news: () => {
    void devices.draw();
    draw();
  },
});

/**
 * What this page sends: its own devices. Without any, beside equipment that sends for its room, a black picture: else
 * nothing would tell that its line stands.
 */
function outgoing() {
  const { audio, video } = capture.tracks;
  const fed = line?.booth?.sites[line.welcome?.site ?? ""]?.equipment.length ?? 0;
  if (audio !== null || video !== null || fed === 0) return { audio, video };
  black ??= blackPicture();
  return { audio, video: black };
}

async function play() {
  try {
    await remote.play();
    mustTap = false;
  } catch (error) {
    mustTap = error instanceof DOMException && error.name === "NotAllowedError";
  }
  draw();
}

function draw() {
  const { welcome = null, booth = null } = line ?? {};
  const own = booth?.sites[welcome?.site ?? ""];
  if (own && welcome) {
    capture.enable("audio", !own.muted && !own.equipment.includes("audio"));
    capture.enable("video", !own.camera_off && !own.equipment.includes("video"));
    line?.peer?.yieldPicture(own.paused.includes("out") ? "none" : own.paused.includes("trial") ? "small" : "full");
    const { video } = outgoing();
    if (video === black && video !== shownBlack) line?.replace("video", (shownBlack = video));
    void capture.shape(own.framing, welcome.media.width, welcome.media.height);
  }
  const link = line?.link ?? "idle";
  const watched = booth?.thumbnails === true && link === "open" && !own?.camera_off && !own?.equipment.includes("video") && !own?.paused.some((way) => way !== "in");
  thumbnail.show(watched ? welcome : null, capture.tracks.video, own?.framing ?? "fill");
  if (link !== "lost") lostAt = 0;
  else if (lostAt === 0) lostAt = performance.now();
  if (booth?.phase === "live" && line?.picture) pictureEpoch = booth.epoch;
  const scene = roomScene({
    link,
    lostMs: lostAt === 0 ? 0 : performance.now() - lostAt,
    media: line?.media ?? "none",
    way: line?.way ?? null,
    picture: line?.picture ?? false,
    pictureSeen: pictureEpoch === booth?.epoch,
    welcome,
    booth,
    problems: capture.problems,
    tap: mustTap,
    refusal,
  });
  setState(document.documentElement, scene.state);
  drawScene(scene, welcome);
  if (scene.slate === null && chooser.open) chooser.close(); // never over the far room
}

/** @param {Welcome} welcome */
async function meet(welcome) {
  const large = largeLanguages(welcome);
  await Promise.all([...welcome.sites.map((site) => site.language), ...large].map((language) => load(language)));
  const language = chosenAmong("room", large.length > 0 ? large : [welcome.language]);
  localStorage.setItem("hanmaru.language.own", language);
  if (spoken() !== language) await speak(language);
  fill();
  void devices.draw(); // its words, too
  const screen = ownSite(welcome);
  if (screen) document.documentElement.style.setProperty("--aspect", String(screen.width / screen.height));
  for (const id of ["clocks", "slate-clocks"]) byId(id, Clocks).show(welcome.sites, welcome.site);
  document.documentElement.dataset.far = farSite(welcome)?.language ?? "";
  draw();
}

/** @param {Levels} levels */
function showLevels(levels) {
  const level = levels.sites[line?.welcome?.site ?? ""] ?? null;
  byId("level", Level).show(level);
  byId("own-level", Level).show(level);
}

async function begin() {
  byId("gear", HTMLButtonElement).append(icon("gear"));
  await speak(localStorage.getItem("hanmaru.language.own") ?? browserLanguage());
  fill();
  const arrival = await arrive("room");
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
      return outgoing();
    },
    on: {
      welcome: (welcome) => void meet(welcome),
      changed: draw,
      levels: showLevels,
      stream: (stream) => {
        remote.srcObject = stream;
        pictureEpoch = -1;
        void play();
      },
    },
  });
  devices.offer(capture, ["camera", "microphone", "loudspeaker"], async (id) => remote.setSinkId?.(id));
  byId("test", HTMLAnchorElement).href = `/loopback?seat=${encodeURIComponent(arrival.seat)}`;
  line.open();
  setInterval(draw, LOOK_MS);
  await settled;
  await devices.restore();
}

tap.onclick = () => {
  if (line?.link === "taken") line.session.takeOver();
  else if (line?.link === "replaced") location.reload();
  else void play();
};
byId("gear", HTMLButtonElement).onclick = () => {
  void devices.draw();
  chooser.showModal();
};
byId("swap", HTMLButtonElement).onclick = () => {
  const welcome = line?.welcome;
  const other = largeLanguages(welcome ?? null).find((language) => language !== spoken());
  if (!welcome || other === undefined) return;
  choose("room", other);
  void meet(welcome);
};
byId("done", HTMLButtonElement).onclick = () => chooser.close();
window.addEventListener("pagehide", () => line?.close());

onFirstTouch(() => document.documentElement.requestFullscreen?.().catch(() => undefined));
hideIdlePointer();
keepAwake();
moveAgainstBurnIn();
draw();
void begin();
