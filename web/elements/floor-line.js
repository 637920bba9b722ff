// @ts-check
/** `hm-floor-line`: the one floor both rooms stand on; solid from a side that is here, dotted from one that is not, broken where the line is. */

import { make, mark } from "../dom.js";

/** @typedef {"here" | "absent" | "lost"} End */

class FloorLine extends HTMLElement {
  connectedCallback() {
    if (this.childElementCount > 0) return;
    this.setAttribute("role", "img");
    this.append(make("span", "end left"), make("span", "half left"), make("span", "gap"), make("span", "half right"), make("span", "end right"));
  }

  /**
   * @param {End} left
   * @param {End} right
   * @param {string} sentence what the line says, for those who do not see it
   */
  show(left, right, sentence) {
    for (const part of this.children) {
      const end = part.classList.contains("left") ? left : right;
      if (!part.classList.contains("gap")) mark(part, "here", end === "here");
    }
    mark(this, "broken", left === "lost" || right === "lost");
    mark(this, "joined", left === "here" && right === "here");
    this.setAttribute("aria-label", sentence);
  }
}

customElements.define("hm-floor-line", FloorLine);
export { FloorLine };
