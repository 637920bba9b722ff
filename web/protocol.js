// @ts-check
/** A client's side of `hanmaru.v1`: the session that keeps a seat through every break. No DOM here. */

import { Comeback } from "./comeback.js";
import { isLinkDead, Refusal } from "./seat.js";

/** @import { Answer, Booth, ClientMessage, Levels, LinkState, Measured, Ok, ServerMessage, Welcome, WireError } from "./wire.js" */

const SUBPROTOCOL = "hanmaru.v1";
const OPEN_TIMEOUT_MS = 6000; // a dead network is asked by the system once a second for about as long, then ever more rarely
const REPLY_TIMEOUT_MS = 5000;
const RECONNECT_TIMEOUT_MS = 1500; // an open socket that does not answer this soon is dead
const SILENCE_MS = 5000; // where nothing else is said a beat comes within 4 s
const AUDIBLE_SILENCE_MS = 2500; // levels come five times a second while somebody is connected, or their process is replaced within 2 s
const DOUBT_MS = 1000; // a socket that was heard this recently is asked before it is given up
const CLOSE_LEFT = 1000;
const CLOSE_DOUBTED = 4002; // the server keeps the media of a client that gives up a line to come back on another
const CLOSE_REPLACED = 4001;
const CLOSE_REVOKED = 4003;

/**
 * @typedef {object} SessionEvents
 * @property {(state: LinkState) => void} link
 * @property {() => void} [reach] what is known of the server while the link is lost
 * @property {(welcome: Welcome) => void} welcome
 * @property {(booth: Booth) => void} booth
 * @property {(levels: Levels) => void} levels
 * @property {(answer: Answer) => void} answer
 * @property {(error: WireError) => void} error one that answers no command
 */

/**
 * A command that waits for its answer; `unheard`: its line broke meanwhile, and nobody knows whether it was obeyed.
 * @typedef {{message: ClientMessage, unheard: boolean, resolve: (message: ServerMessage) => void, reject: (refusal: Refusal) => void, timer: ReturnType<typeof setTimeout>}} Pending
 */

/** What is said again after a break, with the same id, so that the server obeys it once. A microphone is opened by a key that is pressed now. */
const SAID_AGAIN = new Set(["start", "pause", "resume", "end", "next", "set", "mode", "direction"]);

export class Session {
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {LinkState} */ #state = "idle";
  /** @type {Map<string, Pending>} */ #pending = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #silence;
  /** @type {"restart" | "stop" | null} why the server went away, until it is back */ goodbye = null;
  #comeback = new Comeback({ connect: () => this.#connect(), socket: () => this.#socketState(), told: () => this.on.reach?.() });
  #heardAt = -Infinity;
  #seated = false;
  #opened = false;
  #stopped = false;
  /** Whether somebody of the booth is connected, so that levels come. */ #audible = false;

  /**
   * @param {object} options
   * @param {string} options.address of the WebSocket, wss://HOST/signal
   * @param {string} options.seat
   * @param {"consultation" | "loopback"} [options.purpose]
   * @param {string} [options.site] the site whose screen a technician's loopback uses
   * @param {Storage | null} [options.storage] where the secret that proves "the same client" is kept
   * @param {SessionEvents} options.on
   */
  constructor({ address, seat, purpose = "consultation", site, storage = null, on }) {
    this.address = `${address}?seat=${encodeURIComponent(seat)}`;
    this.seat = seat;
    this.purpose = purpose;
    this.site = site;
    this.on = on;
    this.storage = storage;
  }

  get state() {
    return this.#state;
  }

  /** True when the server has given the seat and the line still stands. */
  get seated() {
    return this.#seated && this.#state === "open";
  }

  /** What was last found of the server; it means something while the link is lost. */
  get reach() {
    return this.#comeback.probe.found;
  }

  open() {
    this.#stopped = false;
    this.#connect();
  }

  /** Leave for good: no retry follows. */
  close() {
    this.#stopped = true;
    this.#comeback.end();
    this.#drop(CLOSE_LEFT);
  }

  /** Ask for the seat that another page holds. */
  takeOver() {
    this.send({ type: "take_over" });
  }

  /** The media broke while the socket stands: ask for a new generation; a socket that is dead or silent, too, is replaced. */
  reconnect() {
    this.doubt();
    const resume = this.#resume;
    if (!this.seated || resume === null || !this.send({ type: "reconnect", seat: this.seat, resume })) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(), RECONNECT_TIMEOUT_MS);
  }

  /** Nothing is heard: a socket on which levels should come, and nothing does, is dead, and another one may go another way. */
  doubt() {
    if (!this.seated || !this.#audible || performance.now() - this.#heardAt < DOUBT_MS) return;
    this.#lose();
    this.#connect();
  }

  /** Try again now instead of at the next turn: the network is back, or another one. */
  hurry() {
    this.#comeback.hurry();
  }

  /**
   * @param {ClientMessage} message
   * @returns {boolean} whether it could be sent
   */
  send(message) {
    if (this.#socket === null || this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /**
   * Send a command and wait for its answer, also across a break of the line.
   * @param {ClientMessage} message
   * @returns {Promise<Ok | Measured>}
   * @throws {Refusal}
   */
  command(message) {
    const id = crypto.randomUUID();
    const named = { ...message, id };
    return new Promise((resolve, reject) => {
      if (!this.seated || !this.send(named)) {
        reject(new Refusal("no_line"));
        return;
      }
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new Refusal("timeout"));
      }, REPLY_TIMEOUT_MS);
      this.#pending.set(id, { message: named, unheard: false, resolve: /** @type {Pending["resolve"]} */ (resolve), reject, timer });
    });
  }

  get #resume() {
    return this.storage?.getItem(`hanmaru.resume.${this.seat}`) ?? null;
  }

  #connect() {
    this.#drop(CLOSE_DOUBTED);
    this.#become(this.#comeback.going ? "lost" : "connecting");
    this.#comeback.trying();
    const socket = new WebSocket(this.address, [SUBPROTOCOL]);
    this.#socket = socket;
    this.#opened = false;
    this.#timer = setTimeout(() => this.#lose(), OPEN_TIMEOUT_MS);
    socket.onopen = () => {
      this.#opened = true;
      const resume = this.purpose === "consultation" ? this.#resume : null;
      if (resume !== null) this.send({ type: "reconnect", seat: this.seat, resume });
      else this.send({ type: "hello", purpose: this.purpose, ...(this.site ? { site: this.site } : {}) });
    };
    socket.onmessage = (event) => {
      this.#heardAt = performance.now();
      this.#receive(JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      if (event.code === CLOSE_REPLACED) this.#stop("replaced");
      else if (event.code === CLOSE_REVOKED) this.#stop("revoked");
      else this.#lose();
    };
  }

  /** Forget the socket; nothing it still says counts. @param {number} code */
  #drop(code) {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    this.#seated = false;
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(code);
    }
    for (const [id, pending] of this.#pending) {
      pending.unheard = SAID_AGAIN.has(pending.message.type) && !this.#stopped;
      if (pending.unheard) continue;
      clearTimeout(pending.timer);
      this.#pending.delete(id);
      pending.reject(new Refusal("no_line"));
    }
  }

  #lose() {
    this.#drop(CLOSE_DOUBTED);
    if (this.#stopped) return;
    this.#become("lost");
    if (!this.#opened && this.reach === "there") void this.#checkLink();
    this.#comeback.lost(this.#opened);
  }

  #socketState() {
    if (this.#socket === null) return "none";
    return this.#socket.readyState === WebSocket.OPEN ? "open" : "pending";
  }

  async #checkLink() {
    if ((await isLinkDead(this.address)) && !this.#stopped && !this.#seated) this.#stop("refused");
  }

  /** @param {LinkState} state */
  #stop(state) {
    this.#stopped = true;
    this.#drop(CLOSE_LEFT);
    this.#become(state);
  }

  /** @param {LinkState} state */
  #become(state) {
    if (state !== "lost" && state !== "connecting") this.#comeback.end();
    if (state === this.#state) return;
    this.#state = state;
    this.on.link(state);
  }

  #listen() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lose(), this.#audible ? AUDIBLE_SILENCE_MS : SILENCE_MS);
  }

  /** @param {ServerMessage} message */
  #receive(message) {
    switch (message.type) {
      case "welcome":
        clearTimeout(this.#timer);
        this.goodbye = null;
        this.#seated = true;
        this.storage?.setItem(`hanmaru.resume.${this.seat}`, message.resume);
        this.#become("open");
        this.on.welcome(message);
        this.#sayAgain();
        break;
      case "booth":
        this.#audible = [...Object.values(message.sites), ...Object.values(message.interpreters)].some(({ media }) => media === "connected");
        this.#listen();
        this.on.booth(message);
        break;
      case "levels":
        this.#listen();
        this.on.levels(message);
        break;
      case "beat":
        this.#listen();
        break;
      case "answer":
        this.on.answer(message);
        break;
      case "ok":
      case "measured":
        this.#settle(message.id, (pending) => pending.resolve(message));
        break;
      case "error":
        if (!this.#settle(message.id, (pending) => pending.reject(new Refusal(message.code, message.message)))) this.on.error(message);
        break;
      case "seat_taken":
        clearTimeout(this.#timer); // the server may give the seat by itself, however late
        this.#audible = false; // it beats meanwhile; levels are for those who have a seat
        this.#listen();
        this.#become("taken");
        break;
      case "replaced":
        this.#stop("replaced");
        break;
      case "goodbye":
        this.goodbye = message.reason;
        break; // the close that follows starts the retries
    }
  }

  #sayAgain() {
    for (const pending of this.#pending.values()) {
      if (pending.unheard) pending.unheard = !this.send(pending.message);
    }
  }

  /**
   * @param {string | undefined} id
   * @param {(pending: Pending) => void} how
   */
  #settle(id, how) {
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (id === undefined || pending === undefined) return false;
    clearTimeout(pending.timer);
    this.#pending.delete(id);
    how(pending);
    return true;
  }
}
