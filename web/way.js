// @ts-check
/** How a connection's media goes: straight to the server, or through a relay, and over what. No DOM here. */

/** @typedef {"direct" | "relay-udp" | "relay-tcp" | "relay-tls"} Way */

/** The word for each way, short enough for a lamp. @type {Readonly<Record<Way, string>>} */
export const WAYS = Object.freeze({ direct: "way.direct", "relay-udp": "way.relay_udp", "relay-tcp": "way.relay_tcp", "relay-tls": "way.relay_tls" });

/**
 * @param {RTCStatsReport | Map<string, any>} report
 * @returns {Way | null} null until a pair of candidates is chosen, and where the browser does not tell
 */
export function wayOf(report) {
  const entries = [...report.values()];
  const id = entries.find((entry) => entry.type === "transport" && entry.selectedCandidatePairId)?.selectedCandidatePairId;
  // Firefox has no transport entry, and marks the pair
  const pair = id ? report.get(id) : entries.find((entry) => entry.type === "candidate-pair" && entry.selected);
  const local = pair && report.get(pair.localCandidateId);
  if (!local) return null;
  if (local.candidateType !== "relay") return "direct";
  if (local.relayProtocol === "tls") return "relay-tls";
  return local.relayProtocol === "tcp" ? "relay-tcp" : "relay-udp";
}
