// @ts-check
/**
 * Whether the server can be reached, asked again and again over plain HTTP while a line is down. Browsers hold back WebSockets
 * that fail (Chromium by seconds, after a dozen), and tell nobody why one failed; a request shows at once that a server is back.
 */

const EVERY_MS = 700;
const PATIENCE_MS = 900; // an answer that takes longer is stuck behind a dead network

/** @typedef {"unknown" | "nothing" | "refused" | "ill" | "there"} Reach nothing: no answer; refused: no server there; ill: a proxy answers in its place */

export class Probe {
  /** @type {Reach} what the last request found, since `start` */ found = "unknown";
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #going = false;
  #asked = 0;

  /**
   * @param {object} options
   * @param {string} [options.address]
   * @param {(found: Reach) => void} options.told
   */
  constructor({ address = "/healthz", told }) {
    this.address = address;
    this.told = told;
  }

  start() {
    if (this.#going) return;
    this.#going = true;
    this.found = "unknown";
    void this.#ask();
  }

  stop() {
    this.#going = false;
    clearTimeout(this.#timer);
  }

  /** Ask now: something has changed. */
  hurry() {
    if (this.#going) void this.#ask();
  }

  async #ask() {
    clearTimeout(this.#timer);
    const own = ++this.#asked;
    const beganAt = performance.now();
    const found = await this.#look();
    if (!this.#going || own !== this.#asked) return;
    this.found = found;
    this.#timer = setTimeout(() => void this.#ask(), Math.max(0, beganAt + EVERY_MS - performance.now()));
    this.told(found);
  }

  /** @returns {Promise<Reach>} */
  async #look() {
    try {
      const { ok } = await fetch(this.address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
      return ok ? "there" : "ill";
    } catch (error) {
      return error instanceof DOMException && error.name === "TimeoutError" ? "nothing" : "refused";
    }
  }
}
