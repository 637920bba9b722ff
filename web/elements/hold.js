// @ts-check
/** `hm-hold`: a button that acts only while it is held, by finger, mouse or key, and lets go whenever in doubt. */

import { make, mark } from "../dom.js";

class Hold extends HTMLElement {
  button = make("button");
  #held = false;
  #locked = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #limit;

  connectedCallback() {
    if (this.contains(this.button)) return;
    this.button.type = "button";
    this.button.append(...this.childNodes);
    this.append(this.button);
    this.button.setAttribute("aria-pressed", "false");
    this.button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.button.setPointerCapture(event.pointerId);
      this.press();
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) this.button.addEventListener(end, () => this.release());
    this.button.addEventListener("keydown", (event) => {
      if (event.code === "Enter" && !event.repeat) this.press();
      if (event.code === "Enter") event.preventDefault();
    });
    this.button.addEventListener("keyup", (event) => {
      if (event.code === "Enter") this.release();
    });
    this.button.addEventListener("contextmenu", (event) => event.preventDefault());
    window.addEventListener("blur", () => this.release());
    document.addEventListener("visibilitychange", () => document.hidden && this.release());
  }

  /** Longest hold in milliseconds. */
  get limit() {
    return Number(this.getAttribute("limit") ?? "3000");
  }

  press() {
    if (this.#held || this.#locked || this.button.disabled) return;
    this.#set(true);
    this.#limit = setTimeout(() => {
      this.#locked = true; // held too long: let go, and not again before the finger does
      this.#set(false);
    }, this.limit);
  }

  release() {
    clearTimeout(this.#limit);
    this.#locked = false;
    this.#set(false);
  }

  /** @param {boolean} held */
  #set(held) {
    mark(this, "locked", this.#locked);
    if (this.#held === held) return;
    this.#held = held;
    this.button.setAttribute("aria-pressed", String(held));
    this.dispatchEvent(new CustomEvent("hold", { detail: held }));
  }
}

customElements.define("hm-hold", Hold);
export { Hold };
