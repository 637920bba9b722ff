// @ts-check
/** What a reader chose for a page on this computer: the language and, on consoles, light or dark. */

import { autonym, catalogueOf, fill, languages, put, say, speak, spoken } from "./words.js";
import { make } from "./dom.js";

/** @import { Site } from "./wire.js" */

/** @typedef {"night" | "day"} Theme */

/** @returns {string} the browser's own language, as far as it helps */
export function browserLanguage() {
  return catalogueOf(navigator.language || "en");
}

/**
 * The language for a page: chosen here before, else the participant's own, else the browser's.
 * @param {string} page
 * @param {string | null} own
 */
export function languageFor(page, own) {
  return localStorage.getItem(`hanmaru.language.${page}`) ?? own ?? browserLanguage();
}

/**
 * Remember a language for a page on this computer.
 * @param {string} page
 * @param {string} language
 */
export function choose(page, language) {
  localStorage.setItem(`hanmaru.language.${page}`, language);
}

/**
 * The one of these languages that was chosen for a page, else the first.
 * @param {string} page
 * @param {readonly string[]} offered
 */
export function chosenAmong(page, offered) {
  const chosen = localStorage.getItem(`hanmaru.language.${page}`);
  return offered.find((language) => language === chosen) ?? offered[0];
}

/**
 * The languages of these sites, each site's own before its second, then all others there are.
 * @param {readonly Site[]} sites
 * @param {readonly string[]} known
 */
export function sitesFirst(sites, known) {
  const spokenThere = sites.flatMap(({ language, second_language: second }) => (second === null ? [language] : [language, second]));
  return [...new Set([...spokenThere, ...known])].filter((language) => known.includes(language));
}

/**
 * A language choice and a light switch for the foot or head of a console page.
 * @param {object} options
 * @param {string} options.page
 * @param {HTMLElement} options.into
 * @param {Theme | null} options.theme the page's own theme, null for a page with one look
 * @param {readonly Site[]} [options.sites] whose languages stand first; a single site's two are one touch apart
 * @param {() => void} options.redraw
 */
export async function offerPreferences({ page, into, theme, redraw, sites = [] }) {
  const select = make("select", "language");
  const known = await languages();
  for (const language of sitesFirst(sites, known)) {
    const option = make("option");
    option.value = language;
    put(option, autonym(language), language);
    select.append(option);
  }
  select.value = spoken();
  const light = make("button", "quiet");
  light.type = "button";
  const swap = make("button", "swap");
  swap.type = "button";
  const pair = sites.length === 1 && sites[0].second_language !== null ? [sites[0].language, sites[0].second_language] : [];
  const other = () => pair.find((language) => language !== spoken()) ?? "";

  const draw = () => {
    select.setAttribute("aria-label", say("reader.language"));
    select.value = spoken();
    swap.hidden = pair.length === 0;
    if (pair.length > 0) put(swap, autonym(other()), other());
    put(light, say(document.documentElement.dataset.theme === "night" ? "reader.theme_day" : "reader.theme_night"));
    fill();
    redraw();
  };
  /** @param {string} language */
  const change = async (language) => {
    choose(page, language);
    await speak(language);
    draw();
  };
  select.onchange = () => void change(select.value);
  swap.onclick = () => void change(other());
  light.onclick = () => {
    const look = document.documentElement.dataset.theme === "night" ? "day" : "night";
    localStorage.setItem(`hanmaru.theme.${page}`, look);
    document.documentElement.dataset.theme = look;
    draw();
  };
  if (theme !== null) document.documentElement.dataset.theme = localStorage.getItem(`hanmaru.theme.${page}`) ?? theme;
  into.replaceChildren(...(theme === null ? [] : [light]), swap, select);
  draw();
  return draw;
}

