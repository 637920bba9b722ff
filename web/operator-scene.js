// @ts-check
/** What a booth operator is told, and which one step comes next, for any state of line and booth. No DOM here. */

/** @import { Booth, LinkState, Phase } from "./wire.js" */
/** @import { LampState } from "./elements/lamp.js" */

/** @typedef {{phase: string, advice: string, attention: boolean}} Telling keys */
/** @typedef {{command: "start" | "pause" | "resume" | "next", title: string, hint: string, next: boolean, can: boolean}} Step `next`: the one filled button */
/** @typedef {{state: LampState, key: string}} Row */

/**
 * @param {LinkState} link
 * @param {Booth} booth
 * @param {string} own site id
 * @param {string} far site id
 * @returns {Telling}
 */
export function tellingOf(link, booth, own, far) {
  if (link === "lost") return { phase: "phase.no_line", advice: "next.no_line", attention: true };
  const missing = (/** @type {string} */ site) => booth.sites[site]?.media !== "connected";
  switch (booth.phase) {
    case "empty":
      return { phase: "phase.empty", advice: "next.empty", attention: false };
    case "waiting":
      if (!booth.sites[own]?.present) return { phase: "phase.waiting_own", advice: "next.empty", attention: true };
      return { phase: "phase.waiting", advice: "next.waiting", attention: false };
    case "ready":
      return { phase: "phase.ready", advice: "next.ready", attention: false };
    case "paused":
      return { phase: "phase.paused", advice: "next.paused", attention: false };
    case "ended":
      return { phase: "phase.ended", advice: "next.ended", attention: false };
    case "live":
      if (missing(own)) return { phase: "phase.live", advice: "next.live_own_lost", attention: true };
      if (missing(far)) return { phase: "phase.live", advice: "next.live_far_lost", attention: true };
      return { phase: "phase.live", advice: "next.live", attention: false };
  }
}

/** @param {Phase} phase @returns {Step} */
export function stepOf(phase) {
  switch (phase) {
    case "live":
      return { command: "pause", title: "operator.pause", hint: "operator.pause_hint", next: false, can: true };
    case "paused":
      return { command: "resume", title: "operator.resume", hint: "operator.resume_hint", next: true, can: true };
    case "ended":
      return { command: "next", title: "operator.next", hint: "operator.next_hint", next: true, can: true };
    case "ready":
      return { command: "start", title: "operator.start", hint: "operator.start_hint", next: true, can: true };
    default:
      return { command: "start", title: "operator.start", hint: "operator.start_wait_hint", next: false, can: false };
  }
}

/**
 * How the media of someone stands.
 * @param {{present: boolean, media: import("./wire.js").MediaState, paused?: string[]} | undefined} who
 * @returns {Row}
 */
export function lineOf(who) {
  if (who === undefined || !who.present) return who?.media === "lost" ? { state: "attention", key: "operator.cut_off" } : { state: "absent", key: "operator.not_here" };
  if (who.media === "connected" && who.paused?.length) return { state: "attention", key: "operator.picture_paused" };
  if (who.media === "connected") return { state: "ready", key: "operator.connected" };
  if (who.media === "lost") return { state: "attention", key: "operator.cut_off" };
  return { state: "unknown", key: "operator.connecting" };
}
