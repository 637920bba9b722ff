// @ts-check
/** The booth operator's page: wires the line to big buttons and plain sentences. */

import { arrive } from "./arrival.js";
import { byId, make, mark, setState } from "./dom.js";
import { Choice } from "./elements/choice.js";
import { Clocks } from "./elements/clocks.js";
import { Fader } from "./elements/fader.js";
import { FloorLine } from "./elements/floor-line.js";
import { LampSign } from "./elements/lamp.js";
import { levelWord } from "./elements/level.js";
import { Twice } from "./elements/twice.js";
import { drawGate } from "./gate.js";
import { icon } from "./icons.js";
import { Line } from "./line.js";
import { lineOf, stepOf, tellingOf } from "./operator-scene.js";
import { languageFor, offerPreferences } from "./preferences.js";
import { Refusal } from "./seat.js";
import { refusalWord } from "./refusals.js";
import { keepAwake } from "./screen.js";
import { load, named, put, say, speak } from "./words.js";

/** @import { Booth, ClientMessage, Levels, Welcome } from "./wire.js" */
/** @import { IconName } from "./icons.js" */
/** @import { Row } from "./operator-scene.js" */

const LOUDEST = 8; // the step that means 0 dB; 3 dB a step, never louder than +6
const STEP_DB = 3;
const SOUND_HOLD_MS = 4000; // a pause between two sentences is not a fault
const DONE_MS = 3000;

const end = byId("end", Twice);
const framing = byId("framing", Choice);
const mode = byId("mode", Choice);
const volume = byId("volume", Fader);
const said = byId("said", HTMLElement);

/** @type {Line | null} */
let line = null;
/** @type {import("./arrival.js").Refused | null} */
let refusal = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let doneTimer;
/** @type {Map<string, LampSign>} */
const rows = new Map();
/** @type {Map<string, {level: number | null, at: number}>} the loudest of the last seconds at each site */
const sounds = new Map();

function ids() {
  const { welcome = null } = line ?? {};
  const own = welcome?.site ?? "";
  return { own, far: welcome?.sites.find(({ id }) => id !== own)?.id ?? "" };
}

function ownState() {
  return line?.booth?.sites[ids().own];
}

/** @param {ClientMessage} message */
async function command(message) {
  clearTimeout(doneTimer);
  said.classList.remove("refused");
  put(said, say("operator.hold_on"));
  try {
    await line?.session.command(message);
    put(said, say("operator.done"));
    doneTimer = setTimeout(() => put(said, ""), DONE_MS);
  } catch (error) {
    said.classList.add("refused");
    put(said, say(refusalWord(error instanceof Refusal ? error.code : "")));
  }
  draw();
}

/** @param {Record<string, unknown>} settings */
function set(settings) {
  void command({ type: "set", site: ids().own, ...settings });
}

/**
 * A switch that says what is and what a press does.
 * @param {string} id
 * @param {boolean} off
 * @param {{on: [IconName, string], off: [IconName, string]}} faces
 */
function drawSwitch(id, off, faces) {
  const button = byId(id, HTMLButtonElement);
  const [sign, key] = off ? faces.off : faces.on;
  mark(button, "off", off);
  const title = make("span", "title");
  put(title, say(key));
  const hint = make("span", "hint");
  put(hint, say(off ? "operator.press_on" : "operator.press_off"));
  const words = make("span", "words", title, hint);
  if (!setState(button, `${sign} ${title.textContent}`)) return;
  button.replaceChildren(icon(sign), words);
}

function draw() {
  const { welcome = null, booth = null, link = "idle" } = line ?? {};
  setState(document.documentElement, pageState());
  drawGate(link, refusal);
  if (welcome === null || booth === null) return;
  const { own, far } = ids();
  const telling = tellingOf(link, booth, own, far, line?.waiting ?? null);
  put(byId("phase", HTMLElement), say(telling.phase));
  put(byId("advice", HTMLElement), say(telling.advice));
  mark(byId("state", HTMLElement), "attention", telling.attention);
  const here = (/** @type {string} */ site) => booth.sites[site]?.media === "connected";
  const lost = (/** @type {string} */ site) => booth.sites[site]?.media === "lost" || (booth.phase === "live" && !here(site));
  const endOf = (/** @type {string} */ site) => (here(site) ? "here" : lost(site) ? "lost" : "absent");
  byId("floor", FloorLine).show(endOf(own), endOf(far), say(here(own) && here(far) ? "floor.joined" : "floor.apart"));

  const open = link === "open";
  const step = stepOf(booth.phase);
  const go = byId("go", HTMLButtonElement);
  put(byId("go-title", HTMLElement), say(step.title));
  put(byId("go-hint", HTMLElement), say(step.hint));
  mark(go, "next", step.next && open);
  go.disabled = !step.can || !open;
  end.button.disabled = !(booth.phase === "live" || booth.phase === "paused") || !open;

  const state = booth.sites[own];
  drawSwitch("microphone", state?.muted ?? false, { on: ["microphone", "operator.microphone_on"], off: ["microphone_off", "operator.microphone_off"] });
  drawSwitch("camera", state?.camera_off ?? false, { on: ["camera", "operator.camera_on"], off: ["camera_off", "operator.camera_off"] });
  framing.show(state?.framing ?? "", open);
  mode.show(booth.mode, open);
  for (const id of ["microphone", "camera", "quieter", "louder"]) byId(id, HTMLButtonElement).disabled = !open;
  if (state && !volume.contains(document.activeElement)) volume.show(Math.round(state.volume_db / STEP_DB) + LOUDEST);
  drawList(welcome, booth);
}

function pageState() {
  const { booth = null, link = "idle" } = line ?? {};
  if (refusal !== null || link === "refused" || link === "revoked" || link === "replaced") return "error";
  if (link === "lost") return "reconnecting";
  if (booth === null) return "joining";
  if (booth.phase === "live") return "live";
  return booth.phase === "ended" ? "ended" : "waiting";
}

/** @param {string} site @returns {Row} */
function soundOf(site) {
  const state = line?.booth?.sites[site];
  if (!state?.present || state.media !== "connected") return { state: "absent", key: "level.none" };
  if (state.muted) return { state: "unknown", key: "operator.microphone_off" };
  const key = levelWord(sounds.get(site)?.level ?? null);
  return { state: key === "level.none" || key === "level.loud" ? "attention" : "ready", key };
}

/** @param {Welcome} welcome @param {Booth} booth */
function drawList(welcome, booth) {
  const { own, far } = ids();
  rows.get("own")?.show(...words(lineOf(booth.sites[own])));
  rows.get("far")?.show(...words(lineOf(booth.sites[far])));
  rows.get("own-sound")?.show(...words(soundOf(own)));
  rows.get("far-sound")?.show(...words(soundOf(far)));
  for (const { id } of welcome.interpreters) rows.get(id)?.show(...words(lineOf(booth.interpreters[id])));
}

/** @param {Row} row @returns {[Row["state"], string]} */
function words({ state, key }) {
  return [state, say(key)];
}

/** What does not change while the seat is held. @param {Welcome} welcome */
function drawPlace(welcome) {
  const { far } = ids();
  if (welcome.place) {
    for (const [id, names] of /** @type {const} */ ([["place", welcome.place.name], ["company", welcome.place.company]])) {
      const { text, lang } = named(names);
      put(byId(id, HTMLElement), text, lang);
    }
  }
  byId("clocks", Clocks).show(welcome.sites, welcome.site);
  for (const [id, site] of /** @type {const} */ ([["own-city", ids().own], ["far-city", far]])) {
    const { text, lang } = named(welcome.sites.find((each) => each.id === site)?.name ?? {});
    put(byId(id, HTMLElement), text, lang);
  }
  const farName = named(welcome.sites.find(({ id }) => id === far)?.name ?? {}).text;
  /** @type {[string, string][]} */
  const lines = [
    ["own", say("operator.our_screen")],
    ["far", say("operator.far_side", { site: farName })],
    ...welcome.interpreters.map(({ id, name }) => /** @type {[string, string]} */ ([id, say("operator.interpreter", { name: named(name).text })])),
    ["own-sound", say("operator.own_sound")],
    ["far-sound", say("operator.far_sound")],
  ];
  rows.clear();
  byId("list", HTMLElement).replaceChildren(
    ...lines.map(([id, text]) => {
      const lamp = /** @type {LampSign} */ (document.createElement("hm-lamp"));
      rows.set(id, lamp);
      const term = make("dt");
      put(term, text);
      return make("div", "", term, make("dd", "", lamp));
    }),
  );
  framing.offer([
    { value: "fill", key: "operator.fill", icon: "fill" },
    { value: "fit", key: "operator.fit", icon: "fit" },
  ]);
  mode.offer([
    { value: "liaison", key: "mode.liaison" },
    { value: "simultaneous", key: "mode.simultaneous" },
  ]);
  end.draw();
  volume.draw();
  draw();
}

/** @param {Levels} levels */
function hear(levels) {
  const now = performance.now();
  for (const [site, level] of Object.entries(levels.sites)) {
    const before = sounds.get(site);
    const louder = before === undefined || now - before.at > SOUND_HOLD_MS || (level ?? -Infinity) >= (before.level ?? -Infinity);
    if (louder) sounds.set(site, { level, at: now });
  }
  if (line?.welcome && line.booth) drawList(line.welcome, line.booth);
}

async function begin() {
  await speak(languageFor("operator", null));
  for (const [id, sign] of /** @type {const} */ ([["quieter", "minus"], ["louder", "plus"]])) byId(id, HTMLButtonElement).append(icon(sign));
  const arrival = await arrive("operator");
  if (arrival === "elsewhere") return;
  if (typeof arrival === "string") {
    refusal = arrival;
    draw();
    return;
  }
  line = new Line({
    seat: arrival.seat,
    tracks: async () => ({ audio: null, video: null }),
    on: {
      welcome: (welcome) => void meet(welcome),
      changed: draw,
      levels: hear,
      stream: () => undefined,
    },
  });
  line.open();
}

/** @param {Welcome} welcome */
async function meet(welcome) {
  await load(welcome.language);
  await speak(languageFor("operator", welcome.language));
  await offerPreferences({ page: "operator", into: byId("preferences", HTMLElement), theme: "day", sites: welcome.sites.filter(({ id }) => id === welcome.site), redraw: () => drawPlace(welcome) });
}

volume.wording = (value) => `${value} / 10`;
volume.addEventListener("level", () => set({ volume_db: (volume.value - LOUDEST) * STEP_DB }));
byId("quieter", HTMLButtonElement).onclick = () => volume.move(-1);
byId("louder", HTMLButtonElement).onclick = () => volume.move(1);
byId("go", HTMLButtonElement).onclick = () => line?.booth && void command({ type: stepOf(line.booth.phase).command });
end.addEventListener("confirm", () => void command({ type: "end" }));
byId("microphone", HTMLButtonElement).onclick = () => set({ muted: !ownState()?.muted });
byId("camera", HTMLButtonElement).onclick = () => set({ camera_off: !ownState()?.camera_off });
framing.addEventListener("pick", (event) => set({ framing: /** @type {CustomEvent<string>} */ (event).detail }));
mode.addEventListener("pick", (event) => void command({ type: "mode", mode: /** @type {CustomEvent<string>} */ (event).detail }));
byId("gate-act", HTMLButtonElement).onclick = () => {
  if (line?.link === "taken") line.session.takeOver();
  else location.reload();
};
window.addEventListener("pagehide", () => line?.close());
keepAwake();
void begin();
