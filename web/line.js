// @ts-check
/** A page's line to its booth: session, peer connections made before the old one breaks, and the watch over what arrives. */

import { serverClock } from "./clock.js";
import { Peer } from "./peer.js";
import { Session } from "./protocol.js";
import { waitingFor } from "./waiting.js";

/** @import { Tracks, Counters } from "./peer.js" */
/** @import { Booth, Levels, LinkState, Welcome } from "./wire.js" */
/** @import { Way } from "./way.js" */

const LOOK_MS = 250;
const SILENCE_MS = 2000; // sound arrives 50 times a second, always; this long without any is a broken line
const DOUBT_MS = 1400; // this long without any, and nothing said on the socket either: nobody waits for both to come back
const RECENT_MS = 600; // a look and a little more
const FLOWS_MS = 120; // five packets of sound: a connection that brings none in that time is not what is heard
const FIRST_SOUND_MS = 2000; // the server sends once sound and picture have come from us, or this long after the first of them
const UNHEARD_MS = 1000; // the server says that it hears nothing of us, and not just for a moment
const UNHEARD_AGAIN_MS = 10_000; // a page that has nothing to send is not heard, however often it comes back
const CONNECT_MS = 10_000;
const LEAST_BETWEEN_RECONNECTS_MS = 1500;

/**
 * @typedef {object} LineEvents
 * @property {(welcome: Welcome) => void} welcome the page has its seat, or has it again
 * @property {() => void} changed anything a page may draw: link, media, welcome, booth, picture
 * @property {(levels: Levels) => void} levels
 * @property {(stream: MediaStream) => void} stream what is heard and seen from now on
 */

/** @typedef {"none" | "connecting" | "flowing" | "silent"} Media */
/** @typedef {{soundAt: number, pictureAt: number, reconnectAt: number, offeredAt: number, unheardAt: number}} Moments of the page's clock */

export class Line {
  /** @type {Welcome | null} */ welcome = null;
  /** @type {Booth | null} */ booth = null;
  /** @type {LinkState} */ link = "idle";
  /** @type {Media} */ media = "none";
  /** True while new frames of the far picture arrive. */
  picture = false;
  /** How the media goes that is heard and seen. @type {Way | null} */ way = null;
  /** @type {Peer | null} */ #current = null;
  /** @type {Peer | null} */ #coming = null;
  /** The server told us that the connection we hear is no more: there is nothing to go on hearing. */ #gone = false;
  /** The server hears nothing of the connection that we hear: another one is wanted. */ #unheard = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #watch;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #again;
  /** @type {Counters | null} */ #counters = null;
  /** @type {Moments} */
  #seen = { soundAt: 0, pictureAt: 0, reconnectAt: -Infinity, offeredAt: 0, unheardAt: Infinity };

  /**
   * @param {object} options
   * @param {string} options.seat
   * @param {"consultation" | "loopback"} [options.purpose]
   * @param {() => Promise<Tracks>} options.tracks what this page sends; resolved when the devices are settled
   * @param {LineEvents} options.on
   */
  constructor({ seat, purpose = "consultation", tracks, on }) {
    this.tracks = tracks;
    this.on = on;
    this.session = new Session({
      address: `${location.origin.replace(/^http/, "ws")}/signal`,
      seat,
      purpose,
      storage: purpose === "consultation" ? sessionStorage : null,
      on: {
        link: (state) => {
          this.link = state;
          if (state === "replaced" || state === "revoked" || state === "refused") this.#hangUp();
          on.changed();
        },
        welcome: (welcome) => void this.#welcomed(welcome),
        booth: (booth) => {
          this.booth = booth;
          this.#hear(booth);
          on.changed();
        },
        reach: on.changed,
        levels: on.levels,
        answer: ({ generation, sdp }) => {
          if (this.#coming?.generation === generation) this.#coming.accept(sdp).catch((error) => this.#broken("the answer does not fit", error));
        },
        error: (error) => {
          if (error.code === "media_timeout" || error.code === "media_failed") this.#failed();
          console.warn("the server refused a message", error.code, error.message);
        },
      },
    });
  }

  open() {
    this.session.open();
    this.#watch = setInterval(() => void this.#look(), LOOK_MS);
    const hurry = () => this.session.hurry();
    for (const event of ["online", "pageshow"]) window.addEventListener(event, hurry);
    document.addEventListener("resume", hurry); // a page that the browser had frozen
    /** @type {{connection?: EventTarget}} */ (navigator).connection?.addEventListener("change", hurry);
  }

  /** The key of what is waited for; null while nothing is. */
  get waiting() {
    const { link, media, session } = this;
    return waitingFor({ link, media, reach: session.reach, goodbye: session.goodbye, online: navigator.onLine });
  }

  close() {
    this.session.close();
    this.#hangUp();
  }

  /** The connection that is heard and seen now. */
  get peer() {
    return this.#current;
  }

  /**
   * @param {"audio" | "video"} kind
   * @param {MediaStreamTrack | null} track
   */
  replace(kind, track) {
    for (const peer of [this.#current, this.#coming]) peer?.replace(kind, track).catch((error) => console.warn("the track could not be exchanged", error));
  }

  /** @param {Welcome} welcome */
  async #welcomed(welcome) {
    if (this.welcome !== null && this.welcome.server !== welcome.server) this.#gone = true; // what was connected to it ended with it
    this.welcome = welcome;
    serverClock.set(welcome.now, performance.now());
    this.#coming?.close();
    this.#coming = null;
    this.#forgetTry();
    this.on.welcome(welcome);
    this.on.changed();
    if (welcome.media.audio === null && welcome.media.video === null) return;
    if (this.media === "none") this.media = "connecting";
    const flows = !this.#gone && (await this.#flows());
    if (flows && !this.#unheard) return void this.#look(); // only the socket broke: what is heard and seen goes on
    const tracks = await this.tracks();
    if (this.welcome !== welcome) return; // a newer generation overtook this one
    const peer = new Peer({
      generation: welcome.generation,
      media: welcome.media,
      iceServers: welcome.ice_servers.map(({ urls, username, credential }) => ({ urls, ...(username && credential ? { username, credential } : {}) })),
      eager: !flows,
      tracks,
      on: {
        offer: (sdp) => this.session.send({ type: "offer", sdp }),
        candidate: (candidate) => this.session.send({ type: "candidate", ...candidate }),
        ready: () => this.#takeOver(peer),
        failed: () => this.#reconnect(),
      },
    });
    this.#coming = peer;
    this.#seen.offeredAt = performance.now();
    await peer.offer().catch((error) => this.#broken("no offer could be made", error));
  }

  /** Whether the connection that is heard brings sound at this moment. */
  async #flows() {
    const peer = this.#current;
    if (peer === null || peer.connection.connectionState === "failed") return false;
    const before = this.#counters?.soundPackets ?? 0;
    const came = async () => peer === this.#current && (await peer.counters()).soundPackets > before;
    if ((await came()) || performance.now() - this.#seen.soundAt > RECENT_MS) return came();
    await new Promise((resolve) => setTimeout(resolve, FLOWS_MS));
    return came();
  }

  /** Note since when the server has heard nothing of us. @param {Booth} booth */
  #hear(booth) {
    const { role, site, person } = this.welcome ?? {};
    const own = role === "room" ? booth.sites[site ?? ""] : booth.interpreters[person ?? ""];
    this.#seen.unheardAt = own?.media === "lost" ? Math.min(this.#seen.unheardAt, performance.now()) : Infinity;
  }

  /** @param {Peer} peer */
  #takeOver(peer) {
    if (peer !== this.#coming) return;
    this.#coming = null;
    const old = this.#current;
    this.#current = peer;
    this.#gone = this.#unheard = false;
    this.#forgetTry();
    this.media = "flowing";
    this.#counters = null;
    const now = performance.now();
    this.#seen = { ...this.#seen, soundAt: peer.eager ? now + FIRST_SOUND_MS : now, pictureAt: now };
    this.on.stream(peer.stream);
    old?.close();
    this.on.changed();
  }

  async #look() {
    const now = performance.now();
    if (this.#coming && now - this.#seen.offeredAt > CONNECT_MS) this.#reconnect();
    const peer = this.#current;
    if (peer === null) return;
    const counters = await peer.counters();
    if (peer !== this.#current) return;
    const before = this.#counters;
    this.#counters = counters;
    if (before === null || counters.soundPackets > before.soundPackets) this.#seen.soundAt = now;
    if (before !== null && counters.pictureFrames > before.pictureFrames) this.#seen.pictureAt = now;
    const silent = now - this.#seen.soundAt > SILENCE_MS;
    const picture = (counters.pictureFrames > 0 || this.picture) && now - this.#seen.pictureAt < SILENCE_MS;
    const changed = silent !== (this.media === "silent") || picture !== this.picture || counters.way !== this.way;
    if (this.media === "silent" && !silent) this.session.hurry(); // the network is back
    this.media = silent ? "silent" : "flowing";
    this.picture = picture;
    this.way = counters.way;
    if (!silent && now - this.#seen.unheardAt > UNHEARD_MS) {
      this.#seen.unheardAt = now + UNHEARD_AGAIN_MS;
      this.#unheard = true;
    }
    if ((silent || this.#unheard) && this.#coming === null) this.#reconnect();
    else if (now - this.#seen.soundAt > DOUBT_MS) this.session.doubt();
    if (changed) this.on.changed();
  }

  /** The server can go on with our newest connection no more, and says so long before its silence would. */
  #failed() {
    if (this.#coming === null && this.#current !== null) {
      this.#gone = true;
      this.#seen.soundAt = -Infinity;
      this.media = "silent";
      this.on.changed();
    }
    this.#reconnect();
  }

  /** At once, or as soon as the last try is long enough ago. */
  #reconnect() {
    if (!this.session.seated || this.#again !== undefined) return;
    const now = performance.now();
    const wait = this.#seen.reconnectAt + LEAST_BETWEEN_RECONNECTS_MS - now;
    if (wait > 0) {
      this.#again = setTimeout(() => {
        this.#again = undefined;
        this.#reconnect();
      }, wait);
      return;
    }
    this.#seen.reconnectAt = now;
    this.#seen.offeredAt = now;
    this.session.reconnect();
  }

  /**
   * @param {string} what
   * @param {unknown} error
   */
  #broken(what, error) {
    console.warn(what, error);
    this.#reconnect();
  }

  #forgetTry() {
    clearTimeout(this.#again);
    this.#again = undefined;
  }

  #hangUp() {
    clearInterval(this.#watch);
    this.#forgetTry();
    this.#current?.close();
    this.#coming?.close();
    this.#current = this.#coming = null;
    this.media = "none";
    this.picture = false;
    this.way = null;
  }
}
