// @ts-check
/** `hm-devices`: which camera, microphone and loudspeaker this page uses; remembered on this computer. */

import { make } from "../dom.js";
import { put, say } from "../words.js";

/** @import { Capture, Device } from "../capture.js" */

/** @type {Record<Device, string>} */
const LABELS = { camera: "device.camera", microphone: "device.microphone", loudspeaker: "device.loudspeaker", headphones: "device.headphones" };

class Devices extends HTMLElement {
  /** @type {Capture | null} */ #capture = null;
  /** @type {(id: string) => Promise<void>} */ #listen = async () => undefined;
  /** @type {readonly Device[]} */ #kinds = [];

  /**
   * @param {Capture} capture
   * @param {readonly Device[]} kinds
   * @param {(id: string) => Promise<void>} listen play through this loudspeaker
   */
  offer(capture, kinds, listen) {
    this.#capture = capture;
    this.#kinds = kinds;
    this.#listen = listen;
    void this.draw();
  }

  /** Ask the browser again what there is. */
  async draw() {
    const capture = this.#capture;
    if (capture === null) return;
    const rows = await Promise.all(this.#kinds.map((kind) => this.#row(capture, kind)));
    if (!this.contains(document.activeElement)) this.replaceChildren(...rows);
  }

  /** Play through the loudspeaker that was chosen before, if it is here. */
  async restore() {
    const output = this.#kinds.find((kind) => kind === "loudspeaker" || kind === "headphones");
    const chosen = output && (await this.#capture?.chosen(output));
    if (chosen) await this.#listen(chosen.id).catch(() => undefined); // the default one plays instead
  }

  /**
   * @param {Capture} capture
   * @param {Device} kind
   */
  async #row(capture, kind) {
    const there = await capture.devices(kind);
    const chosen = await capture.chosen(kind);
    const label = make("label");
    const word = make("span");
    put(word, say(LABELS[kind]));
    const select = make("select");
    for (const entry of there) {
      const option = make("option");
      option.value = entry.id;
      option.textContent = entry.label;
      select.append(option);
    }
    if (there.length === 0) {
      const none = make("option");
      put(none, say("device.none"));
      select.append(none);
      select.disabled = true;
    }
    const track = kind === "camera" ? capture.tracks.video : kind === "microphone" ? capture.tracks.audio : null;
    const current = track?.getSettings().deviceId ?? chosen?.id;
    if (current !== undefined) select.value = current;
    select.onchange = async () => {
      const picked = there.find((entry) => entry.id === select.value);
      if (picked === undefined) return;
      await capture.choose(kind, picked);
      if (kind === "loudspeaker" || kind === "headphones") await this.#listen(picked.id);
    };
    label.append(word, select);
    return label;
  }
}

customElements.define("hm-devices", Devices);
export { Devices };
