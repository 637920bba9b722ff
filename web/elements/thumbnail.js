// @ts-check
/** `hm-thumbnail`: a small picture with its name, or the word why there is none, always in the same place and size. */

import { make, setState } from "../dom.js";
import { put } from "../words.js";

class Thumbnail extends HTMLElement {
  #picture = make("img");
  #word = make("span", "word");
  #name = make("figcaption");

  connectedCallback() {
    if (this.contains(this.#picture)) return;
    this.#picture.hidden = true;
    this.append(make("figure", "", make("div", "frame", this.#picture, this.#word), this.#name));
  }

  /**
   * @param {object} shown
   * @param {{text: string, lang: string}} shown.name
   * @param {string} shown.alt what the picture shows
   * @param {string | null} shown.url
   * @param {string} shown.word why there is no picture, or how old it is; empty when nothing is to be said
   */
  show({ name, alt, url, word }) {
    put(this.#name, name.text, name.lang);
    put(this.#word, word);
    this.#picture.hidden = url === null;
    if (this.#picture.alt !== alt) this.#picture.alt = alt;
    if (url !== null && this.#picture.src !== url) this.#picture.src = url;
    if (url === null) this.#picture.removeAttribute("src");
    setState(this, url === null ? "none" : word === "" ? "fresh" : "old");
  }
}

customElements.define("hm-thumbnail", Thumbnail);
export { Thumbnail };
