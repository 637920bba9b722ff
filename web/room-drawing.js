// @ts-check
/** Puts a scene on the big screen: the far room with its furniture, or the slate with its one sentence in both languages. */

import { byId, make, mark, setState } from "./dom.js";
import { FloorLine } from "./elements/floor-line.js";
import { TurnLamp } from "./elements/turn-lamp.js";
import { icon } from "./icons.js";
import { farSite, ownSite } from "./room-scene.js";
import { named, put, say, spoken } from "./words.js";

/** @import { Scene, Slate } from "./room-scene.js" */
/** @import { Names, Welcome } from "./wire.js" */

const NAMES_WHOLE_MS = 20_000; // who they are is read once; then one line is enough

let liveSince = 0;

/** @param {string} id */
function part(id) {
  return byId(id, HTMLElement);
}

/**
 * @param {Scene} scene
 * @param {Welcome | null} welcome
 */
export function drawScene(scene, welcome) {
  const live = scene.slate === null;
  if (live && liveSince === 0) liveSince = performance.now();
  if (!live) liveSince = 0;
  mark(document.documentElement, "live", live);
  part("slate").inert = live;
  part("furniture").hidden = !scene.talking;
  mark(document.documentElement, "talking", scene.talking && !live);
  drawFurniture(scene, welcome);
  if (scene.slate !== null) drawSlate(scene.slate, scene, welcome);
  else part("tap").hidden = true;
}

/**
 * @param {Scene} scene
 * @param {Welcome | null} welcome
 */
function drawFurniture(scene, welcome) {
  byId("lamp", TurnLamp).show(scene.lamp);
  const far = farSite(welcome);
  if (far !== null) {
    putName(part("names-own"), far.people, spoken());
    const theirs = far.people[far.language];
    part("names-far").hidden = far.language === spoken() || theirs === undefined || performance.now() - liveSince > NAMES_WHOLE_MS;
    mark(part("names"), "short", performance.now() - liveSince > NAMES_WHOLE_MS);
    if (theirs !== undefined) putName(part("names-far"), far.people, far.language);
  }
  const sign = scene.microphone ? "microphone" : "microphone_off";
  if (setState(part("own-sign"), sign)) part("own-sign").replaceChildren(icon(sign));
  part("own-level").hidden = !scene.microphone;
  put(part("own-notice"), scene.notices.map((key) => say(key)).join("  "));
  mark(part("own"), "attention", scene.notices.length > 0);
  fitNames(`${scene.lamp} ${window.innerWidth} ${part("furniture").hidden}`);
}

/**
 * When the plate is too narrow for the longest names the company goes, then the second language; the person never.
 * @param {string} room what the width depends on besides the names
 */
function fitNames(room) {
  const names = part("names");
  const key = `${room} ${part("names-own").dataset.text} ${names.className.includes("short")}`;
  if (names.dataset.fitted === key) return;
  names.dataset.fitted = key;
  names.classList.remove("tight");
  const cut = [...names.children].some((line) => line.scrollWidth > line.clientWidth + 1);
  mark(names, "tight", cut);
}

/**
 * Lines of a headline break between sentences first.
 * @param {HTMLElement} element
 * @param {string} text
 */
function putSentences(element, text) {
  if (element.dataset.text === text) return;
  element.dataset.text = text;
  element.lang = spoken();
  element.replaceChildren(...text.split(/(?<=\.) /).flatMap((sentence) => [make("span", "", sentence), " "]));
}

/**
 * The person stays whole; when room is short the company behind the comma is cut.
 * @param {HTMLElement} line
 * @param {Names} people
 * @param {string} language
 */
function putName(line, people, language) {
  const { text, lang } = named(people, language);
  if (line.dataset.text === text) return;
  line.dataset.text = text;
  line.lang = lang;
  const comma = text.indexOf(", ");
  line.replaceChildren(make("span", "person", comma < 0 ? text : text.slice(0, comma)), ...(comma < 0 ? [] : [make("span", "company", text.slice(comma + 2))]));
}

/**
 * @param {Slate} slate
 * @param {Scene} scene
 * @param {Welcome | null} welcome
 */
function drawSlate(slate, scene, welcome) {
  const own = ownSite(welcome);
  const far = farSite(welcome);
  const second = far && far.language !== spoken() ? far.language : null;
  putSentences(part("head"), say(slate.head));
  part("second").hidden = second === null;
  if (second !== null) put(part("second"), say(slate.head, {}, second), second);
  part("advice").hidden = slate.advice === null;
  if (slate.advice !== null) put(part("advice"), say(slate.advice));
  part("tap").hidden = slate.tap === null;
  if (slate.tap !== null) part("tap").setAttribute("aria-label", say(slate.head));

  const met = own !== null && far !== null && scene.state !== "error" && slate.tap !== "take_over";
  for (const id of ["floor", "ends", "meeting"]) part(id).hidden = !met;
  const settling = slate.head === "room.joining" || slate.head === "room.lost" || slate.tap !== null;
  part("gear").hidden = settling || !met;
  part("frame").parentElement?.toggleAttribute("hidden", !met);
  if (!met || welcome === null || own === null || far === null) return;

  const title = named(welcome.event.title);
  const place = welcome.place ? named(welcome.place.name) : null;
  putParts(part("title"), [title, ...(place ? [place] : [])]);
  byId("floor", FloorLine).show(scene.own.end, scene.far.end, say(scene.own.end === "here" && scene.far.end === "here" ? "floor.joined" : "floor.apart"));
  for (const [side, site] of /** @type {const} */ ([["own", own], ["far", far]])) {
    const city = named(site.name);
    put(part(`${side}-city`), city.text, city.lang);
    put(part(`${side}-word`), say(scene[side].word));
    const people = named(site.people);
    put(part(`${side}-people`), people.text, people.lang);
  }
  const product = welcome.place ? named(welcome.place.product) : { text: "", lang: spoken() };
  part("product").hidden = product.text === "" || scene.notices.length > 1;
  put(part("product"), product.text, product.lang);
  part("notices").hidden = scene.notices.length === 0 || slate.head === "room.denied";
  putParts(part("notices"), scene.notices.map((key) => ({ text: say(key), lang: spoken() })));
}

/**
 * Facts side by side, separated by a gap and nothing else.
 * @param {HTMLElement} element
 * @param {{text: string, lang: string}[]} parts
 */
function putParts(element, parts) {
  const whole = JSON.stringify(parts);
  if (element.dataset.text === whole) return;
  element.dataset.text = whole;
  element.replaceChildren(
    ...parts.map(({ text, lang }) => {
      const span = make("span", "", text);
      span.lang = lang;
      return span;
    }),
  );
}
