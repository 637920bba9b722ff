// @ts-check
/** The loopback page: one button, a verdict to be seen across the room, and the cure in a sentence. */

import { arrive } from "./arrival.js";
import { Capture } from "./capture.js";
import { curesOf, judge, nothing } from "./checks.js";
import { byId, make, mark, setState } from "./dom.js";
import { Clocks } from "./elements/clocks.js";
import { Devices } from "./elements/devices.js";
import { drawGate } from "./gate.js";
import { icon } from "./icons.js";
import { LoopbackRun } from "./loopback-run.js";
import { languageFor, offerPreferences } from "./preferences.js";
import { named, put, say, speak } from "./words.js";

/** @import { Row } from "./checks.js" */
/** @import { Welcome } from "./wire.js" */
/** @import { Arrival } from "./arrival.js" */

const CURES_SHOWN = 3; // the first faults cause the others
const ROLES = new Set(["room", "interpreter"]); // whose page one comes from and goes back to

const rows = byId("rows", HTMLElement);
const run = byId("run", HTMLButtonElement);

/** @type {Arrival | null} */
let arrival = null;
/** @type {Welcome | null} */
let welcome = null;
/** @type {Row[] | null} */
let results = null;
let running = false;
/** @type {import("./arrival.js").Refused | null} */
let refusal = null;
/** @type {import("./wire.js").LinkState} */
let link = "idle";

function draw() {
  const verdict = results === null ? null : results.every((row) => row.verdict === "pass") ? "pass" : "fail";
  const root = document.documentElement;
  setState(root, refusal !== null || link === "refused" ? "error" : running ? "joining" : results === null ? "waiting" : "ended");
  root.dataset.verdict = verdict ?? "";
  drawGate(link === "refused" ? link : "idle", refusal);
  drawVerdict(verdict);
  drawPlace();
  drawRows(results ?? []);
  put(run, say(results === null ? "test.start" : "test.again"));
  run.disabled = running;
  byId("pictures", HTMLElement).hidden = verdict !== null || !running || !capture.kinds.includes("video");
  byId("devices", HTMLElement).hidden = running;
  const back = byId("back", HTMLAnchorElement);
  back.hidden = running || arrival === null || !ROLES.has(arrival.role);
}

/** @param {"pass" | "fail" | null} verdict */
function drawVerdict(verdict) {
  const sign = byId("sign", HTMLElement);
  const face = verdict === "pass" ? "tick" : verdict === "fail" ? "fault" : "";
  if (setState(sign, face)) sign.replaceChildren(...(face === "" ? [] : [icon(face)]), ...(face === "fault" ? [icon("cross")] : []));
  const total = results?.length ?? 0;
  const good = results?.filter((row) => row.verdict === "pass").length ?? 0;
  mark(byId("big", HTMLElement), "empty", verdict === null);
  if (verdict === null) {
    put(byId("word", HTMLElement), "");
    put(byId("count", HTMLElement), say(running ? "test.running" : "test.before"));
    drawCures([running ? "test.running_advice" : "test.before_advice"]);
    return;
  }
  put(byId("word", HTMLElement), say(verdict === "pass" ? "test.pass" : "test.fail"));
  put(byId("count", HTMLElement), verdict === "pass" ? say("test.count_pass", { total }) : say("test.count_fail", { total, good }));
  if (verdict === "pass") drawCures(["test.all_good"]);
  else {
    const refused = capture.kinds.some((kind) => capture.problems[kind] !== null);
    const cures = curesOf(results ?? []).filter((key) => !refused || (key !== "cure.camera_size" && key !== "cure.microphone"));
    drawCures([...(refused ? ["cure.devices"] : []), ...cures].slice(0, CURES_SHOWN));
  }
}

/** @param {string[]} keys */
function drawCures(keys) {
  byId("cures", HTMLElement).replaceChildren(
    ...keys.map((key) => {
      const line = make("p");
      put(line, say(key));
      return line;
    }),
  );
}

/** @param {Row[]} shown */
function drawRows(shown) {
  const wanted = { width: welcome?.media.width ?? 1280, height: welcome?.media.height ?? 1024, video: capture.kinds.includes("video") };
  const planned = shown.length > 0 ? shown : judge(nothing(), wanted);
  rows.replaceChildren(
    ...planned.map((row) => {
      const item = make("th");
      item.scope = "row";
      put(item, say(row.id));
      const measured = make("td", "number", shown.length === 0 ? "" : row.word ? say(row.word) : row.measured);
      const limit = make("td", "number limit", row.limit);
      const result = make("td", "result");
      if (shown.length > 0) {
        const word = make("span");
        put(word, say(row.verdict === "pass" ? "test.row_pass" : row.verdict === "fail" ? "test.row_fail" : "test.row_skip"));
        result.append(icon(row.verdict === "pass" ? "tick_bare" : row.verdict === "fail" ? "cross" : "absent"), word);
      }
      const line = make("tr", shown.length > 0 ? row.verdict : "", item, measured, limit, result);
      line.dataset.check = row.id;
      return line;
    }),
  );
}

function drawPlace() {
  if (welcome === null) return;
  byId("clocks", Clocks).show(welcome.sites, welcome.site);
  const own = welcome.sites.find(({ id }) => id === welcome?.site);
  const names = [welcome.place?.name, own?.name].flatMap((each) => (each ? [named(each)] : []));
  byId("place", HTMLElement).replaceChildren(
    ...names.map(({ text, lang }) => {
      const span = make("span", "", text);
      span.lang = lang;
      return span;
    }),
  );
}

const devices = byId("devices", Devices);
const preview = byId("self", HTMLVideoElement);
/** @type {Capture} */
let capture = new Capture({ kinds: [], page: "room", changed: () => undefined, news: () => undefined });

/** @param {string} role */
function prepareDevices(role) {
  const room = role !== "interpreter";
  capture = new Capture({
    kinds: room ? ["audio", "video"] : ["audio"],
    page: room ? "room" : "interpreter", // the devices of the real page are what is tested
    changed: (kind, track) => {
      if (kind === "video") preview.srcObject = track && new MediaStream([track]);
    },
    news: () => void devices.draw(),
  });
  devices.offer(capture, room ? ["camera", "microphone"] : ["microphone"], async () => undefined);
}

async function test() {
  if (arrival === null || running) return;
  running = true;
  results = null;
  draw();
  const one = new LoopbackRun({
    seat: arrival.seat,
    capture,
    video: byId("remote", HTMLVideoElement),
    met: (given) => {
      welcome = given;
      draw();
    },
    link: (state) => {
      link = state;
      if (state === "refused") draw();
    },
  });
  try {
    const { seen, wanted } = await one.run();
    results = judge(seen, wanted);
  } finally {
    running = false;
    capture.close();
    await devices.draw();
    draw();
  }
}

async function begin() {
  await speak(languageFor("loopback", null));
  const entered = await arrive("loopback");
  if (entered === "elsewhere") return;
  if (typeof entered === "string") refusal = entered;
  else {
    arrival = entered;
    prepareDevices(entered.role);
    byId("back", HTMLAnchorElement).href = `/${entered.role}?seat=${encodeURIComponent(entered.seat)}`;
    await speak(languageFor("loopback", entered.language ?? localStorage.getItem("hanmaru.language.own")));
  }
  await offerPreferences({ page: "loopback", into: byId("preferences", HTMLElement), theme: null, redraw: draw });
}

run.onclick = () => void test();
void begin();
