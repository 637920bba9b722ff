// @ts-check
/** Every sentence a page says: catalogues by language, names by language, and text put into the page with its `lang`. */

/** @import { Names } from "./wire.js" */
/** @typedef {Record<string, string>} Catalogue */
/** @typedef {Record<string, string | number>} Values */

const LAST_RESORT = "en";

/** @type {Readonly<Record<string, string>>} */
const FONTS = { "zh-Hant": "fonts/noto-sans-hk/index.css" };

/** @type {Map<string, Catalogue>} */
const catalogues = new Map();
let current = LAST_RESORT;

/**
 * @template T
 * @param {string} path
 * @returns {Promise<T | null>}
 */
async function fetchJson(path) {
  const response = await fetch(new URL(path, import.meta.url));
  return response.ok ? response.json() : null;
}

/**
 * Bring the font of a language whose letters the common one lacks; the browser fetches the slices that a page shows.
 * @param {string} language
 */
function addFont(language) {
  const path = FONTS[language];
  if (path === undefined) return;
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = new URL(path, import.meta.url).href;
  document.head.append(sheet);
}

/** The languages with a catalogue. @returns {Promise<string[]>} */
export async function languages() {
  return (await fetchJson("words/languages.json")) ?? [LAST_RESORT];
}

/**
 * Fetch the catalogue of a language, or the last resort in its place.
 * @param {string} language
 */
export async function load(language) {
  if (catalogues.has(language)) return;
  const known = await languages();
  const catalogue = known.includes(language) ? await fetchJson(`words/${language}.json`) : null;
  if (catalogue !== null) {
    catalogues.set(language, /** @type {Catalogue} */ (catalogue));
    addFont(language);
  } else if (language !== LAST_RESORT) await load(LAST_RESORT);
}

/**
 * Speak this language from now on.
 * @param {string} language
 */
export async function speak(language) {
  await load(language);
  current = catalogues.has(language) ? language : LAST_RESORT;
  document.documentElement.lang = current;
}

export function spoken() {
  return current;
}

/** Whether the catalogue of a language is here. @param {string | null} language */
export function isLoaded(language) {
  return language !== null && catalogues.has(language);
}

/**
 * The sentence of `key`; an unknown key shows as itself, so that it is noticed.
 * @param {string} key
 * @param {Values} [values]
 * @param {string} [language]
 */
export function say(key, values = {}, language = current) {
  const catalogue = catalogues.get(language) ?? catalogues.get(LAST_RESORT) ?? {};
  const sentence = catalogue[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * A name in the reader's language, else in English, else in any.
 * @param {Names} names
 * @param {string} [language]
 * @returns {{text: string, lang: string}}
 */
export function named(names, language = current) {
  for (const lang of [language, LAST_RESORT, ...Object.keys(names)]) {
    const text = names[lang];
    if (text) return { text, lang };
  }
  return { text: "", lang: language };
}

/**
 * A language by its own name: 한국어, Tiếng Việt, English, 繁體中文.
 * @param {string} language
 */
export function autonym(language) {
  const name = new Intl.DisplayNames([language], { type: "language" }).of(language) ?? language;
  return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
}

/**
 * What is spoken, by its own name: an interpreter speaks a language, whichever script its readers use.
 * @param {string} language
 */
export function tongue(language) {
  return autonym(language.split("-")[0]);
}

/**
 * The catalogue for a browser's language tag: Chinese of any place is read best in the one Chinese catalogue there is.
 * @param {string} tag BCP 47, such as zh-HK, ko-KR
 */
export function catalogueOf(tag) {
  const [language] = tag.split("-");
  return language === "zh" || language === "yue" ? "zh-Hant" : language;
}

/**
 * Put text into an element, saying in which language it is.
 * @param {Element} element
 * @param {string} text
 * @param {string} [language]
 */
export function put(element, text, language = current) {
  if (element.textContent !== text) element.textContent = text;
  if (element.getAttribute("lang") !== language) element.setAttribute("lang", language);
}

/**
 * Fill every `data-word` and `data-word-label` below an element from the catalogue.
 * @param {ParentNode} [root]
 */
export function fill(root = document) {
  for (const element of root.querySelectorAll("[data-word]")) put(element, say(element.getAttribute("data-word") ?? ""));
  for (const element of root.querySelectorAll("[data-word-label]"))
    element.setAttribute("aria-label", say(element.getAttribute("data-word-label") ?? ""));
}
