// @ts-check
/** The small pictures of a booth's rooms, fetched once a second while they are wanted; the next one waits until the last has come. */

const EVERY_MS = 1000;
const PATIENCE_MS = 10_000;

/** @typedef {{url: string, tag: string, at: number}} Picture `at` is when the server got it, by this page's monotonic clock in ms */

export class RoomThumbnails {
  /** @type {Map<string, Picture>} */ #pictures = new Map();
  /** @type {AbortController | null} */ #run = null;

  /**
   * @param {string} seat
   * @param {() => void} changed a picture came or went
   */
  constructor(seat, changed) {
    this.query = `?seat=${encodeURIComponent(seat)}`;
    this.changed = changed;
  }

  /**
   * Fetch from now on, or no more.
   * @param {boolean} wanted
   * @param {string} booth
   * @param {readonly string[]} sites
   */
  want(wanted, booth, sites) {
    if (wanted === (this.#run !== null)) return;
    this.#run?.abort();
    this.#run = wanted ? new AbortController() : null;
    if (this.#run === null) for (const site of [...this.#pictures.keys()]) this.#drop(site);
    else for (const site of sites) void this.#keep(site, `/thumbnail/${booth}/${site}${this.query}`, this.#run.signal);
  }

  /**
   * A room's newest picture, with its age in seconds.
   * @param {string} site
   * @returns {{url: string, ageS: number} | null}
   */
  newest(site) {
    const picture = this.#pictures.get(site);
    return picture === undefined ? null : { url: picture.url, ageS: (performance.now() - picture.at) / 1000 };
  }

  /** @param {string} site @param {string} address @param {AbortSignal} stop */
  async #keep(site, address, stop) {
    while (!stop.aborted) {
      const turn = new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      await this.#fetch(site, address, stop).catch(() => undefined); // a picture that does not come grows old, and is said to be
      await turn;
    }
  }

  /** @param {string} site @param {string} address @param {AbortSignal} stop */
  async #fetch(site, address, stop) {
    const before = this.#pictures.get(site);
    const response = await fetch(address, {
      cache: "no-store",
      headers: before === undefined ? {} : { "If-None-Match": before.tag },
      signal: AbortSignal.any([stop, AbortSignal.timeout(PATIENCE_MS)]),
    });
    const at = performance.now() - 1000 * Number(response.headers.get("Age") ?? 0);
    if (response.status === 200) {
      const url = URL.createObjectURL(await response.blob());
      if (stop.aborted) return URL.revokeObjectURL(url);
      this.#pictures.set(site, { url, tag: response.headers.get("ETag") ?? "", at });
      if (before !== undefined) setTimeout(() => URL.revokeObjectURL(before.url), EVERY_MS); // the page may still show it
    } else if (response.status === 304 && before !== undefined) before.at = at;
    else if (response.status === 404 || response.status === 409) this.#drop(site);
    this.changed();
  }

  /** @param {string} site */
  #drop(site) {
    const picture = this.#pictures.get(site);
    this.#pictures.delete(site);
    if (picture !== undefined) setTimeout(() => URL.revokeObjectURL(picture.url), EVERY_MS);
  }
}
