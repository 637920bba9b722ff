// @ts-check
/** This page's camera and microphone: opened in the shape the far screen wants, remembered by choice, and brought back when unplugged. */

/** @import { Framing } from "./wire.js" */

const RETRY_MS = 3000; // a camera that another program held, or a cable that comes back without an event
const FRAMES_PER_SECOND = 30;
const NATIVE_WIDE = 1.5; // a 5:4 crop of full height needs a 16:9 camera at least this much wider than the screen ...
const NATIVE_HIGH = 1.05; // ... and hardly higher: 1280x1024 asks for 1920x1080

/** @typedef {"audio" | "video"} Kind */
/** @typedef {"denied" | "missing" | "busy"} Problem */
/** @typedef {{camera?: Choice, microphone?: Choice, loudspeaker?: Choice, headphones?: Choice}} Choices */
/** @typedef {{id: string, label: string}} Choice */
/** @typedef {keyof Choices} Device */

/** @type {Record<Kind, "camera" | "microphone">} */
const DEVICE = { audio: "microphone", video: "camera" };
/** @type {Record<Device, MediaDeviceKind>} */
const DEVICE_KIND = { camera: "videoinput", microphone: "audioinput", loudspeaker: "audiooutput", headphones: "audiooutput" };

/** @param {unknown} error @returns {Problem} */
function problemOf(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  return "missing";
}

export class Capture {
  /** @type {Record<Kind, MediaStreamTrack | null>} */ tracks = { audio: null, video: null };
  /** @type {Record<Kind, Problem | null>} */ problems = { audio: null, video: null };
  /** @type {Framing} */ framing = "fill";
  #enabled = { audio: true, video: true };
  #size = { width: 1280, height: 1024 };
  #wishes = 0; // shapes asked for so far
  #opening = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /**
   * @param {object} options
   * @param {Kind[]} options.kinds
   * @param {string} options.page whose choices are remembered
   * @param {(kind: Kind, track: MediaStreamTrack | null) => void} options.changed a track came, went or was exchanged
   * @param {() => void} options.news a problem began or ended, or the devices changed
   */
  constructor({ kinds, page, changed, news }) {
    this.kinds = kinds;
    this.storageKey = `hanmaru.devices.${page}`;
    this.changed = changed;
    this.news = news;
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#plugged());
    for (const name of ["camera", "microphone"])
      navigator.permissions
        ?.query({ name: /** @type {PermissionName} */ (name) })
        .then((status) => (status.onchange = () => void this.open()))
        .catch(() => undefined); // a browser that does not know the name: the timer tries again
  }

  /** @returns {Choices} */
  get choices() {
    try {
      return JSON.parse(localStorage.getItem(this.storageKey) ?? "{}");
    } catch {
      return {};
    }
  }

  /** Open what is not open yet; resolves when each kind is open or has its problem. */
  async open() {
    if (this.#opening) return;
    this.#opening = true;
    clearTimeout(this.#timer);
    const wanted = this.kinds.filter((kind) => this.tracks[kind] === null);
    try {
      // one question to the user for both; only when that fails each on its own
      if (wanted.length > 1 && (await this.#ask(wanted)) === "denied") for (const kind of wanted) this.problems[kind] = "denied";
      else for (const kind of wanted) if (this.tracks[kind] === null) await this.#ask([kind]);
    } finally {
      this.#opening = false;
    }
    if (this.kinds.some((kind) => this.tracks[kind] === null)) this.#timer = setTimeout(() => void this.#retry(), RETRY_MS);
    this.news();
  }

  /**
   * The devices there are, for a choice.
   * @param {Device} device
   * @returns {Promise<Choice[]>}
   */
  async devices(device) {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    return all
      .filter((entry) => entry.kind === DEVICE_KIND[device] && entry.deviceId !== "")
      .map((entry) => ({ id: entry.deviceId, label: entry.label }));
  }

  /**
   * Use this device from now on, on this page of this computer.
   * @param {Device} device
   * @param {Choice} choice
   */
  async choose(device, choice) {
    localStorage.setItem(this.storageKey, JSON.stringify({ ...this.choices, [device]: choice }));
    const kind = device === "camera" ? "video" : device === "microphone" ? "audio" : null;
    if (kind === null || !this.kinds.includes(kind)) return;
    this.#let(kind);
    await this.open();
  }

  /**
   * The device to use: the chosen one by id, else by its label (ids change when a browser's data is cleared), else none in particular.
   * @param {Device} device
   * @returns {Promise<Choice | null>}
   */
  async chosen(device) {
    const wish = this.choices[device];
    if (wish === undefined) return null;
    const there = await this.devices(device);
    return there.find((entry) => entry.id === wish.id) ?? there.find((entry) => entry.label === wish.label) ?? null;
  }

  /**
   * Shape the picture for the far screen: cropped to its aspect (`fill`) or whole (`fit`).
   * @param {Framing} framing
   * @param {number} width pixels of the far screen
   * @param {number} height
   */
  async shape(framing, width, height) {
    if (framing === this.framing && width === this.#size.width && height === this.#size.height) return;
    this.framing = framing;
    this.#size = { width, height };
    if (this.tracks.video) await this.#shapeTrack(this.tracks.video);
  }

  /**
   * Silence the microphone or blacken the camera in the page itself, whatever the server does with it.
   * @param {Kind} kind
   * @param {boolean} on
   */
  enable(kind, on) {
    this.#enabled[kind] = on;
    const track = this.tracks[kind];
    if (track && track.enabled !== on) track.enabled = on;
  }

  close() {
    clearTimeout(this.#timer);
    for (const kind of this.kinds) this.#let(kind);
  }

  /** @param {Kind[]} kinds @returns {Promise<Problem | null>} */
  async #ask(kinds) {
    /** @type {MediaStreamConstraints} */
    const constraints = {};
    for (const kind of kinds) {
      const chosen = await this.chosen(DEVICE[kind]);
      const device = chosen ? { deviceId: { exact: chosen.id } } : {};
      constraints[kind] =
        kind === "audio"
          ? { ...device, echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: { ideal: 1 } }
          : {
              ...device,
              width: { ideal: Math.ceil(this.#size.width * NATIVE_WIDE) },
              height: { ideal: Math.ceil(this.#size.height * NATIVE_HIGH) },
              frameRate: { ideal: FRAMES_PER_SECOND },
            };
    }
    try {
      if (!navigator.mediaDevices) throw new DOMException("not a secure page", "SecurityError");
      const stream = await navigator.mediaDevices.getUserMedia(constraints);
      for (const track of stream.getTracks()) await this.#take(/** @type {Kind} */ (track.kind), track);
      return null;
    } catch (error) {
      const problem = problemOf(error);
      if (kinds.length === 1) this.problems[kinds[0]] = problem;
      return problem;
    }
  }

  /** @param {Kind} kind @param {MediaStreamTrack} track */
  async #take(kind, track) {
    this.tracks[kind]?.stop();
    this.tracks[kind] = track;
    this.problems[kind] = null;
    track.enabled = this.#enabled[kind];
    track.onended = () => {
      if (this.tracks[kind] !== track) return;
      this.#let(kind);
      this.problems[kind] = "missing";
      void this.open();
    };
    if (kind === "video") {
      track.contentHint = "motion";
      await this.#shapeTrack(track);
    }
    this.changed(kind, track);
  }

  /** @param {Kind} kind */
  #let(kind) {
    const track = this.tracks[kind];
    this.tracks[kind] = null;
    if (track === null) return;
    track.onended = null;
    track.stop();
    this.changed(kind, null);
  }

  /** A permission once refused is not asked for again by a timer: that would put a question on an unattended screen. */
  async #retry() {
    const open = this.kinds.filter((kind) => this.tracks[kind] === null);
    if (open.every((kind) => this.problems[kind] === "denied")) return;
    await this.open();
  }

  /** A cable came or went: take back the chosen device if it is here again. */
  async #plugged() {
    for (const kind of this.kinds) {
      const chosen = await this.chosen(DEVICE[kind]);
      const current = this.tracks[kind]?.getSettings().deviceId;
      if (chosen && current !== undefined && chosen.id !== current) this.#let(kind);
    }
    await this.open();
  }

  /** @param {MediaStreamTrack} track */
  async #shapeTrack(track) {
    const wish = ++this.#wishes;
    for (const constraints of this.#shapes()) {
      if (wish !== this.#wishes) return; // or what is second best to an old wish would win over a new one
      try {
        await track.applyConstraints(constraints);
        return;
      } catch (error) {
        if (!(error instanceof DOMException) || error.name !== "OverconstrainedError") throw error;
      }
    }
  }

  /** From the best to what every camera can; a camera smaller than the screen is cropped to its aspect and enlarged at the far end. */
  #shapes() {
    const { width, height } = this.#size;
    const frameRate = { ideal: FRAMES_PER_SECOND };
    const native = { width: { ideal: Math.ceil(width * NATIVE_WIDE) }, height: { ideal: Math.ceil(height * NATIVE_HIGH) } };
    const whole = { ...native, frameRate, resizeMode: { exact: "none" } };
    if (this.framing === "fit") return [whole, { frameRate }];
    const crop = { resizeMode: { exact: "crop-and-scale" } };
    return [
      { width: { exact: width }, height: { exact: height }, frameRate, ...crop },
      { aspectRatio: { exact: width / height }, width: { ideal: width }, height: { ideal: height }, frameRate, ...crop },
      { frameRate },
    ];
  }
}
