// @ts-check
// What a room's page gets, look by look, until somebody takes the looks away: the far voice, the far picture, what is shown.

/** @param {[number, number]} times between two looks, and for how long something is still there, in ms */
([everyMs, stillMs]) => {
  /** @type {object[]} */
  const looks = [];
  Object.assign(window, { looks });
  const video = /** @type {HTMLVideoElement} */ (document.querySelector("video#remote"));
  let seenAt = -Infinity;
  let heardAt = -Infinity;
  const presented = () => {
    seenAt = performance.now();
    video.requestVideoFrameCallback(presented);
  };
  video.requestVideoFrameCallback(presented);

  /** @type {Map<string, {packets: number, energy: number}>} by track */
  const before = new Map();
  /** @param {string} selector */
  const text = (selector) => document.querySelector(selector)?.textContent ?? "";

  const look = async () => {
    const detail = [];
    const stream = /** @type {MediaStream | null} */ (video.srcObject);
    const played = stream?.getAudioTracks().map(({ id }) => id) ?? [];
    /** @type {RTCPeerConnection[]} */
    const peers = /** @type {any} */ (window).hanmaru?.peers ?? [];
    for (const [number, peer] of peers.entries()) {
      for (const entry of (await peer.getStats()).values()) {
        if (entry.type !== "inbound-rtp" || entry.kind !== "audio") continue;
        const now = { packets: entry.packetsReceived, energy: entry.totalAudioEnergy };
        const old = before.get(entry.trackIdentifier) ?? { packets: 0, energy: 0 };
        before.set(entry.trackIdentifier, now);
        const isPlayed = played.includes(entry.trackIdentifier);
        if (isPlayed && now.energy - old.energy > 1e-7 && now.packets > old.packets) heardAt = performance.now();
        detail.push(`${number}${isPlayed ? "*" : ""}:${peer.connectionState}+${now.packets - old.packets}`);
      }
    }
    const now = performance.now();
    const slate = /** @type {HTMLElement | null} */ (document.querySelector("#slate"));
    const said = slate?.inert ? "" : `: ${text("#head")} / ${text("#advice:not([hidden])")}`;
    looks.push({
      at: performance.timeOrigin + now,
      heard: now - heardAt < stillMs,
      seen: now - seenAt < stillMs,
      shown: `${document.documentElement.dataset.state}${said}`,
      detail: detail.join(" "),
    });
    setTimeout(look, everyMs);
  };
  void look();
};
