// @ts-check
/** Puts the interpreter's console on the page: direction, who hears you, the big key, the incoming voices, the lamps. */

import { byId, make, mark, setState } from "./dom.js";
import { Clocks } from "./elements/clocks.js";
import { Hold } from "./elements/hold.js";
import { LampSign } from "./elements/lamp.js";
import { Level, levelWord } from "./elements/level.js";
import { Thumbnail } from "./elements/thumbnail.js";
import { icon } from "./icons.js";
import { airOf, hearsOf, roomPicture, voiceTrouble } from "./interpreter-scene.js";
import { WAYS } from "./way.js";
import { named, put, say, tongue } from "./words.js";

/** @import { Booth, Levels, Names, Welcome } from "./wire.js" */
/** @import { ConsoleFacts } from "./interpreter-scene.js" */
/** @import { Problem } from "./capture.js" */
/** @import { RoomThumbnails } from "./room-thumbnails.js" */

/** @typedef {{card: HTMLElement, word: HTMLElement, level: Level}} Voice */
/** @type {Map<string, Voice>} */
const voices = new Map();

/** @type {Map<string, Thumbnail>} */
const pictures = new Map();

/** @type {Record<Problem, string>} */
const TROUBLE = { denied: "notice.microphone_denied", missing: "notice.microphone_missing", busy: "notice.microphone_busy" };

/** @param {string} id */
function part(id) {
  return byId(id, HTMLElement);
}

/** @param {Element} element @param {Names} names */
function putName(element, names) {
  const { text, lang } = named(names);
  put(element, text, lang);
}

/** What does not change while the seat is held. @param {Welcome} welcome */
export function drawPlace(welcome) {
  if (welcome.place) {
    putName(part("place"), welcome.place.name);
    putName(part("company"), welcome.place.company);
    putName(part("product"), welcome.place.product);
  }
  byId("clocks", Clocks).show(welcome.sites, welcome.sites[0]?.id ?? null);
  part("arrow").replaceChildren(icon("arrow"));

  voices.clear();
  part("voices").replaceChildren(
    ...welcome.sites.map((site) => {
      const name = make("h3");
      putName(name, site.name);
      const word = make("span", "word");
      const level = /** @type {Level} */ (document.createElement("hm-level"));
      level.setAttribute("aria-label", named(site.name).text);
      const card = make("div", "voice", make("p", "", name, word), level);
      voices.set(site.id, { card, word, level });
      return card;
    }),
  );

  pictures.clear();
  for (const { id } of welcome.sites) pictures.set(id, /** @type {Thumbnail} */ (document.createElement("hm-thumbnail")));
  part("pictures").replaceChildren(...pictures.values());

  part("people").replaceChildren(
    ...welcome.sites.flatMap((site) => {
      const term = make("dt");
      putName(term, site.name);
      const who = make("dd");
      putName(who, site.people);
      return [term, who];
    }),
  );
}

/**
 * @param {Levels | null} levels null: the line is cut, nobody knows
 * @param {Booth | null} booth
 */
export function drawLevels(levels, booth) {
  for (const [site, { card, word, level }] of voices) {
    const value = levels?.sites[site] ?? null;
    level.show(value);
    const trouble = booth && levels ? voiceTrouble(booth, site) : null;
    const key = trouble ?? levelWord(value);
    put(word, say(key));
    const wanting = (trouble !== null && trouble !== "interpreter.site_absent") || key === "level.loud";
    mark(card, "attention", wanting);
  }
}

/**
 * @param {{watching: boolean, link: ConsoleFacts["link"], booth: Booth, welcome: Welcome}} facts
 * @param {RoomThumbnails | null} thumbnails
 */
export function drawRooms(facts, thumbnails) {
  const { watching, welcome } = facts;
  part("show-rooms").setAttribute("aria-checked", String(watching));
  put(part("rooms-state"), say(watching ? "thumbnail.on" : "thumbnail.off"));
  mark(part("pictures"), "watching", watching);
  for (const { id, name } of welcome.sites) {
    const newest = thumbnails?.newest(id) ?? null;
    const { picture, key, n } = roomPicture(facts, id, newest?.ageS ?? null);
    const alt = say("thumbnail.alt", { site: named(name).text });
    pictures.get(id)?.show({ name: named(name), alt, url: picture ? (newest?.url ?? null) : null, word: key === null ? "" : say(key, { n }) });
  }
}

/**
 * @param {ConsoleFacts} facts
 * @param {Problem | null} problem of the microphone
 * @param {boolean} letters whether the letter keys count
 */
export function drawBooth(facts, problem, letters) {
  const { welcome, booth } = facts;
  const me = booth.interpreters[welcome.person ?? ""];
  if (me === undefined) return;
  const site = (/** @type {string} */ id) => welcome.sites.find((each) => each.id === id);
  const city = (/** @type {string} */ id) => named(site(id)?.name ?? {}).text;

  for (const end of /** @type {const} */ (["from", "to"])) {
    const language = site(me[end])?.language ?? "en";
    put(part(end), tongue(language), language);
  }
  drawHears(facts, city);
  drawAir(facts);

  const proposal = part("proposal");
  proposal.hidden = booth.proposal === null;
  if (booth.proposal !== null) {
    const language = tongue(site(booth.proposal.to)?.language ?? "en");
    put(part("proposal-words"), say("interpreter.proposal", { site: city(booth.proposal.from), language }));
  }
  byId("cough", Hold).button.disabled = !me.on_air;
  mark(document.documentElement, "no-letters", !letters);
  drawLamps(facts, city);
  if (facts.link === "lost" || facts.media === "silent") {
    drawLevels(null, null);
    byId("my-level", Level).show(null);
  }
  drawColleagues(welcome, booth);
  put(part("device-trouble"), problem === null ? "" : say(TROUBLE[problem]));
}

/** @param {ConsoleFacts} facts @param {(id: string) => string} city */
function drawHears(facts, city) {
  const sentences = hearsOf(facts).map(({ key, sites, strong }) => ({
    strong,
    text: say(key, { site: city(sites[0] ?? ""), a: city(sites[0] ?? ""), b: city(sites[1] ?? "") }),
  }));
  const line = part("hears");
  const whole = JSON.stringify(sentences);
  if (line.dataset.text === whole) return;
  line.dataset.text = whole;
  line.replaceChildren(...sentences.flatMap(({ text, strong }) => [make("span", strong ? "strong" : "", text), " "]));
}

/** @param {ConsoleFacts} facts */
function drawAir(facts) {
  const shown = airOf(facts);
  const name = named(facts.welcome.interpreters.find(({ id }) => id === shown.person)?.name ?? {}).text;
  const button = part("air");
  setState(button, shown.state);
  button.setAttribute("aria-disabled", String(!shown.can));
  put(part("air-head"), say(shown.head, { name, n: Math.floor(facts.coughS ?? 0) + 1 }));
  put(part("air-hint"), say(shown.hint));
}

/** @param {ConsoleFacts} facts @param {(id: string) => string} city */
function drawLamps({ link, media, way, welcome, booth }, city) {
  const line = byId("line-lamp", LampSign);
  if (link === "lost" || media === "silent") line.show("attention", say("interpreter.line_lost"));
  else if (media === "flowing") line.show("ready", say(way && way !== "direct" ? WAYS[way] : "interpreter.line_good"));
  else line.show("unknown", say("interpreter.line_connecting"));

  const missing = welcome.sites.filter(({ id }) => booth.sites[id]?.media !== "connected");
  const audience = byId("audience-lamp", LampSign);
  if (link === "lost" || media === "silent") audience.show("unknown", say("interpreter.audience_unknown"));
  else if (missing.length === 0) audience.show("ready", say("interpreter.audience_here"));
  else
    audience.show(
      booth.phase === "live" ? "attention" : "absent",
      missing.map(({ id }) => say("interpreter.audience_missing", { site: city(id) })).join("  "),
    );

  const phase = byId("phase-lamp", LampSign);
  /** @type {Record<Booth["phase"], string>} */
  const words = { empty: "phase.empty", waiting: "interpreter.phase_waiting", ready: "phase.ready", live: "phase.live", paused: "phase.paused", ended: "phase.ended" };
  phase.show(booth.phase === "live" ? "ready" : "unknown", say(words[booth.phase]));
}

/** @param {Welcome} welcome @param {Booth} booth */
function drawColleagues(welcome, booth) {
  const others = welcome.interpreters.filter(({ id }) => id !== welcome.person);
  part("colleague-name").hidden = others.length === 0;
  const shown = others.map(({ id, name }) => {
    const state = booth.interpreters[id];
    const key = !state?.present
      ? "interpreter.not_here"
      : state.media === "lost"
        ? "interpreter.cut_off"
        : state.on_air
          ? "interpreter.on_air"
          : "interpreter.standing_by";
    return { ...named(name), word: say(key) };
  });
  const list = part("colleagues");
  const whole = JSON.stringify(shown);
  if (list.dataset.text === whole) return;
  list.dataset.text = whole;
  list.replaceChildren(
    ...shown.map(({ text, lang, word }) => {
      const name = make("span", "name", text);
      name.lang = lang;
      return make("li", "", name, make("span", "word", word));
    }),
  );
}
