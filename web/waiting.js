// @ts-check
/** What a page that has lost its line waits for, as far as it can know. No DOM here. */

/** @import { LinkState } from "./wire.js" */
/** @import { Media } from "./line.js" */
/** @import { Reach } from "./probe.js" */

/**
 * @typedef {object} LineFacts
 * @property {LinkState} link
 * @property {Media} media
 * @property {Reach} reach what was last found of the server while the link is lost
 * @property {boolean} online what the browser says of this machine's network
 * @property {"restart" | "stop" | null} goodbye the server's last word, if it went away with one
 */

/** @typedef {"wait.network" | "wait.service" | "wait.restart" | "wait.media"} Waiting the key of a sentence */

/**
 * @param {LineFacts} facts
 * @returns {Waiting | null} null while nothing is waited for, or nobody knows for what
 */
export function waitingFor({ link, media, reach, online, goodbye }) {
  if (link !== "lost") return media === "silent" ? "wait.media" : null;
  if (!online) return "wait.network";
  if (goodbye === "restart") return "wait.restart";
  if (goodbye === "stop") return "wait.service";
  if (reach === "nothing") return "wait.network";
  return reach === "unknown" ? null : "wait.service";
}
