// @ts-check
/** `hm-choice`: one of a few options; arrows move and select, the server's word decides what is marked. */

import { make, mark } from "../dom.js";
import { icon } from "../icons.js";
import { put, say } from "../words.js";

/** @import { IconName } from "../icons.js" */
/** @typedef {{value: string, key: string, icon?: IconName}} Option */

class Choice extends HTMLElement {
  /** @type {readonly Option[]} */ #options = [];
  #value = "";
  #enabled = true;

  connectedCallback() {
    this.setAttribute("role", "radiogroup");
    this.addEventListener("keydown", (event) => this.#move(event));
  }

  /** @param {readonly Option[]} options */
  offer(options) {
    this.#options = options;
    this.replaceChildren(
      ...options.map((option) => {
        const word = make("span");
        put(word, say(option.key));
        const button = make("button", "option", ...(option.icon ? [icon(option.icon)] : []), word);
        button.type = "button";
        button.setAttribute("role", "radio");
        button.onclick = () => this.#pick(option.value);
        return button;
      }),
    );
    this.#draw();
  }

  /**
   * @param {string} value
   * @param {boolean} [enabled]
   */
  show(value, enabled = true) {
    if (value === this.#value && enabled === this.#enabled) return;
    this.#value = value;
    this.#enabled = enabled;
    this.#draw();
  }

  #draw() {
    [...this.children].forEach((button, place) => {
      const chosen = this.#options[place].value === this.#value;
      button.setAttribute("aria-checked", String(chosen));
      button.setAttribute("tabindex", chosen || (this.#value === "" && place === 0) ? "0" : "-1");
      button.toggleAttribute("disabled", !this.#enabled);
      mark(button, "asked", false);
    });
  }

  /** @param {string} value */
  #pick(value) {
    if (value === this.#value || !this.#enabled) return;
    const place = this.#options.findIndex((option) => option.value === value);
    mark(this.children[place], "asked", true); // pressed is seen at once; chosen only on the server's word
    this.dispatchEvent(new CustomEvent("pick", { detail: value }));
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.code];
    const place = [...this.children].indexOf(/** @type {Element} */ (event.target));
    if (step === undefined || place < 0) return;
    event.preventDefault();
    const next = (place + step + this.#options.length) % this.#options.length;
    /** @type {HTMLElement} */ (this.children[next]).focus();
    this.#pick(this.#options[next].value);
  }
}

customElements.define("hm-choice", Choice);
export { Choice };
