// @ts-check
/** What stands in the door of a console page: a bad link, or a seat that another window holds. */

import { byId } from "./dom.js";
import { put, say } from "./words.js";

/** @import { LinkState } from "./wire.js" */
/** @import { Refused } from "./arrival.js" */
/** @typedef {{head: string, advice: string, act: boolean}} Bar */

/** @type {Partial<Record<LinkState, Bar>>} */
const BARS = {
  taken: { head: "seat.taken", advice: "seat.taken_advice", act: true },
  replaced: { head: "seat.replaced", advice: "seat.taken_advice", act: true },
  refused: { head: "link.refused", advice: "link.refused_advice", act: false },
  revoked: { head: "link.refused", advice: "link.refused_advice", act: false },
};

/**
 * @param {LinkState} link
 * @param {Refused | null} refusal
 */
export function drawGate(link, refusal) {
  /** @type {Bar | undefined} */
  const bar = refusal === null ? BARS[link] : { head: refusal, advice: refusal === "link.missing" ? "link.missing_advice" : "link.refused_advice", act: false };
  byId("gate", HTMLElement).hidden = bar === undefined;
  if (bar === undefined) return;
  put(byId("gate-head", HTMLElement), say(bar.head));
  put(byId("gate-advice", HTMLElement), say(bar.advice));
  byId("gate-act", HTMLElement).hidden = !bar.act;
}
