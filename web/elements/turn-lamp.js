// @ts-check
/** `hm-turn-lamp`: whose turn it is to speak, by shape, word and colour; nothing at all while the floor is open. */

import { icon } from "../icons.js";
import { make, setState } from "../dom.js";
import { put, say, spoken } from "../words.js";

/** @import { Lamp } from "../wire.js" */

/** @type {Record<Exclude<Lamp, "open">, {key: string, icon: "pause" | "microphone" | "unplugged"}>} */
const FACES = {
  wait: { key: "lamp.wait", icon: "pause" },
  you: { key: "lamp.you", icon: "microphone" },
  gone: { key: "lamp.gone", icon: "unplugged" },
};

/** @param {string} className @param {string} text @param {string} language */
function line(className, text, language) {
  const span = make("span", className);
  put(span, text, language);
  return span;
}

class TurnLamp extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "status");
    this.hidden = true;
  }

  /**
   * @param {Lamp} lamp
   * @param {string | null} second said in the second line where the sentence leaves it free
   */
  show(lamp, second = null) {
    if (!setState(this, `${lamp} ${spoken()} ${second}`)) return;
    this.hidden = lamp === "open";
    this.dataset.lamp = lamp;
    if (lamp === "open") {
      this.replaceChildren();
      return;
    }
    // one sentence of the catalogue, shown in two lines: the fact, then what to do
    const { key, icon: sign } = FACES[lamp];
    const [fact, ...rest] = say(key).split(/(?<=\.) /);
    const words = [line("fact", fact.replace(/\.$/, ""), spoken())];
    if (rest.length > 0) words.push(line("rest", rest.join(" "), spoken()));
    else if (second !== null) words.push(line("rest", say(key, {}, second).split(/\. |，/)[0], second));
    this.replaceChildren(make("span", "disc", icon(sign)), make("span", "words", ...words));
  }
}

customElements.define("hm-turn-lamp", TurnLamp);
export { TurnLamp };
