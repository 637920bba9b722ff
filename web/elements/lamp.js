// @ts-check
/** `hm-lamp`: a fact that is either well, wanting attention, absent or unknown: a sign and a word, quiet unless it wants something. */

import { make } from "../dom.js";
import { icon } from "../icons.js";
import { put } from "../words.js";

/** @typedef {"ready" | "attention" | "absent" | "unknown"} LampState */

/** @type {Record<LampState, "tick" | "attention" | "absent">} */
const SIGNS = { ready: "tick", attention: "attention", absent: "absent", unknown: "absent" };

class LampSign extends HTMLElement {
  /** @type {LampState | ""} */ #state = "";
  #word = make("span", "word");

  /**
   * @param {LampState} state
   * @param {string} text
   */
  show(state, text) {
    if (state !== this.#state) {
      this.replaceChildren(icon(SIGNS[state]), this.#word);
      this.className = state;
      // only what grew worse is announced
      if (state === "attention" && this.#state !== "") this.setAttribute("role", "status");
      else this.removeAttribute("role");
      this.#state = state;
    }
    put(this.#word, text);
  }
}

customElements.define("hm-lamp", LampSign);
export { LampSign };
