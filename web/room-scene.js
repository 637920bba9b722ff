// @ts-check
/** What the big screen shows for any state of line, booth and devices: the far room, or one slate with one sentence. No DOM here. */

/** @import { Booth, Framing, Lamp, LinkState, Welcome } from "./wire.js" */
/** @import { Media } from "./line.js" */
/** @import { Way } from "./way.js" */
/** @import { Problem } from "./capture.js" */
/** @import { End } from "./elements/floor-line.js" */

const LOST_PATIENCE_MS = 1500; // a line that is back within this much never showed a slate

/**
 * @typedef {object} RoomFacts
 * @property {LinkState} link
 * @property {number} lostMs since when the link is lost, 0 when it stands
 * @property {Media} media
 * @property {Way | null} way of this room's media
 * @property {boolean} picture new frames of the far picture arrive
 * @property {boolean} pictureSeen they have arrived in this consultation
 * @property {Welcome | null} welcome
 * @property {Booth | null} booth
 * @property {{audio: Problem | null, video: Problem | null}} problems
 * @property {boolean} tap the browser wants one touch before it plays sound
 * @property {"link.refused" | "link.missing" | null} refusal
 */

/** @typedef {{head: string, advice: string | null, tap: "sound" | "take_over" | null}} Slate keys of sentences */

/**
 * @typedef {object} Scene
 * @property {"joining" | "waiting" | "live" | "reconnecting" | "ended" | "error"} state
 * @property {Slate | null} slate null: the far room, full-bleed
 * @property {{end: End, word: string}} own
 * @property {{end: End, word: string}} far
 * @property {Framing} framing of the far picture, whatever its size: as the far side wishes to be seen
 * @property {boolean} talking the voices go on, with or without a picture
 * @property {Lamp} lamp
 * @property {boolean} microphone this room's microphone is there and open
 * @property {string[]} notices keys, about this room's own devices
 * @property {string | null} way key: this room's media takes a way worth telling; for slates only
 * @property {boolean} fed equipment sends this room's picture: there is no preview of our own camera
 */

/**
 * @param {string} head
 * @param {string | null} [advice]
 * @param {Slate["tap"]} [tap]
 * @returns {Slate}
 */
function slate(head, advice = null, tap = null) {
  return { head, advice, tap };
}

/** @param {Welcome | null} welcome */
export function farSite(welcome) {
  return welcome?.sites.find((site) => site.id !== welcome.site) ?? null;
}

/** @param {Welcome | null} welcome */
export function ownSite(welcome) {
  return welcome?.sites.find((site) => site.id === welcome.site) ?? null;
}

/**
 * The languages this screen may say in large, the site's own first: it has a second one, or not.
 * @param {Welcome | null} welcome
 */
export function largeLanguages(welcome) {
  const own = ownSite(welcome);
  if (own === null) return [];
  return own.second_language === null ? [own.language] : [own.language, own.second_language];
}

/**
 * The language in small beneath: the other of the site's own two, else the far site's; null where one is enough.
 * @param {Welcome | null} welcome
 * @param {string} large
 */
export function smallLanguage(welcome, large) {
  const other = largeLanguages(welcome).find((language) => language !== large) ?? farSite(welcome)?.language;
  return other === undefined || other === large ? null : other;
}

/** What equipment sends for this room. @param {RoomFacts} facts */
function equipment({ welcome, booth }) {
  return booth?.sites[welcome?.site ?? ""]?.equipment ?? [];
}

/** @param {RoomFacts} facts */
function lineLost({ link, lostMs, media, booth }) {
  if (media === "silent") return true;
  return link === "lost" && lostMs > LOST_PATIENCE_MS && (media !== "flowing" || booth?.phase !== "live");
}

/**
 * @param {RoomFacts} facts
 * @returns {Slate | null}
 */
function slateOf(facts) {
  const { link, welcome, booth, media, problems } = facts;
  if (facts.refusal !== null) return slate(facts.refusal, facts.refusal === "link.missing" ? "link.missing_advice" : "link.refused_advice");
  if (link === "refused" || link === "revoked") return slate("link.refused", "link.refused_advice");
  if (link === "replaced") return slate("room.replaced", "room.taken_advice", "take_over");
  if (link === "taken") return slate("room.taken", "room.taken_advice", "take_over");
  if (lineLost(facts)) return slate("room.lost", "room.nothing_to_do");
  const live = booth?.phase === "live";
  if (!live && equipment(facts).length === 0 && problems.audio === "denied" && problems.video === "denied") return slate("room.denied", "room.denied_advice");
  if (facts.tap) return slate("room.tap", "room.tap_advice", "sound");
  if (welcome === null || booth === null || media === "none" || media === "connecting") return slate("room.joining");
  switch (booth.phase) {
    case "empty":
    case "waiting":
      return slate("room.waiting");
    case "ready":
      return slate("room.ready");
    case "paused":
      return slate("room.held", "room.held_advice");
    case "ended":
      return slate("room.ended");
    case "live":
      return liveSlate(facts);
  }
}

/**
 * @param {RoomFacts} facts
 * @returns {Slate | null}
 */
function liveSlate({ welcome, booth, picture, pictureSeen }) {
  const far = booth?.sites[farSite(welcome)?.id ?? ""];
  if (!far?.present || far.media === "lost") return slate("room.far_lost");
  if (far.camera_off) return slate("room.far_camera_off", "room.keep_talking");
  if (booth?.shed.includes("picture") || isPaused(welcome, booth)) return slate("room.picture_paused", "room.keep_talking");
  if (picture) return null;
  return pictureSeen ? slate("room.frozen", "room.keep_talking") : slate("room.coming");
}

/**
 * Whether the far picture is held back for the voices' sake: our line cannot carry it to us, or theirs from them.
 * @param {Welcome | null} welcome
 * @param {Booth | null} booth
 */
function isPaused(welcome, booth) {
  const [own, far] = [ownSite(welcome), farSite(welcome)].map((site) => booth?.sites[site?.id ?? ""]?.paused ?? []);
  return own.includes("in") || far.includes("out") || far.includes("trial");
}

/** @param {RoomFacts} facts @returns {Scene["state"]} */
function stateOf(facts) {
  const { link, booth, media, welcome } = facts;
  if (facts.refusal !== null || link === "refused" || link === "revoked" || link === "replaced") return "error";
  if (link === "lost" || media === "silent") return "reconnecting";
  if (welcome === null || booth === null || media !== "flowing") return "joining";
  if (booth.phase === "live") return "live";
  return booth.phase === "ended" ? "ended" : "waiting";
}

/** @param {RoomFacts} facts @returns {Scene["own"]} */
function ownEnd(facts) {
  if (facts.link === "lost" || facts.media === "silent") return { end: "lost", word: "site.lost" };
  if (equipment(facts).length === 0 && facts.problems.audio !== null && facts.problems.video !== null) return { end: "absent", word: "site.not_ready" };
  if (facts.media === "flowing") return { end: "here", word: "site.ready" };
  return { end: "absent", word: "site.connecting" };
}

/** @param {RoomFacts} facts @returns {Scene["far"]} */
function farEnd({ welcome, booth }) {
  const far = booth?.sites[farSite(welcome)?.id ?? ""];
  if (far?.media === "connected" && far.present) return { end: "here", word: "site.ready" };
  if (far?.media === "lost" || (booth?.phase === "live" && !far?.present)) return { end: "lost", word: "site.lost" };
  return far?.present ? { end: "absent", word: "site.connecting" } : { end: "absent", word: "site.absent" };
}

/** @type {Record<"audio" | "video", Record<Problem, string>>} */
const PROBLEMS = {
  video: { missing: "notice.camera_missing", busy: "notice.camera_busy", denied: "notice.camera_denied" },
  audio: { missing: "notice.microphone_missing", busy: "notice.microphone_busy", denied: "notice.microphone_denied" },
};

/** @param {RoomFacts} facts */
function notices(facts) {
  const { welcome, booth } = facts;
  const own = booth?.sites[welcome?.site ?? ""];
  const problems = ownProblems(facts);
  /** @type {string[]} */
  const keys = [];
  if (problems.video) keys.push(PROBLEMS.video[problems.video]);
  else if (own?.camera_off) keys.push("notice.camera_off");
  if (problems.audio) keys.push(PROBLEMS.audio[problems.audio]);
  else if (own?.muted) keys.push("notice.muted");
  return keys;
}

/** The straight way is not worth a word. @type {Record<Way, string | null>} */
const DETOURS = { direct: null, "relay-udp": "notice.relay_udp", "relay-tcp": "notice.relay_tcp", "relay-tls": "notice.relay_tls" };

/** @param {RoomFacts} facts */
function detour({ way, media }) {
  return way && media === "flowing" ? DETOURS[way] : null;
}

/** Of this page's own devices, as far as they are needed. @param {RoomFacts} facts @returns {RoomFacts["problems"]} */
function ownProblems(facts) {
  const sent = equipment(facts);
  return { audio: sent.includes("audio") ? null : facts.problems.audio, video: sent.includes("video") ? null : facts.problems.video };
}

/** @param {RoomFacts} facts */
function isMicrophoneOpen(facts) {
  const { welcome, booth } = facts;
  return ownProblems(facts).audio === null && !booth?.sites[welcome?.site ?? ""]?.muted;
}

/**
 * @param {RoomFacts} facts
 * @returns {Scene}
 */
export function roomScene(facts) {
  const shown = slateOf(facts);
  const talking = shown === null || shown.advice === "room.keep_talking";
  const lamp = talking ? (facts.booth?.sites[facts.welcome?.site ?? ""]?.lamp ?? "open") : "open";
  const framing = facts.booth?.sites[farSite(facts.welcome)?.id ?? ""]?.framing ?? "fill";
  return { state: stateOf(facts), slate: shown, framing, talking, own: ownEnd(facts), far: farEnd(facts), lamp, microphone: isMicrophoneOpen(facts), notices: notices(facts), way: detour(facts), fed: equipment(facts).includes("video") };
}
