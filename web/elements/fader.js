// @ts-check
/** `hm-fader`: a level to set, with a default to go back to by double click or Backspace. */

import { make } from "../dom.js";

class Fader extends HTMLElement {
  input = make("input");
  #shown = make("output");
  /** @type {(value: number) => string} */ wording = (value) => String(value);

  connectedCallback() {
    if (this.contains(this.input)) return;
    this.input.type = "range";
    this.input.min = this.getAttribute("min") ?? "0";
    this.input.max = this.getAttribute("max") ?? "100";
    this.input.step = this.getAttribute("step") ?? "1";
    this.input.value = this.getAttribute("default") ?? "0";
    const label = this.getAttribute("labelledby");
    if (label) this.input.setAttribute("aria-labelledby", label);
    this.append(this.input, this.#shown);
    this.input.addEventListener("input", () => this.#tell());
    this.input.addEventListener("dblclick", () => this.#reset());
    this.input.addEventListener("keydown", (event) => {
      if (event.code === "Backspace") this.#reset();
    });
    this.draw();
  }

  get value() {
    return Number(this.input.value);
  }

  /** Show a value that was set elsewhere. @param {number} value */
  show(value) {
    if (this.value !== value) this.input.value = String(value);
    this.draw();
  }

  draw() {
    const words = this.wording(this.value);
    if (this.#shown.textContent !== words) this.#shown.textContent = words;
    this.input.setAttribute("aria-valuetext", words);
    const span = Number(this.input.max) - Number(this.input.min);
    this.style.setProperty("--share", String((this.value - Number(this.input.min)) / span));
  }

  /** Move by steps, for the buttons beside it. @param {number} steps */
  move(steps) {
    this.input.value = String(this.value + steps * Number(this.input.step));
    this.#tell();
  }

  #reset() {
    this.input.value = this.getAttribute("default") ?? "0";
    this.#tell();
  }

  #tell() {
    this.draw();
    this.dispatchEvent(new CustomEvent("level", { detail: this.value }));
  }
}

customElements.define("hm-fader", Fader);
export { Fader };
