// @ts-check
/** One peer connection of this page: it offers, sends its own tracks at the far screen's size, and tells when media flows or stops. */

import { wayOf } from "./way.js";

/** @import { MediaWish } from "./wire.js" */
/** @import { Way } from "./way.js" */

const BITS_PER_SECOND = 2_500_000; // a talking 1280x1024 picture at 30 fps in VP8, media-facts.md
const FULL_PIXELS = 1280 * 1024;
const LEAST_BITS_PER_SECOND = 400_000;
const FRAMES_PER_SECOND = 30;
const PICTURE_PATIENCE_MS = 1200; // sound is there: the picture may follow this much later before the new line takes over anyway

const TRIAL_BITS_PER_SECOND = 400_000;
const TRIAL_SHARE = 3; // of each side: its key frame is small enough not to hold up a voice for long

/** How much of its picture a page sends: `small` shows whether the line is back, and is shown to nobody. @typedef {"full" | "small" | "none"} Extent */
/** @typedef {{audio: MediaStreamTrack | null, video: MediaStreamTrack | null}} Tracks */
/** @typedef {{soundPackets: number, pictureFrames: number, soundLost: number, pictureLost: number, soundExpected: number, pictureExpected: number, roundTripMs: number | null, way: Way | null}} Counters */

/**
 * @typedef {object} PeerEvents
 * @property {(sdp: string) => void} offer
 * @property {(candidate: {candidate: string, mid: string, line: number}) => void} candidate
 * @property {() => void} ready media flows: this connection may take over
 * @property {() => void} failed
 */

/** The page's open connections, newest last; support and tests look here. */
const open = /** @type {RTCPeerConnection[]} */ ([]);
/** @type {Window & {hanmaru?: object}} */ (window).hanmaru = { peers: open };

/** @param {RTCRtpTransceiver} transceiver */
function preferVp8(transceiver) {
  const codecs = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  const vp8 = codecs.filter((codec) => codec.mimeType.toLowerCase() === "video/vp8");
  const repair = codecs.filter((codec) => /\/(rtx|red|ulpfec)$/i.test(codec.mimeType));
  const others = codecs.filter((codec) => !vp8.includes(codec) && !repair.includes(codec));
  if (vp8.length > 0) transceiver.setCodecPreferences?.([...vp8, ...others, ...repair]);
}

/**
 * How the far screen wants our picture. No frame is ever larger than that screen in either direction, whatever the camera gives while
 * its shape changes: the server forwards what fits, and has to decode the rest.
 * @param {{width: number, height: number}} size
 */
function encodingFor({ width, height }) {
  // smaller pictures need more bits for each of their pixels
  const rate = Math.max(LEAST_BITS_PER_SECOND, BITS_PER_SECOND * ((width * height) / FULL_PIXELS) ** 0.75);
  return { maxBitrate: Math.round(rate), maxFramerate: FRAMES_PER_SECOND, scaleResolutionDownTo: { maxWidth: width, maxHeight: height } };
}

export class Peer {
  /** @type {Map<"audio" | "video", RTCRtpTransceiver>} */ #lines = new Map();
  #ready = false;
  #waiting = false;
  #closed = false;
  /** @type {Extent} */ #extent = "full";

  /**
   * @param {object} options
   * @param {number} options.generation
   * @param {MediaWish} options.media
   * @param {RTCIceServer[]} options.iceServers
   * @param {boolean} options.eager nothing is heard or seen yet, so that there is nothing to wait for
   * @param {Tracks} options.tracks
   * @param {PeerEvents} options.on
   */
  constructor({ generation, media, iceServers, eager, tracks, on }) {
    this.generation = generation;
    this.eager = eager;
    this.media = media;
    this.on = on;
    this.stream = new MediaStream();
    this.connection = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    open.push(this.connection);
    this.#addLine("audio", media.audio, tracks.audio);
    this.#addLine("video", media.video, tracks.video);
    this.connection.onicecandidate = ({ candidate }) =>
      on.candidate({ candidate: candidate?.candidate ?? "", mid: candidate?.sdpMid ?? "0", line: candidate?.sdpMLineIndex ?? 0 });
    this.connection.ontrack = ({ track }) => this.#take(track);
    this.connection.onconnectionstatechange = () => {
      if (this.connection.connectionState === "failed") on.failed();
      this.#look();
    };
  }

  /** True once its own media has taken over. */
  get ready() {
    return this.#ready;
  }

  async offer() {
    await this.connection.setLocalDescription();
    if (!this.#closed) this.on.offer(this.connection.localDescription?.sdp ?? "");
  }

  /** @param {string} sdp */
  async accept(sdp) {
    await this.connection.setRemoteDescription({ type: "answer", sdp });
    await this.#encode();
  }

  /**
   * Send another track, or none, without a new offer.
   * @param {"audio" | "video"} kind
   * @param {MediaStreamTrack | null} track
   */
  async replace(kind, track) {
    await this.#lines.get(kind)?.sender.replaceTrack(track);
  }

  /**
   * Let the picture yield to the voice, which has to get through the same line.
   * @param {Extent} extent
   */
  yieldPicture(extent) {
    if (extent === this.#extent) return;
    this.#extent = extent;
    void this.#encode();
  }

  /**
   * What has arrived so far.
   * @returns {Promise<Counters>}
   */
  async counters() {
    const report = await this.connection.getStats();
    /** @type {Counters} */
    const counters = { soundPackets: 0, pictureFrames: 0, soundLost: 0, pictureLost: 0, soundExpected: 0, pictureExpected: 0, roundTripMs: null, way: wayOf(report) };
    for (const entry of report.values()) {
      if (entry.type === "inbound-rtp" && entry.kind === "audio") {
        counters.soundPackets += entry.packetsReceived;
        counters.soundLost += entry.packetsLost;
        counters.soundExpected += entry.packetsReceived + entry.packetsLost;
      } else if (entry.type === "inbound-rtp" && entry.kind === "video") {
        counters.pictureFrames += entry.framesDecoded ?? 0;
        counters.pictureLost += entry.packetsLost;
        counters.pictureExpected += entry.packetsReceived + entry.packetsLost;
      } else if (entry.type === "candidate-pair" && entry.nominated && entry.currentRoundTripTime !== undefined) {
        counters.roundTripMs = entry.currentRoundTripTime * 1000;
      }
    }
    return counters;
  }

  close() {
    this.#closed = true;
    this.connection.onconnectionstatechange = this.connection.onicecandidate = this.connection.ontrack = null;
    this.connection.close();
    const place = open.indexOf(this.connection);
    if (place >= 0) open.splice(place, 1);
  }

  /**
   * @param {"audio" | "video"} kind
   * @param {import("./wire.js").Direction} direction
   * @param {MediaStreamTrack | null} track
   */
  #addLine(kind, direction, track) {
    if (direction === null) return;
    const sends = direction !== "recvonly";
    const transceiver = this.connection.addTransceiver((sends && track) || kind, {
      direction,
      ...(sends && kind === "video" ? { sendEncodings: [encodingFor(this.media)] } : {}),
    });
    if (kind === "video") preferVp8(transceiver);
    this.#lines.set(kind, transceiver);
  }

  /** @param {MediaStreamTrack} track */
  #take(track) {
    this.stream.addTrack(track);
    track.onunmute = () => this.#look();
    this.#look();
  }

  /** The new line takes over when sound flows, and the picture too unless it keeps us waiting. */
  #look() {
    if (this.#ready || this.#closed || this.connection.connectionState !== "connected") return;
    const [sound] = this.stream.getAudioTracks();
    const [picture] = this.stream.getVideoTracks();
    if (this.eager || (!sound?.muted && picture === undefined)) this.#begin();
    else if (!sound?.muted && !this.#waiting) this.#awaitPicture();
  }

  /** A hidden element shows when the first whole picture is decoded: so the far room never blinks when lines are exchanged. */
  #awaitPicture() {
    this.#waiting = true;
    const video = document.createElement("video");
    video.muted = true;
    video.srcObject = this.stream;
    const begin = () => {
      video.srcObject = null;
      this.#begin();
    };
    video.requestVideoFrameCallback(begin);
    void video.play().catch(() => undefined);
    setTimeout(begin, PICTURE_PATIENCE_MS);
  }

  #begin() {
    if (this.#ready || this.#closed) return;
    this.#ready = true;
    this.on.ready();
  }

  /** A big screen shows a small picture badly: under a poor line, or on a busy machine, frames go before pixels. */
  async #encode() {
    const sender = this.#lines.get("video")?.sender;
    const parameters = sender?.getParameters();
    if (this.#closed || !sender || !parameters?.encodings[0]) return;
    Object.assign(parameters, { degradationPreference: "maintain-resolution" });
    const { width, height } = this.media;
    const small = { width: Math.round(width / TRIAL_SHARE), height: Math.round(height / TRIAL_SHARE) };
    const encoding = this.#extent === "small" ? { ...encodingFor(small), maxBitrate: TRIAL_BITS_PER_SECOND } : encodingFor(this.media);
    Object.assign(parameters.encodings[0], encoding, { active: this.#extent !== "none" });
    await sender.setParameters(parameters).catch((error) => console.info("the browser keeps its own sending parameters", error));
  }
}
