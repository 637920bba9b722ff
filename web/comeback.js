// @ts-check
/** When a lost line is tried again: soon, at once when the server answers, and never so often that a browser holds it back. No DOM here. */

import { Probe } from "./probe.js";

const FIRST_RETRY_MS = [150, 400];
const RETRY_MS = [800, 1500]; // PROTOCOL.md section 7: 1.5 s at most, with jitter
const UNPROBED_MS = 10_000; // whatever the probe finds: a proxy may let sockets through and nothing else
const STUCK_MS = 400; // a handshake that had this long while the server answers others began on a dead network

export class Comeback {
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #tries = 0;
  #triedAt = -Infinity;
  /** Whether the handshake has seen a time at which the server did not answer. */ #blind = true;

  /**
   * @param {object} options
   * @param {() => void} options.connect begin a handshake, in place of one that is under way
   * @param {() => "none" | "pending" | "open"} options.socket
   * @param {() => void} options.told something else is known of the server
   */
  constructor({ connect, socket, told }) {
    this.connect = connect;
    this.socket = socket;
    this.probe = new Probe({
      told: (found) => {
        // a server that answers takes sockets, too: one that began on a dead network, or waits for its turn, is not waited for
        if (found !== "there") this.#blind = true;
        else if (socket() !== "pending") this.#now(RETRY_MS[0]);
        else if (this.#blind) this.#now(STUCK_MS);
        told();
      },
    });
  }

  /** True once a line was lost, and until it is back. */
  get going() {
    return this.#tries > 0;
  }

  /** A handshake begins. */
  trying() {
    clearTimeout(this.#timer);
    this.#triedAt = performance.now();
    this.#blind = this.probe.found !== "there"; // else it has its time: on a slow line it takes longer than a question
  }

  /** The line is lost, or the handshake came to nothing. @param {boolean} opened whether it had come to something */
  lost(opened) {
    const [least, most] = this.#tries === 0 ? FIRST_RETRY_MS : RETRY_MS;
    this.#tries += 1;
    this.probe.start();
    const took = opened ? 0 : performance.now() - this.#triedAt;
    this.#retry(least + Math.random() * (most - least) - took);
  }

  /** The line is there again, or given up for good. */
  end() {
    clearTimeout(this.#timer);
    this.probe.stop();
    this.#tries = 0;
  }

  /** Now instead of at the next turn: the network is back, or another one. */
  hurry() {
    if (!this.going) return;
    this.probe.hurry();
    this.#now(STUCK_MS);
  }

  /** @param {number} sinceMs the last try began at least so long ago, and may be given up */
  #now(sinceMs) {
    if (this.going && this.socket() !== "open" && performance.now() - this.#triedAt > sinceMs) this.connect();
  }

  /** Where nothing answers, every try may be the one; where nobody serves, only the probe asks. @param {number} waitMs */
  #retry(waitMs) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const served = this.probe.found !== "refused" && this.probe.found !== "ill";
      if (served || this.#tries === 1 || performance.now() - this.#triedAt > UNPROBED_MS) this.connect();
      else this.#retry(RETRY_MS[0]);
    }, waitMs);
  }
}
