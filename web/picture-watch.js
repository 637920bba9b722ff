// @ts-check
/** Watches a playing video: does it move, is it black. */

const SMALL = { width: 64, height: 52 };

export class PictureWatch {
  #frames = 0;
  #gapMs = 0;
  #lastAt = 0;
  #startedAt = 0;
  #watching = false;
  /** @type {number[]} */ #lights = [];
  #canvas = new OffscreenCanvas(SMALL.width, SMALL.height);

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
  }

  start() {
    this.#watching = true;
    this.#startedAt = this.#lastAt = performance.now();
    const next = () => {
      if (!this.#watching) return;
      this.#note(performance.now());
      this.#frames += 1;
      this.video.requestVideoFrameCallback(next);
    };
    this.video.requestVideoFrameCallback(next);
  }

  /** Look once at how light the picture is. */
  look() {
    const brush = this.#canvas.getContext("2d", { willReadFrequently: true });
    if (brush === null || this.video.videoWidth === 0) return;
    brush.drawImage(this.video, 0, 0, SMALL.width, SMALL.height);
    const { data } = brush.getImageData(0, 0, SMALL.width, SMALL.height);
    let sum = 0;
    for (let at = 0; at < data.length; at += 4) sum += 0.2126 * data[at] + 0.7152 * data[at + 1] + 0.0722 * data[at + 2];
    this.#lights.push((100 * sum) / (255 * SMALL.width * SMALL.height));
  }

  /** @returns {{rate: number, gapS: number, lightPercent: number | null}} */
  stop() {
    this.#watching = false;
    const now = performance.now();
    this.#note(now);
    const seconds = (now - this.#startedAt) / 1000;
    return { rate: this.#frames / seconds, gapS: this.#gapMs / 1000, lightPercent: this.#lights.length === 0 ? null : Math.min(...this.#lights) };
  }

  /** @param {number} now */
  #note(now) {
    this.#gapMs = Math.max(this.#gapMs, now - this.#lastAt);
    this.#lastAt = now;
  }
}
