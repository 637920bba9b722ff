// @ts-check
/** The server's clock, kept going by the browser's monotonic one, and its face in any time zone. */

export class ServerClock {
  #offset = 0;
  #set = false;

  /** @param {string} now UTC, from the server @param {number} at performance.now() when it came */
  set(now, at) {
    const time = Date.parse(now);
    if (Number.isNaN(time)) return;
    this.#offset = time - at;
    this.#set = true;
  }

  /** Milliseconds since 1970, or null before the server has spoken. */
  get now() {
    return this.#set ? this.#offset + performance.now() : null;
  }
}

/**
 * Hours and minutes in a zone, 24-hour: 08:24.
 * @param {number} time milliseconds since 1970
 * @param {string} zone IANA name
 */
export function face(time, zone) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(time);
}

/** The clock of this page. */
export const serverClock = new ServerClock();
