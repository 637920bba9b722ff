// @ts-check
/** A room's small picture of itself, uploaded once a second while somebody wishes to see it; the next one waits until the last has left. */

import { cutOf } from "./thumbnail-shape.js";

/** @import { Framing, Welcome } from "./wire.js" */
/** @import { Size } from "./thumbnail-shape.js" */

const EVERY_MS = 1000;
const PATIENCE_MS = 10_000; // the server waits no longer either
const LONGEST_PX = 320;
const MOST_BYTES = 24 * 1024; // PROTOCOL.md section 6
const QUALITIES = [0.6, 0.4, 0.2]; // a talking room has 6 to 15 KiB in the first

/** @typedef {{address: string, camera: MediaStreamTrack, screen: Size, framing: Framing}} Shot what to draw, and where to bring it */

/** @param {Welcome} welcome */
function addressOf({ place, site, seat }) {
  return `/thumbnail/${place?.id}/${site}?seat=${encodeURIComponent(seat)}`;
}

export class OwnThumbnail {
  /** @type {Shot | null} */ #shot = null;
  #running = false;
  #canvas = document.createElement("canvas");
  /** Of its own: the preview's element may be hidden, and browsers stop what nobody sees. */ #video = document.createElement("video");

  constructor() {
    this.#video.muted = true;
  }

  /**
   * Send from now on, or no more (null).
   * @param {Welcome | null} welcome
   * @param {MediaStreamTrack | null} camera
   * @param {Framing} framing
   */
  show(welcome, camera, framing) {
    if (welcome === null || camera === null) {
      this.#shot = null;
      return;
    }
    this.#shot = { address: addressOf(welcome), camera, screen: welcome.media, framing };
    if (!this.#running) void this.#run();
  }

  async #run() {
    this.#running = true;
    while (this.#shot !== null) {
      const turn = new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      await this.#send(this.#shot).catch((error) => console.info("a small picture could not be sent", String(error)));
      await turn;
    }
    this.#video.srcObject = null;
    this.#running = false;
  }

  /** @param {Shot} shot */
  async #send(shot) {
    const picture = await this.#draw(shot);
    if (picture === null || this.#shot === null) return;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    await fetch(shot.address, { method: "PUT", body: picture, headers: { "Content-Type": "image/jpeg" }, cache: "no-store", signal });
  }

  /** @param {Shot} shot @returns {Promise<Blob | null>} null while the camera gives nothing */
  async #draw({ camera, screen, framing }) {
    const shown = this.#video.srcObject;
    if (!(shown instanceof MediaStream) || shown.getVideoTracks()[0] !== camera) this.#video.srcObject = new MediaStream([camera]);
    void this.#video.play().catch(() => undefined); // not waited for: a camera without frames would never let it begin
    const { videoWidth: width, videoHeight: height, readyState } = this.#video;
    const context = this.#canvas.getContext("2d", { alpha: false });
    if (width === 0 || height === 0 || readyState < HTMLMediaElement.HAVE_CURRENT_DATA || context === null) return null;
    const cut = cutOf({ width, height }, screen, framing, LONGEST_PX);
    Object.assign(this.#canvas, cut.to);
    context.drawImage(this.#video, cut.x, cut.y, cut.width, cut.height, 0, 0, cut.to.width, cut.to.height);
    for (const quality of QUALITIES) {
      /** @type {Blob | null} */
      const picture = await new Promise((done) => this.#canvas.toBlob(done, "image/jpeg", quality)); // encoded when the page is idle
      if (picture !== null && picture.size <= MOST_BYTES) return picture;
    }
    return null;
  }
}
