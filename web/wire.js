// @ts-check
/** The shapes of the `hanmaru.v1` messages a page meets; their meaning stands in signaling/PROTOCOL.md. */

/** @typedef {Readonly<Record<string, string>>} Names by language */
/** @typedef {"empty" | "waiting" | "ready" | "live" | "paused" | "ended"} Phase */
/** @typedef {"liaison" | "simultaneous"} Mode */
/** @typedef {"none" | "connecting" | "connected" | "lost"} MediaState */
/** @typedef {"fill" | "fit"} Framing */
/** @typedef {"open" | "wait" | "you" | "gone"} Lamp */
/** @typedef {"sendrecv" | "sendonly" | "recvonly" | null} Direction */

/**
 * @typedef {object} Seat what POST /session answers
 * @property {string} seat
 * @property {string} role
 * @property {string | null} booth
 * @property {string | null} site
 * @property {string} language
 */

/** @typedef {{audio: Direction, video: Direction, width: number, height: number}} MediaWish sizes in pixels of the far screen */
/** @typedef {{id: string, name: Names, people: Names, language: string, second_language: string | null, time_zone: string, width: number, height: number}} Site */

/**
 * @typedef {object} Welcome
 * @property {"welcome"} type
 * @property {string} seat
 * @property {number} generation
 * @property {string} resume
 * @property {string} role
 * @property {string | null} booth
 * @property {string | null} site
 * @property {string | null} person
 * @property {string} language
 * @property {string[]} languages
 * @property {MediaWish} media
 * @property {{id: string, title: Names}} event
 * @property {{id: string, name: Names, company: Names, product: Names} | null} place
 * @property {Site[]} sites
 * @property {{id: string, name: Names}[]} interpreters
 * @property {{urls: string[], username: string | null, credential: string | null}[]} ice_servers
 * @property {string} now server clock, UTC
 */

/** @typedef {{present: boolean, media: MediaState, muted: boolean, camera_off: boolean, volume_db: number, framing: Framing, lamp: Lamp, equipment: ("audio" | "video")[], paused: ("in" | "out" | "trial")[]}} SiteState what `equipment` sends for the site, its room page does not */
/** @typedef {{present: boolean, media: MediaState, on_air: boolean, cough: boolean, from: string, to: string, heard_by: string[]}} InterpreterState */

/**
 * @typedef {object} Booth the whole state of the booth
 * @property {"booth"} type
 * @property {Phase} phase
 * @property {number} epoch
 * @property {Mode} mode
 * @property {Record<string, SiteState>} sites
 * @property {Record<string, InterpreterState>} interpreters
 * @property {string | null} last_speaker
 * @property {{from: string, to: string} | null} proposal
 * @property {("thumbnails" | "picture")[]} shed what the server leaves out just now for the voices' sake
 * @property {boolean} thumbnails somebody watches: the rooms' pages are to send small pictures
 */

/** @typedef {{type: "levels", sites: Record<string, number | null>, interpreters: Record<string, number | null>}} Levels dBFS, null when nothing arrives */
/** @typedef {{type: "answer", generation: number, sdp: string}} Answer */
/** @typedef {{type: "error", id?: string, code: string, message: string}} WireError */
/** @typedef {{type: "measured", id?: string, audio_packets: number, audio_lost: number, video_packets: number, video_lost: number, video_frames: number, width: number, height: number, tick_late_ms: number}} Measured */
/** @typedef {{type: "ok", id: string}} Ok */
/** @typedef {{type: "seat_taken", seat: string} | {type: "replaced"} | {type: "goodbye"}} SeatNews */
/** @typedef {Welcome | Booth | Levels | Answer | WireError | Measured | Ok | SeatNews} ServerMessage */
/** @typedef {{type: string, id?: string} & Record<string, unknown>} ClientMessage */

/** @typedef {"idle" | "connecting" | "open" | "lost" | "taken" | "replaced" | "revoked" | "refused"} LinkState of a page's WebSocket */

export {};
