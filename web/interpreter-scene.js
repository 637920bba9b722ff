// @ts-check
/** What an interpreter's console says for any state of line and booth: who hears you, what the big key does, what is wrong. No DOM here. */

/** @import { Booth, InterpreterState, LinkState, Site, Welcome } from "./wire.js" */
/** @import { Media } from "./line.js" */
/** @import { Way } from "./way.js" */

/**
 * @typedef {object} ConsoleFacts
 * @property {LinkState} link
 * @property {Media} media
 * @property {Way | null} way of this console's own media
 * @property {Welcome} welcome
 * @property {Booth} booth
 * @property {number | null} coughS seconds since the cough key went down
 */

/** @typedef {"joining" | "no-line" | "off" | "on" | "not-heard" | "cough" | "partner"} AirState */
/** @typedef {{state: AirState, head: string, hint: string, person: string | null, can: boolean}} Air keys; `person` is the id of who is on air instead */
/** @typedef {{key: string, sites: string[], strong: boolean}} Hears one sentence about who hears you; `sites` fill it in order */

/**
 * @param {ConsoleFacts} facts
 * @returns {Air}
 */
export function airOf({ link, media, welcome, booth, coughS }) {
  const me = booth.interpreters[welcome.person ?? ""];
  const live = booth.phase === "live";
  if (link === "lost" || media === "silent") return { state: "no-line", head: "air.no_line", hint: "air.no_line_hint", person: null, can: false };
  if (media !== "flowing" || me === undefined) return { state: "joining", head: "air.joining", hint: "air.joining_hint", person: null, can: false };
  if (me.on_air && (me.cough || coughS !== null)) return { state: "cough", head: "air.cough", hint: "air.cough_hint", person: null, can: true };
  if (me.on_air && hearers({ welcome, booth }, me).length === 0)
    return { state: "not-heard", head: "air.not_heard", hint: "air.not_heard_hint", person: null, can: true };
  if (me.on_air) return { state: "on", head: "air.on", hint: "air.to_stop", person: null, can: true };
  const partner = Object.entries(booth.interpreters).find(([id, state]) => id !== welcome.person && state.on_air);
  if (partner) return { state: "partner", head: "air.partner", hint: "air.partner_hint", person: partner[0], can: false };
  return { state: "off", head: "air.off", hint: live ? "air.to_start" : "air.after_start", person: null, can: live };
}

/**
 * The sites that hear this interpreter, or would on air: in the routing, and there.
 * @param {{welcome: Welcome, booth: Booth}} facts
 * @param {InterpreterState} me
 * @returns {Site[]}
 */
function hearers({ welcome, booth }, me) {
  return welcome.sites.filter((site) => me.heard_by.includes(site.id) && booth.sites[site.id]?.media === "connected");
}

/**
 * @param {ConsoleFacts} facts
 * @returns {Hears[]}
 */
export function hearsOf(facts) {
  const { welcome, booth } = facts;
  const me = booth.interpreters[welcome.person ?? ""];
  const air = airOf(facts).state;
  if (me === undefined) return [];
  const hearing = hearers(facts, me).map((site) => site.id);
  if (air === "off" && booth.phase === "live" && hearing.length > 0)
    return [
      { key: "hears.nobody", sites: [], strong: false },
      { key: hearing.length === 1 ? "hears.would" : "hears.would_both", sites: hearing, strong: false },
    ];
  if (air !== "on" || hearing.length === 0) return [{ key: "hears.nobody", sites: [], strong: air === "not-heard" || air === "cough" }];
  const deaf = welcome.sites.filter((site) => !hearing.includes(site.id)).map((site) => site.id);
  if (deaf.length === 0) return [{ key: "hears.both", sites: hearing, strong: true }];
  return [
    { key: "hears.one", sites: hearing, strong: true },
    { key: "hears.not", sites: deaf, strong: false },
  ];
}

/**
 * What is to be said of an incoming voice; null when its level says enough.
 * @param {Booth} booth
 * @param {string} site
 * @returns {string | null}
 */
export function voiceTrouble(booth, site) {
  const state = booth.sites[site];
  if (state === undefined || !state.present) return "interpreter.site_absent";
  if (state.media === "lost") return "interpreter.site_lost";
  if (state.media !== "connected") return "interpreter.line_connecting";
  return state.muted ? "interpreter.site_muted" : null;
}

const OLD_S = 3; // pages send one a second
const GONE_S = 6; // the server forgets after 5

/**
 * What is to be seen of a room: its picture or not, and the word in its place or over it; null when nothing is to be said.
 * @param {{watching: boolean, link: LinkState, booth: Booth}} facts
 * @param {string} site
 * @param {number | null} ageS of its newest picture
 * @returns {{picture: boolean, key: string | null, n: number}}
 */
export function roomPicture({ watching, link, booth }, site, ageS) {
  const state = booth.sites[site];
  /** @param {string | null} key */
  const without = (key) => ({ picture: false, key, n: 0 });
  if (!watching) return without(null);
  if (link !== "open") return without("interpreter.line_lost");
  if (booth.phase !== "live") return without("thumbnail.not_live");
  if (booth.shed.includes("thumbnails")) return without("thumbnail.shed");
  if (!state?.present) return without("interpreter.site_absent");
  if (state.camera_off) return without("notice.camera_off");
  if (state.equipment.includes("video")) return without("thumbnail.equipment");
  if (state.paused.some((way) => way !== "in")) return without("thumbnail.shed"); // its line is the voice's
  if (ageS === null || ageS > GONE_S) return without("thumbnail.none");
  return { picture: true, key: ageS < OLD_S ? null : "thumbnail.old", n: Math.floor(ageS) };
}

/** @param {ConsoleFacts["link"]} link @param {Media} media @param {Booth | null} booth */
export function consoleState(link, media, booth) {
  if (link === "refused" || link === "revoked" || link === "replaced") return "error";
  if (link === "lost" || media === "silent") return "reconnecting";
  if (booth === null || media !== "flowing") return "joining";
  if (booth.phase === "live") return "live";
  return booth.phase === "ended" ? "ended" : "waiting";
}
