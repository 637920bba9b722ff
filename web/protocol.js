// @ts-check
/** A client's side of `hanmaru.v1`: from a link to a seat, and the session that keeps the seat through every break. No DOM here. */

/** @import { Answer, Booth, ClientMessage, Levels, LinkState, Measured, Ok, Seat, ServerMessage, Welcome, WireError } from "./wire.js" */

const SUBPROTOCOL = "hanmaru.v1";
const OPEN_TIMEOUT_MS = 4000; // a handshake that takes longer is stuck behind a dead network
const REPLY_TIMEOUT_MS = 5000;
const RECONNECT_TIMEOUT_MS = 3000; // an open socket that does not answer this soon is dead
const FIRST_RETRY_MS = [150, 400];
const RETRY_MS = [800, 1500]; // PROTOCOL.md section 7: 1.5 s at most, with jitter
const SILENCE_MS = 5000; // levels come five times a second while somebody is connected; this long without any means a dead line
const CLOSE_REPLACED = 4001;
const CLOSE_REVOKED = 4003;

/** A refusal with the protocol's code; `no_line`, `timeout` and `bad_token` may also arise here. */
export class Refusal extends Error {
  /**
   * @param {string} code
   * @param {string} [message]
   */
  constructor(code, message = "") {
    super(message || code);
    this.code = code;
  }
}

/**
 * Exchange the token of a link for the cookie of its seat.
 * @param {string} token
 * @returns {Promise<Seat>}
 * @throws {Refusal} `bad_token` for a bad link, `no_line` when the server cannot be reached
 */
export async function takeSeat(token) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch("/session", { method: "POST", headers: { Authorization: `Bearer ${token}` }, cache: "no-store" });
  } catch {
    throw new Refusal("no_line");
  }
  if (response.ok) return /** @type {Promise<Seat>} */ (response.json());
  throw new Refusal(response.status >= 500 || response.status === 429 ? "no_line" : "bad_token");
}

/**
 * @typedef {object} SessionEvents
 * @property {(state: LinkState) => void} link
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
  #attempts = 0;
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

  open() {
    this.#stopped = false;
    this.#connect();
  }

  /** Leave for good: no retry follows. */
  close() {
    this.#stopped = true;
    this.#drop();
  }

  /** Ask for the seat that another page holds. */
  takeOver() {
    this.send({ type: "take_over" });
  }

  /** The media broke while the socket stands: ask for a new generation; a dead socket is replaced. */
  reconnect() {
    const resume = this.#resume;
    if (!this.seated || resume === null || !this.send({ type: "reconnect", seat: this.seat, resume })) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(), RECONNECT_TIMEOUT_MS);
  }

  /** Try again now instead of at the next turn (the network is back). */
  hurry() {
    if (this.#state !== "lost" || this.#socket !== null) return;
    this.#connect();
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
    this.#drop();
    this.#become(this.#attempts === 0 ? "connecting" : "lost");
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
    socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (event.code === CLOSE_REPLACED) this.#stop("replaced");
      else if (event.code === CLOSE_REVOKED) this.#stop("revoked");
      else this.#lose();
    };
  }

  /** Forget the socket; nothing it still says counts. */
  #drop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    this.#seated = false;
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
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
    this.#drop();
    if (this.#stopped) return;
    const [least, most] = this.#attempts === 0 ? FIRST_RETRY_MS : RETRY_MS;
    this.#attempts += 1;
    this.#become("lost");
    if (!this.#opened) void this.#checkLink();
    this.#timer = setTimeout(() => this.#connect(), least + Math.random() * (most - least));
  }

  /** A browser hides why a handshake was refused; the same address by plain HTTP tells a dead link from a dead network. */
  async #checkLink() {
    try {
      const response = await fetch(this.address.replace(/^ws/, "http"), { cache: "no-store" });
      if (response.status === 401 && !this.#stopped && !this.#seated) this.#stop("refused");
    } catch {
      // no network: the next retry will tell
    }
  }

  /** @param {LinkState} state */
  #stop(state) {
    this.#stopped = true;
    this.#drop();
    this.#become(state);
  }

  /** @param {LinkState} state */
  #become(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.on.link(state);
  }

  #listen() {
    clearTimeout(this.#silence);
    if (this.#audible) this.#silence = setTimeout(() => this.#lose(), SILENCE_MS);
  }

  /** @param {ServerMessage} message */
  #receive(message) {
    switch (message.type) {
      case "welcome":
        clearTimeout(this.#timer);
        this.#attempts = 0;
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
        this.#become("taken");
        break;
      case "replaced":
        this.#stop("replaced");
        break;
      case "goodbye":
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
