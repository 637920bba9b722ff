// @ts-check
/** One loopback test: connects to a private place, sends camera and tone, and measures what comes back. */

import { median, nothing, worstLoss } from "./checks.js";
import { Line } from "./line.js";
import { PictureWatch } from "./picture-watch.js";
import { ToneLoop } from "./tone-loop.js";

/** @import { Seen, Wanted } from "./checks.js" */
/** @import { Measured, Welcome } from "./wire.js" */
/** @import { Capture } from "./capture.js" */

const CONNECT_MS = 12_000;
const SETTLE_MS = 3000; // an encoder needs this long to reach its rate; what happens before is no finding
const TONES = 5;
const MEASURE_MS = 8500;
const LOOK_MS = 500;
const BLINKS = 3;
const DARK_MS = 1000; // a picture that is later than this is no consultation
const LIGHT_MS = 500; // the picture is back before the next blink

/** @typedef {{seen: Seen, wanted: Wanted}} Outcome */

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export class LoopbackRun {
  #tone = new ToneLoop();
  #begunAt = 0;
  /** @type {(stream: MediaStream | null) => void} */ #arrived = () => undefined;
  #back = new Promise((/** @type {(stream: MediaStream | null) => void} */ resolve) => (this.#arrived = resolve));

  /**
   * @param {object} options
   * @param {string} options.seat
   * @param {Capture} options.capture
   * @param {HTMLVideoElement} options.video where the returned picture shows
   * @param {(welcome: Welcome) => void} options.met
   * @param {(link: import("./wire.js").LinkState) => void} options.link
   */
  constructor({ seat, capture, video, met, link }) {
    this.capture = capture;
    this.video = video;
    this.line = new Line({
      seat,
      purpose: "loopback",
      tracks: () => this.#tracks(),
      on: {
        welcome: met,
        changed: () => link(this.line.link),
        levels: () => undefined,
        stream: (stream) => this.#arrived(stream),
      },
    });
  }

  /** @returns {Promise<Outcome>} */
  async run() {
    const seen = nothing();
    const late = setTimeout(() => this.#arrived(null), CONNECT_MS);
    try {
      this.line.open();
      const stream = await this.#back;
      if (stream !== null) await this.#measure(seen, stream);
      else this.#measureDevices(seen);
      Object.assign(seen, this.#tone.heard());
    } finally {
      clearTimeout(late);
      this.line.close();
      await this.#tone.close();
    }
    const media = this.line.welcome?.media;
    return { seen, wanted: { width: media?.width ?? 0, height: media?.height ?? 0, video: media ? media.video !== null : this.capture.kinds.includes("video") } };
  }

  async #tracks() {
    const media = this.line.welcome?.media;
    if (media?.video) await this.capture.shape("fill", media.width, media.height);
    await this.capture.open();
    const audio = await this.#tone.sends(this.capture.tracks.audio);
    this.#begunAt = performance.now();
    return { audio, video: media?.video ? this.capture.tracks.video : null };
  }

  /** @param {Seen} seen */
  #measureDevices(seen) {
    const { width, height } = this.capture.tracks.video?.getSettings() ?? {};
    if (width && height) seen.camera = { width, height };
  }

  /** @param {Seen} seen @param {MediaStream} stream */
  async #measure(seen, stream) {
    seen.connectS = (performance.now() - this.#begunAt) / 1000;
    this.video.srcObject = stream;
    void this.video.play().catch(() => undefined);
    this.#tone.listen(stream);
    await pause(SETTLE_MS);

    const watch = new PictureWatch(this.video);
    const before = await this.#sentFrames();
    const startedAt = performance.now();
    watch.start();
    this.#tone.start(TONES);
    for (let waited = 0; waited < MEASURE_MS; waited += LOOK_MS) {
      await pause(LOOK_MS);
      watch.look();
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const picture = watch.stop();
    const after = await this.#sentFrames();
    this.#measureDevices(seen);
    if (before !== null && after !== null) seen.cameraRate = (after - before) / seconds;
    if (this.video.videoWidth > 0) {
      seen.picture = { width: this.video.videoWidth, height: this.video.videoHeight };
      seen.pictureRate = picture.rate;
      seen.gapS = picture.gapS;
      seen.lightPercent = picture.lightPercent;
      seen.pictureDelayMs = await this.#blink(watch);
    }
    await this.#measureLine(seen);
  }

  /**
   * How late the returned picture is: send black for a moment, and wait until that comes back. A frame of the camera may pass before it
   * is sent, so that a slow camera counts for what it is.
   * @param {PictureWatch} watch
   * @returns {Promise<number | null>} median of a few, milliseconds; null for a picture that is black anyway
   */
  async #blink(watch) {
    const camera = this.capture.tracks.video;
    const delays = [];
    for (let blink = 0; camera !== null && blink < BLINKS; blink++) {
      const at = performance.now();
      camera.enabled = false;
      const dark = await watch.darkens(DARK_MS);
      camera.enabled = true;
      if (dark !== null) delays.push(dark - at);
      await pause(LIGHT_MS);
    }
    return median(delays);
  }

  /** @param {Seen} seen */
  async #measureLine(seen) {
    const back = await this.line.peer?.counters();
    seen.way = back?.way ?? null;
    const there = /** @type {Measured | null} */ (await this.line.session.command({ type: "measure" }).catch(() => null));
    const ways = [];
    if (back) ways.push({ lost: back.soundLost, arrived: back.soundExpected - back.soundLost }, { lost: back.pictureLost, arrived: back.pictureExpected - back.pictureLost });
    if (there) ways.push({ lost: there.audio_lost, arrived: there.audio_packets }, { lost: there.video_lost, arrived: there.video_packets });
    seen.lossPercent = worstLoss(ways);
  }

  /** Frames that the camera has given to the sender so far. @returns {Promise<number | null>} */
  async #sentFrames() {
    const stats = await this.line.peer?.connection.getStats();
    for (const entry of stats?.values() ?? []) if (entry.type === "media-source" && entry.kind === "video") return entry.frames ?? null;
    return null;
  }
}
