// @ts-check
/** `hm-level`: how loud a source is, with the band it should lie in, said in a word as well as drawn. */

import { make, mark } from "../dom.js";
import { say } from "../words.js";

const FLOOR_DB = -60; // the bar's left end; quieter than this is silence to the ear
const QUIET_DB = -38;
const LOUD_DB = -9; // RMS this high leaves no room above it: speech clips
const WORDS_MS = 1000; // a screen reader hears at most one word a second

class Level extends HTMLElement {
  #bar = make("span", "bar");
  #saidAt = -Infinity;

  connectedCallback() {
    if (this.childElementCount > 0) return;
    this.setAttribute("role", "meter");
    this.setAttribute("aria-valuemin", String(FLOOR_DB));
    this.setAttribute("aria-valuemax", "0");
    this.append(make("span", "track", this.#bar, make("span", "notch low"), make("span", "notch high")));
    this.show(null);
  }

  /** @param {number | null} level dBFS, null when nothing arrives */
  show(level) {
    const share = level === null ? 0 : Math.min(1, Math.max(0, 1 - level / FLOOR_DB));
    this.#bar.style.setProperty("transform", `scaleX(${share.toFixed(3)})`);
    mark(this, "absent", level === null);
    mark(this, "loud", level !== null && level > LOUD_DB);
    const now = performance.now();
    if (now - this.#saidAt < WORDS_MS) return;
    this.#saidAt = now;
    this.setAttribute("aria-valuenow", String(Math.round(level ?? FLOOR_DB)));
    this.setAttribute("aria-valuetext", say(levelWord(level)));
  }
}

/**
 * The word for a level.
 * @param {number | null} level dBFS
 */
export function levelWord(level) {
  if (level === null) return "level.none";
  if (level > LOUD_DB) return "level.loud";
  if (level >= QUIET_DB) return "level.good";
  return level > FLOOR_DB ? "level.low" : "level.silent";
}

customElements.define("hm-level", Level);
export { Level };
