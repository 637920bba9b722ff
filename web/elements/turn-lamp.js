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

class TurnLamp extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "status");
    this.hidden = true;
  }

  /** @param {Lamp} lamp */
  show(lamp) {
    if (!setState(this, `${lamp} ${spoken()}`)) return;
    this.hidden = lamp === "open";
    this.dataset.lamp = lamp;
    if (lamp === "open") {
      this.replaceChildren();
      return;
    }
    // one sentence of the catalogue, shown in two lines: the fact, then what to do
    const [fact, ...rest] = say(FACES[lamp].key).split(/(?<=\.) /);
    const words = make("span", "words", make("span", "fact"), ...(rest.length > 0 ? [make("span", "rest")] : []));
    const [first, second] = words.children;
    put(first, fact.replace(/\.$/, ""));
    if (second) put(second, rest.join(" "));
    this.replaceChildren(make("span", "disc", icon(FACES[lamp].icon)), words);
  }
}

customElements.define("hm-turn-lamp", TurnLamp);
export { TurnLamp };
