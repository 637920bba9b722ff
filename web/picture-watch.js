// @ts-check
/** Watches a playing video: does it move, is it black, when does it go dark. */

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
    const light = this.#light();
    if (light !== null) this.#lights.push(light);
  }

  /**
   * Wait until the picture has lost half of its light.
   * @param {number} withinMs
   * @returns {Promise<number | null>} performance.now() of the first such frame; null when none came
   */
  darkens(withinMs) {
    const half = (this.#light() ?? 0) / 2;
    return new Promise((resolve) => {
      let waiting = true;
      const next = () => {
        const at = performance.now();
        if ((this.#light() ?? half) < half) resolve(at);
        else if (waiting) this.video.requestVideoFrameCallback(next);
      };
      this.video.requestVideoFrameCallback(next);
      setTimeout(() => {
        waiting = false;
        resolve(null);
      }, withinMs);
    });
  }

  /** @returns {number | null} mean luma, percent of white */
  #light() {
    const brush = this.#canvas.getContext("2d", { willReadFrequently: true });
    if (brush === null || this.video.videoWidth === 0) return null;
    brush.drawImage(this.video, 0, 0, SMALL.width, SMALL.height);
    const { data } = brush.getImageData(0, 0, SMALL.width, SMALL.height);
    let sum = 0;
    for (let at = 0; at < data.length; at += 4) sum += 0.2126 * data[at] + 0.7152 * data[at + 1] + 0.0722 * data[at + 2];
    return (100 * sum) / (255 * SMALL.width * SMALL.height);
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
