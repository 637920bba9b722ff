// @ts-check
/** What a reader chose for a page on this computer: the language and, on consoles, light or dark. */

import { autonym, fill, languages, load, put, say, speak, spoken } from "./words.js";
import { make } from "./dom.js";

/** @typedef {"night" | "day"} Theme */

/** @returns {string} the browser's own language, as far as it helps */
export function browserLanguage() {
  return (navigator.language ?? "en").split("-")[0];
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
 * A language choice and a light switch for the foot or head of a console page.
 * @param {object} options
 * @param {string} options.page
 * @param {HTMLElement} options.into
 * @param {Theme | null} options.theme the page's own theme, null for a page with one look
 * @param {() => void} options.redraw
 */
export async function offerPreferences({ page, into, theme, redraw }) {
  const select = make("select", "language");
  for (const language of await languages()) {
    const option = make("option");
    option.value = language;
    put(option, autonym(language), language);
    select.append(option);
  }
  select.value = spoken();
  const light = make("button", "quiet");
  light.type = "button";

  const draw = () => {
    select.setAttribute("aria-label", say("reader.language"));
    select.value = spoken();
    put(light, say(document.documentElement.dataset.theme === "night" ? "reader.theme_day" : "reader.theme_night"));
    fill();
    redraw();
  };
  select.onchange = async () => {
    localStorage.setItem(`hanmaru.language.${page}`, select.value);
    await load(select.value);
    await speak(select.value);
    draw();
  };
  light.onclick = () => {
    const other = document.documentElement.dataset.theme === "night" ? "day" : "night";
    localStorage.setItem(`hanmaru.theme.${page}`, other);
    document.documentElement.dataset.theme = other;
    draw();
  };
  if (theme !== null) document.documentElement.dataset.theme = localStorage.getItem(`hanmaru.theme.${page}`) ?? theme;
  into.replaceChildren(...(theme === null ? [] : [light]), select);
  draw();
  return draw;
}

