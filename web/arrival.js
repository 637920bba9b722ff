// @ts-check
/** How a page is entered: the link's token becomes the cookie of a seat and leaves the address; a reload needs only the seat's name. */

import { Refusal, takeSeat } from "./seat.js";

const RETRY_MS = 1500;

/** Pages by role; a link opened on another page is led to its own. */
const PAGES = new Set(["room", "operator", "interpreter"]);

/** @typedef {{seat: string, role: string, language: string | null}} Arrival */
/** @typedef {"link.refused" | "link.missing"} Refused why nobody may enter, as the key of a sentence */

/** @param {string} seat @returns {string} */
export function roleOf(seat) {
  return seat.split(".")[0];
}

/**
 * Take the seat of this page's address.
 * @param {string} page
 * @returns {Promise<Arrival | Refused | "elsewhere">} "elsewhere" when the browser is on its way to another page
 */
export async function arrive(page) {
  window.addEventListener("hashchange", () => location.reload()); // another link pasted into the same tab
  const token = location.hash.slice(1);
  if (token === "") {
    const seat = new URLSearchParams(location.search).get("seat");
    return seat === null ? "link.missing" : { seat, role: roleOf(seat), language: null };
  }
  for (;;) {
    try {
      const { seat, role, language } = await takeSeat(token);
      if (page !== "loopback" && role !== page && PAGES.has(role)) {
        location.replace(`/${role}?seat=${encodeURIComponent(seat)}`);
        return "elsewhere";
      }
      history.replaceState(null, "", `${location.pathname}?seat=${encodeURIComponent(seat)}`);
      return { seat, role, language };
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "no_line") return "link.refused";
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS)); // the server is not up yet, as after a power cut
    }
  }
}
