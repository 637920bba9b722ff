// @ts-check
/** `hm-twice`: a button for what cannot be undone; the second press within five seconds counts. */

import { make, mark } from "../dom.js";
import { put, say } from "../words.js";

const ARMED_MS = 5000;

class Twice extends HTMLElement {
  button = make("button");
  #title = make("span", "title");
  #hint = make("span", "hint");
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #armed = false;

  connectedCallback() {
    if (this.contains(this.button)) return;
    this.button.type = "button";
    this.button.append(this.#title, this.#hint);
    this.append(this.button);
    this.button.onclick = () => {
      if (!this.#armed) {
        this.#arm(true);
        return;
      }
      this.#arm(false);
      this.dispatchEvent(new CustomEvent("confirm"));
    };
    this.button.addEventListener("keydown", (event) => {
      if (event.code === "Escape") this.#arm(false);
    });
    this.draw();
  }

  draw() {
    put(this.#title, say(this.getAttribute(this.#armed ? "armed" : "rest") ?? ""));
    put(this.#hint, say(this.getAttribute(this.#armed ? "armed-hint" : "rest-hint") ?? ""));
  }

  /** @param {boolean} armed */
  #arm(armed) {
    clearTimeout(this.#timer);
    if (armed) this.#timer = setTimeout(() => this.#arm(false), ARMED_MS);
    this.#armed = armed;
    mark(this, "armed", armed);
    this.draw();
  }
}

customElements.define("hm-twice", Twice);
export { Twice };
