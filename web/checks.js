// @ts-check
/** What the loopback test holds a line to: each figure, its limit, and the sentence that cures it. No DOM here. */

import { WAYS } from "./way.js";

/** @import { Way } from "./way.js" */

/**
 * What was measured; null for what could not be.
 * @typedef {object} Seen
 * @property {number | null} connectS
 * @property {Way | null} way
 * @property {{width: number, height: number} | null} camera
 * @property {number | null} cameraRate frames per second
 * @property {number | null} microphoneDb loudest tenth of a second, dBFS
 * @property {{width: number, height: number} | null} picture as it came back
 * @property {number | null} pictureRate frames per second
 * @property {number | null} lightPercent mean luma, of white
 * @property {number | null} gapS longest time without a new frame
 * @property {number | null} pictureDelayMs there and back
 * @property {number | null} soundDb what came back against what was sent
 * @property {number | null} soundDelayMs there and back
 * @property {number | null} lossPercent the worse of the ways there and back, of sound and picture
 */

/** @typedef {{width: number, height: number, video: boolean}} Wanted pixels of the screen; `video` false: a seat without pictures */
/** @typedef {"pass" | "fail" | "skip"} Verdict */
/** @typedef {{id: string, cure: string, measured: string, limit: string, verdict: Verdict, word?: string}} Row `word`: what was measured is a sentence with this key */

export const LIMITS = Object.freeze({
  connectS: 5,
  cameraLines: 720, // a smaller picture is enlarged for the far screen and looks soft there
  rate: 24,
  microphoneDb: -75, // a live microphone hears its room; a muted or dead one gives digital silence
  lightPercent: 4,
  gapS: 0.5,
  soundDb: 3,
  delayMs: 300, // there and back: twice the 150 ms one way of ITU-T G.114
  lossPercent: 1,
});

const NOTHING = "\u2013";

/** @returns {Seen} what is known before a test */
export function nothing() {
  return {
    connectS: null, way: null, camera: null, cameraRate: null, microphoneDb: null, picture: null, pictureRate: null,
    lightPercent: null, gapS: null, pictureDelayMs: null, soundDb: null, soundDelayMs: null, lossPercent: null,
  };
}

/** @param {number} value @param {number} digits */
function figure(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `\u2212${text}` : text;
}

/**
 * @param {number | null} value
 * @param {string} unit
 * @param {number} [digits]
 */
function shown(value, unit, digits = 0) {
  return value === null ? NOTHING : `${figure(value, digits)} ${unit}`;
}

/** @param {{width: number, height: number} | null} size */
function pixels(size) {
  return size === null ? NOTHING : `${size.width}\u00d7${size.height}`;
}

/** @typedef {{width: number, height: number}} Size */

const NEAR = 0.02; // encoders round sizes to whole blocks

/** @param {Size | null} one @param {Size} other */
function near(one, other) {
  const close = (/** @type {number} */ got, /** @type {number} */ meant) => Math.abs(got - meant) <= meant * NEAR;
  return one !== null && close(one.width, other.width) && close(one.height, other.height);
}

/**
 * What a camera sends for a screen: its own size, or as much smaller as the screen is.
 * @param {Size} camera
 * @param {Size} screen
 */
function sentOf(camera, screen) {
  const factor = Math.max(1, camera.width / screen.width, camera.height / screen.height);
  return { width: Math.round(camera.width / factor), height: Math.round(camera.height / factor) };
}

/**
 * @param {string} id
 * @param {boolean | null} good null: not measured
 * @param {string} measured
 * @param {string} limit
 * @returns {Row}
 */
function row(id, good, measured, limit) {
  return { id: `test.${id}`, cure: `cure.${id}`, measured, limit, verdict: good === null ? "skip" : good ? "pass" : "fail" };
}

/** No way is a fault: what a poor one does to sound and picture is found by the other checks. @param {Seen} seen @returns {Row} */
function wayRow({ connectS, way }) {
  const found = { id: "test.way", cure: "cure.connect", measured: NOTHING, limit: NOTHING };
  return { ...found, verdict: connectS === null ? "skip" : "pass", ...(way === null ? {} : { word: WAYS[way] }) };
}

/** @param {number | null} value @param {(value: number) => boolean} good */
function held(value, good) {
  return value === null ? null : good(value);
}

/**
 * Every check, in the order in which a fault would be looked for. What a dead line kept from being measured is `skip`,
 * except for what should have come back: that it did not is the finding.
 * @param {Seen} seen
 * @param {Wanted} wanted
 * @returns {Row[]}
 */
export function judge(seen, wanted) {
  const connected = seen.connectS !== null;
  const lines = Math.min(LIMITS.cameraLines, wanted.height);
  const camera = seen.camera;
  const picture = seen.picture;
  // forwarded as it was sent, or made for the screen by the server
  const whole = camera === null || near(picture, wanted) ? { width: wanted.width, height: wanted.height } : sentOf(camera, wanted);
  const sound = [
    row("microphone", held(seen.microphoneDb ?? -Infinity, (db) => db >= LIMITS.microphoneDb), shown(seen.microphoneDb, "dB"), `\u2265 ${figure(LIMITS.microphoneDb, 0)} dB`),
    row("sound_return", connected ? seen.soundDb !== null && Math.abs(seen.soundDb) <= LIMITS.soundDb : null, shown(seen.soundDb, "dB", 1), `\u00b1${LIMITS.soundDb} dB`),
    row("sound_delay", held(seen.soundDelayMs, (ms) => ms <= LIMITS.delayMs), shown(seen.soundDelayMs, "ms"), `\u2264 ${LIMITS.delayMs} ms`),
  ];
  const pictures = [
    row("camera_size", camera !== null && camera.height >= lines, pixels(camera), `\u2265 ${lines}p`),
    row("camera_rate", held(seen.cameraRate, (fps) => fps >= LIMITS.rate), shown(seen.cameraRate, "fps", 1), `\u2265 ${LIMITS.rate} fps`),
    row("return_size", connected && camera !== null ? near(picture, whole) : null, pixels(picture), pixels(whole)),
    row("return_rate", held(seen.pictureRate, (fps) => fps >= LIMITS.rate), shown(seen.pictureRate, "fps", 1), `\u2265 ${LIMITS.rate} fps`),
    row("picture_light", held(seen.lightPercent, (share) => share >= LIMITS.lightPercent), shown(seen.lightPercent, "%"), `\u2265 ${LIMITS.lightPercent} %`),
    row("picture_gap", held(seen.gapS, (s) => s <= LIMITS.gapS), shown(seen.gapS, "s", 2), `\u2264 ${LIMITS.gapS} s`),
    row("picture_delay", held(seen.pictureDelayMs, (ms) => ms <= LIMITS.delayMs), shown(seen.pictureDelayMs, "ms"), `\u2264 ${LIMITS.delayMs} ms`),
  ];
  return [
    row("connect", connected && (seen.connectS ?? 0) <= LIMITS.connectS, shown(seen.connectS, "s", 1), `\u2264 ${LIMITS.connectS} s`),
    wayRow(seen),
    ...(wanted.video ? pictures : []),
    ...sound,
    row("loss", held(seen.lossPercent, (share) => share <= LIMITS.lossPercent), shown(seen.lossPercent, "%", 1), `\u2264 ${LIMITS.lossPercent} %`),
  ];
}

/** What explains another finding, so that its own cure would only mislead. */
const EXPLAINS = Object.freeze({
  "test.return_size": "test.camera_size",
  "test.return_rate": "test.camera_rate",
  "test.picture_gap": "test.camera_rate",
  "test.picture_delay": "test.camera_rate",
});

/**
 * The cures of what failed, the root first.
 * @param {Row[]} rows
 * @returns {string[]}
 */
export function curesOf(rows) {
  const failed = new Set(rows.filter((row) => row.verdict === "fail").map((row) => row.id));
  const explained = (/** @type {string} */ id) => failed.has(/** @type {Record<string, string>} */ (EXPLAINS)[id] ?? "");
  return rows.filter((row) => failed.has(row.id) && !explained(row.id)).map((row) => row.cure);
}

/**
 * Where a tone begins in some samples, and how loud it is there.
 * @param {Float32Array} samples
 * @param {number} rate of the samples, Hz
 * @param {number} hz of the tone
 * @param {number} lengthS of the tone
 * @returns {{at: number, db: number} | null} `at` in samples; null when no whole tone begins here
 */
export function findTone(samples, rate, hz, lengthS) {
  const window = Math.round(rate * 0.005);
  const hop = Math.round(rate * 0.001);
  const length = Math.round(rate * lengthS);
  const quietFor = Math.round(rate * 0.02);
  let quiet = 0;
  for (let at = 0; at + length <= samples.length; at += hop) {
    if (toneDb(samples, at, window, rate, hz) < -38) {
      quiet += hop;
      continue;
    }
    if (quiet >= quietFor) {
      const from = at + Math.round(length * 0.25);
      return { at: at + window / 2, db: toneDb(samples, from, Math.round(length * 0.5), rate, hz) };
    }
    quiet = 0;
  }
  return null;
}

/**
 * Level of one frequency in a stretch of samples, dBFS RMS of a sine (Goertzel).
 * @param {Float32Array} samples
 * @param {number} from
 * @param {number} length
 * @param {number} rate
 * @param {number} hz
 */
export function toneDb(samples, from, length, rate, hz) {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / rate);
  let one = 0;
  let two = 0;
  for (let at = from; at < from + length; at++) {
    const next = samples[at] + coefficient * one - two;
    two = one;
    one = next;
  }
  const power = one * one + two * two - coefficient * one * two;
  return 10 * Math.log10((2 * Math.max(power, 1e-20)) / (length * length));
}

/** @param {Float32Array} samples */
export function rmsDb(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return 10 * Math.log10(Math.max(sum / Math.max(1, samples.length), 1e-12));
}

/** @param {number[]} values @returns {number | null} */
export function median(values) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

/**
 * The larger share of what was lost, in percent.
 * @param {{lost: number, arrived: number}[]} ways
 * @returns {number | null} null when nothing was sent at all
 */
export function worstLoss(ways) {
  const shares = ways.filter(({ lost, arrived }) => lost + arrived > 0).map(({ lost, arrived }) => (100 * Math.max(0, lost)) / (lost + arrived));
  return shares.length === 0 ? null : Math.max(...shares);
}
