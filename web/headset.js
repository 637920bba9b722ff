// @ts-check
/** What an interpreter hears: the server's mix, at a volume of one's own, with a last gate in front of the ear. */

const CEILING = 10 ** (-3 / 20); // hearing protection, interpretation.md: -3 dBFS
const CURVE_POINTS = 2049;
const RAMP_S = 0.03; // no click when the source is exchanged or the volume moves
const PRESS_DB = -9; // above this the gate presses; speech at -20 LUFS stays below it
const RATIO = 20;

/** Straight up to the ceiling, flat above it; the outer points hold for whatever is louder still. */
function ceilingCurve() {
  return Float32Array.from({ length: CURVE_POINTS }, (_, place) => {
    const sample = (2 * place) / (CURVE_POINTS - 1) - 1;
    return Math.max(-CEILING, Math.min(CEILING, sample));
  });
}

/**
 * The gain by which a browser's compressor makes up for its own pressing (Web Audio API, section 1.19: (1 / full range gain) ^ 0.6).
 * Taken back here: a protection must not make anything louder.
 */
function takeBack() {
  const pressedDb = PRESS_DB - PRESS_DB / RATIO;
  return 10 ** ((pressedDb * 0.6) / 20);
}

export class Headset {
  #context = new AudioContext({ latencyHint: "interactive" });
  #volume = this.#context.createGain();
  /** @type {{source: MediaStreamAudioSourceNode, gain: GainNode} | null} */ #playing = null;

  constructor() {
    const press = this.#context.createDynamicsCompressor();
    press.threshold.value = PRESS_DB;
    press.knee.value = 0;
    press.ratio.value = RATIO;
    press.attack.value = 0.001;
    press.release.value = 0.15;
    const back = this.#context.createGain();
    back.gain.value = takeBack();
    const ceiling = this.#context.createWaveShaper();
    ceiling.curve = ceilingCurve();
    this.#volume.connect(press).connect(back).connect(ceiling).connect(this.#context.destination);
  }

  /** False while the browser waits for a touch or a key before it plays. */
  get awake() {
    return this.#context.state === "running";
  }

  async wake() {
    await this.#context.resume();
  }

  /** @param {() => void} changed */
  onWake(changed) {
    this.#context.onstatechange = changed;
  }

  /**
   * Hear this stream from now on; the one before fades away.
   * @param {MediaStream} stream
   */
  play(stream) {
    const now = this.#context.currentTime;
    const before = this.#playing;
    const source = this.#context.createMediaStreamSource(stream);
    const gain = this.#context.createGain();
    gain.gain.setValueAtTime(0, now);
    gain.gain.linearRampToValueAtTime(1, now + RAMP_S);
    source.connect(gain).connect(this.#volume);
    this.#playing = { source, gain };
    if (before === null) return;
    before.gain.gain.setValueAtTime(1, now);
    before.gain.gain.linearRampToValueAtTime(0, now + RAMP_S);
    setTimeout(() => {
      before.source.disconnect();
      before.gain.disconnect();
    }, RAMP_S * 2000);
  }

  /** @param {number} db relative to what the server sends */
  setVolume(db) {
    this.#volume.gain.setTargetAtTime(10 ** (db / 20), this.#context.currentTime, RAMP_S);
  }

  /** True where the browser lets the page choose its headphones. */
  get canChoose() {
    return "setSinkId" in this.#context;
  }

  /** @param {string} id of an audio output */
  async listenOn(id) {
    const context = /** @type {AudioContext & {setSinkId?: (id: string) => Promise<void>}} */ (this.#context);
    await context.setSinkId?.(id);
  }
}
