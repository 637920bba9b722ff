// @ts-check
/** Puts a scene on the big screen: the far room with its furniture, or the slate with its one sentence in both languages. */

import { byId, make, mark, setState } from "./dom.js";
import { FloorLine } from "./elements/floor-line.js";
import { TurnLamp } from "./elements/turn-lamp.js";
import { icon } from "./icons.js";
import { farSite, largeLanguages, ownSite, smallLanguage } from "./room-scene.js";
import { autonym, isLoaded, named, put, say, spoken } from "./words.js";

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
  mark(part("remote"), "fit", scene.framing === "fit");
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
  const second = small(welcome);
  byId("lamp", TurnLamp).show(scene.lamp, otherOwn(welcome));
  const far = farSite(welcome);
  if (far !== null) {
    putName(part("names-own"), far.people, spoken());
    const short = performance.now() - liveSince > NAMES_WHOLE_MS;
    part("names-far").hidden = second === null || far.people[second] === undefined || short;
    mark(part("names"), "short", short);
    if (second !== null && far.people[second] !== undefined) putName(part("names-far"), far.people, second);
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
 * Lines of a headline break between sentences first; in Chinese between their parts.
 * @param {HTMLElement} element
 * @param {string} text
 */
function putSentences(element, text) {
  if (element.dataset.text === text) return;
  element.dataset.text = text;
  element.lang = spoken();
  const gap = (/** @type {string} */ sentence) => (/[，。]$/.test(sentence) ? "" : " "); // a full-width mark brings its own
  element.replaceChildren(...text.split(/(?<=\.) |(?<=[，。])/).flatMap((sentence) => [make("span", "", sentence), gap(sentence)]));
}

/**
 * The person stays whole; when room is short the company behind the comma is cut.
 * @param {HTMLElement} line
 * @param {Names} people
 * @param {string} language
 */
function putName(line, people, language) {
  const { text, lang } = named(people, language);
  if (line.dataset.text === text && line.lang === lang) return;
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
  const second = small(welcome);
  const other = otherOwn(welcome);
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
  part("swap").hidden = settling || !met || other === null;
  if (other !== null) put(part("swap"), autonym(other), other);
  part("frame").parentElement?.toggleAttribute("hidden", !met || scene.fed);
  if (!met || welcome === null || own === null || far === null) return;

  const title = named(welcome.event.title);
  const place = welcome.place ? named(welcome.place.name) : null;
  putParts(part("title"), [title, ...(place ? [place] : [])]);
  byId("floor", FloorLine).show(scene.own.end, scene.far.end, say(scene.own.end === "here" && scene.far.end === "here" ? "floor.joined" : "floor.apart"));
  for (const [side, site] of /** @type {const} */ ([["own", own], ["far", far]])) {
    const key = scene[side].word;
    putParts(part(`${side}-city`), inBoth(other, (language) => named(site.name, language)));
    putParts(part(`${side}-word`), inBoth(other, (language) => ({ text: say(key, {}, language), lang: language })));
    putParts(part(`${side}-people`), inBoth(side === "far" ? other : null, (language) => named(site.people, language)));
  }
  const product = welcome.place ? named(welcome.place.product) : { text: "", lang: spoken() };
  part("product").hidden = product.text === "" || scene.notices.length > 1;
  put(part("product"), product.text, product.lang);
  const notices = [...scene.notices, ...(scene.fed ? ["notice.equipment"] : []), ...(scene.way ? [scene.way] : [])];
  mark(part("notices"), "calm", notices.length === 1 && scene.way !== null);
  part("notices").hidden = notices.length === 0 || slate.head === "room.denied";
  putParts(part("notices"), notices.map((key) => ({ text: say(key), lang: spoken() })));
}

/** What is said in small, once its words are here. @param {Welcome | null} welcome */
function small(welcome) {
  const language = smallLanguage(welcome, spoken());
  return isLoaded(language) ? language : null;
}

/** The other of the site's own two languages, once its words are here; null for a site with one. @param {Welcome | null} welcome */
function otherOwn(welcome) {
  const other = largeLanguages(welcome).find((language) => language !== spoken()) ?? null;
  return isLoaded(other) ? other : null;
}

/**
 * A text in the large language, and in the other one where there is one and it says it differently.
 * @param {string | null} other
 * @param {(language: string) => {text: string, lang: string}} of
 */
function inBoth(other, of) {
  const large = of(spoken());
  const small = other === null ? large : of(other);
  return small.text === large.text ? [large] : [large, small];
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
