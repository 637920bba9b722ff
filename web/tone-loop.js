// @ts-check
/** A known tone sent in place of the microphone and looked for in what comes back: is there sound, how loud, how late. */

import { findTone, median, rmsDb } from "./checks.js";

const TONE_HZ = 1400;
const TONE_S = 0.12;
const PERIOD_S = 1.5; // longer than any delay that is still worth a number
const PEAK = 0.25; // -15 dBFS RMS: clear of the noise, below every limiter
const SENT_DB = 20 * Math.log10(PEAK / Math.SQRT2);
const LOOK_MS = 100;
const SAMPLES = 16384; // 340 ms at 48 kHz: a whole tone lies in at least one look

/** @typedef {{microphoneDb: number | null, soundDb: number | null, soundDelayMs: number | null}} Heard */

export class ToneLoop {
  #context = new AudioContext();
  #out = this.#context.createMediaStreamDestination();
  #gain = new GainNode(this.#context, { gain: 0 });
  #microphone = this.#context.createAnalyser();
  #back = this.#context.createAnalyser();
  /** @type {number[]} */ #sentAt = [];
  /** @type {Map<number, {delayMs: number, db: number}>} by the time of sending */ #found = new Map();
  #loudest = -Infinity;
  #hasMicrophone = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;

  constructor() {
    this.#back.fftSize = SAMPLES;
    this.#microphone.fftSize = 4096;
  }

  /**
   * The track to send: the tone alone. The microphone is measured here and not sent, so that nothing but the tone comes back.
   * @param {MediaStreamTrack | null} microphone
   */
  async sends(microphone) {
    await this.#context.resume();
    if (microphone) {
      this.#hasMicrophone = true;
      this.#context.createMediaStreamSource(new MediaStream([microphone])).connect(this.#microphone);
    }
    // it runs from the beginning, for nothing at all is sent of a track that nothing feeds
    const tone = new OscillatorNode(this.#context, { frequency: TONE_HZ });
    tone.connect(this.#gain).connect(this.#out);
    tone.start();
    return this.#out.stream.getAudioTracks()[0];
  }

  /** @param {MediaStream} stream what comes back; never played, or a room would howl */
  listen(stream) {
    this.#context.createMediaStreamSource(stream).connect(this.#back);
  }

  /** @param {number} count of tones */
  start(count) {
    const first = this.#context.currentTime + 0.3;
    for (let place = 0; place < count; place++) {
      const at = first + place * PERIOD_S;
      this.#sentAt.push(at);
      this.#gain.gain.setValueAtTime(PEAK, at);
      this.#gain.gain.setValueAtTime(0, at + TONE_S);
    }
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** @returns {Heard} */
  heard() {
    const found = [...this.#found.values()];
    const db = median(found.map((tone) => tone.db));
    return {
      microphoneDb: this.#hasMicrophone && Number.isFinite(this.#loudest) ? this.#loudest : null,
      soundDb: db === null ? null : db - SENT_DB,
      soundDelayMs: median(found.map((tone) => tone.delayMs)),
    };
  }

  async close() {
    clearInterval(this.#timer);
    await this.#context.close();
  }

  #look() {
    const rate = this.#context.sampleRate;
    const now = this.#context.currentTime;
    const near = new Float32Array(this.#microphone.fftSize);
    this.#microphone.getFloatTimeDomainData(near);
    this.#loudest = Math.max(this.#loudest, rmsDb(near));

    const back = new Float32Array(this.#back.fftSize);
    this.#back.getFloatTimeDomainData(back);
    const tone = findTone(back, rate, TONE_HZ, TONE_S);
    if (tone === null) return;
    const heardAt = now - (back.length - tone.at) / rate;
    const sentAt = this.#sentAt.filter((at) => at <= heardAt).at(-1);
    if (sentAt !== undefined && !this.#found.has(sentAt)) this.#found.set(sentAt, { delayMs: (heardAt - sentAt) * 1000, db: tone.db });
  }
}
