// @ts-check
/** Which part of a camera's picture a small one shows, and in how many pixels: what the far screen shows of it. No DOM here. */

/** @import { Framing } from "./wire.js" */

/** @typedef {{width: number, height: number}} Size in pixels */
/** @typedef {{x: number, y: number, width: number, height: number, to: Size}} Cut a part of the camera's picture, and the size it is drawn in */

/**
 * A camera that could not be cropped is sent whole, and cropped by the far page (`fill`); or shown whole there (`fit`).
 * @param {Size} camera
 * @param {Size} screen the far one
 * @param {Framing} framing
 * @param {number} longest pixels in either direction
 * @returns {Cut}
 */
export function cutOf(camera, screen, framing, longest) {
  const wide = framing === "fill" ? Math.min(camera.width, (camera.height * screen.width) / screen.height) : camera.width;
  const high = framing === "fill" ? Math.min(camera.height, (camera.width * screen.height) / screen.width) : camera.height;
  const share = Math.min(1, longest / Math.max(wide, high));
  const to = { width: Math.max(1, Math.round(wide * share)), height: Math.max(1, Math.round(high * share)) };
  return { x: (camera.width - wide) / 2, y: (camera.height - high) / 2, width: wide, height: high, to };
}
