// @ts-check
/** From a link to a seat: the token is exchanged once, and a link that is good no more is told from a network that is down. No DOM here. */

/** @import { Seat } from "./wire.js" */

/** A refusal with the protocol's code; `no_line`, `timeout` and `bad_token` may also arise here. */
export class Refusal extends Error {
  /**
   * @param {string} code
   * @param {string} [message]
   */
  constructor(code, message = "") {
    super(message || code);
    this.code = code;
  }
}

/**
 * Exchange the token of a link for the cookie of its seat.
 * @param {string} token
 * @returns {Promise<Seat>}
 * @throws {Refusal} `bad_token` for a bad link, `no_line` when the server cannot be reached
 */
export async function takeSeat(token) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch("/session", { method: "POST", headers: { Authorization: `Bearer ${token}` }, cache: "no-store" });
  } catch {
    throw new Refusal("no_line");
  }
  if (response.ok) return /** @type {Promise<Seat>} */ (response.json());
  throw new Refusal(response.status >= 500 || response.status === 429 ? "no_line" : "bad_token");
}

/**
 * A browser hides why a WebSocket was refused; the same address by plain HTTP tells a dead link.
 * @param {string} address of the WebSocket
 */
export async function isLinkDead(address) {
  try {
    return (await fetch(address.replace(/^ws/, "http"), { cache: "no-store" })).status === 401;
  } catch {
    return false; // no network: the next retry will tell
  }
}
