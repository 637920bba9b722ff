// @ts-check
/** `hm-clocks`: the time at each site with its city, the reader's own first; dashed while the server's clock is unknown. */

import { face, serverClock } from "../clock.js";
import { make, mark } from "../dom.js";
import { named, put } from "../words.js";

/** @import { Site } from "../wire.js" */

const LOOK_MS = 500;

class Clocks extends HTMLElement {
  /** @type {{zone: string, time: HTMLTimeElement}[]} */ #faces = [];
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;

  connectedCallback() {
    this.#timer = setInterval(() => this.#tick(), LOOK_MS);
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  /**
   * @param {readonly Site[]} sites
   * @param {string | null} own
   */
  show(sites, own) {
    const ordered = [...sites].sort((one, other) => Number(other.id === own) - Number(one.id === own));
    this.#faces = [];
    this.replaceChildren(
      ...ordered.map((site, place) => {
        const city = make("span", "city");
        const { text, lang } = named(site.name);
        put(city, text, lang);
        const time = make("time");
        this.#faces.push({ zone: site.time_zone, time });
        return make("span", place === 0 ? "clock own" : "clock", city, time);
      }),
    );
    this.#tick();
  }

  #tick() {
    const now = serverClock.now;
    mark(this, "stale", now === null);
    for (const { zone, time } of this.#faces) {
      const text = now === null ? "--:--" : face(now, zone);
      if (time.textContent !== text) time.textContent = text;
    }
  }
}

customElements.define("hm-clocks", Clocks);
export { Clocks };
