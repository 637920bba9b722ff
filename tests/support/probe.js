// @ts-check
// What a page really gets: frames and samples, read from copies of the tracks so that nothing heard or seen is altered.

/** @typedef {{time_ms: number, number: number, width: number, height: number}} Seen */

(() => {
  const COLUMNS = 12;
  const ROWS = 3;

  /** The element that shows the far picture and plays the sound. */
  function remote() {
    const named = document.querySelector("video#remote, audio#remote");
    const any = [...document.querySelectorAll("video, audio")].find(
      (element) => /** @type {HTMLMediaElement} */ (element).srcObject && element.id !== "self",
    );
    return /** @type {HTMLMediaElement | null} */ (named ?? any ?? null);
  }

  /** @param {"audio" | "video"} kind */
  function track(kind) {
    const stream = /** @type {MediaStream | null} */ (remote()?.srcObject ?? null);
    const found = stream?.getTracks().find((each) => each.kind === kind && each.readyState === "live");
    return found ?? null;
  }

  /** @param {Uint8Array} bytes */
  function base64(bytes) {
    let text = "";
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return btoa(text);
  }

  /**
   * The luma plane of a frame, rows without gaps.
   * @param {VideoFrame} frame
   */
  async function luma(frame) {
    const rect = frame.visibleRect;
    if (!rect || !frame.format || !/^(I4|NV12)/.test(frame.format)) throw new Error(`cannot read ${frame.format}`);
    const bytes = new Uint8Array(frame.allocationSize());
    const [plane] = await frame.copyTo(bytes);
    const { width, height } = rect;
    const rows = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      const from = plane.offset + y * plane.stride;
      rows.set(bytes.subarray(from, from + width), y * width);
    }
    return { width, height, rows };
  }

  /**
   * Number in the strip whose cells lie at these shares of the picture; -1 when the check bits disagree.
   * @param {{width: number, height: number, rows: Uint8Array}} picture
   * @param {number[][]} cells
   */
  function strip(picture, cells) {
    const bits = cells.map(([x, y]) => {
      const at = Math.floor(y * picture.height) * picture.width + Math.floor(x * picture.width);
      return picture.rows[at] > 125 ? 1 : 0;
    });
    let check = 0xff;
    for (const bit of bits.slice(0, COLUMNS * ROWS - 8)) {
      check = ((check << 1) ^ (((check >> 7) ^ bit) & 1 ? 7 : 0)) & 0xff;
    }
    const value = (/** @type {number} */ from, /** @type {number} */ to) =>
      bits.slice(from, to).reduce((sum, bit) => sum * 2 + bit, 0);
    return check === value(28, 36) ? value(8, 24) : -1;
  }

  /** Seconds of sound that the jitter buffer made up, stretched or left out so far, over all connections. */
  async function disturbed_s() {
    /** @type {RTCPeerConnection[]} */
    const peers = /** @type {any} */ (window).hanmaru?.peers ?? [];
    let samples = 0;
    for (const peer of peers) {
      for (const entry of (await peer.getStats()).values()) {
        if (entry.type !== "inbound-rtp" || entry.kind !== "audio") continue;
        samples += entry.concealedSamples + entry.insertedSamplesForDeceleration + entry.removedSamplesForAcceleration;
      }
    }
    return samples / 48000;
  }

  /** @type {{reader: ReadableStreamDefaultReader<VideoFrame>, copy: MediaStreamTrack, seen: Seen[]} | null} */
  let watching = null;
  /** @type {{reader: ReadableStreamDefaultReader<AudioData>, copy: MediaStreamTrack, pieces: Float32Array[], rate_hz: number, calm_s: number} | null} */
  let listening = null;

  const probe = {
    /** How the page presents what it gets. */
    presented() {
      const element = remote();
      if (!element) return null;
      const box = element.getBoundingClientRect();
      const video = element instanceof HTMLVideoElement ? element : null;
      return {
        paused: element.paused,
        muted: element.muted,
        volume: element.volume,
        left: box.left,
        top: box.top,
        width: box.width,
        height: box.height,
        fit: getComputedStyle(element).objectFit,
        video_width: video?.videoWidth ?? 0,
        video_height: video?.videoHeight ?? 0,
        window_width: innerWidth,
        window_height: innerHeight,
      };
    },

    /** One frame of the far picture: its luma, or null when none comes in time. @param {number} wait_ms */
    async picture(wait_ms) {
      const source = track("video");
      if (!source) return null;
      const copy = source.clone();
      const reader = new MediaStreamTrackProcessor({ track: copy, maxBufferSize: 1 }).readable.getReader();
      const timer = setTimeout(() => void reader.cancel(), wait_ms);
      try {
        const { value: frame } = await reader.read();
        if (!frame) return null;
        const { width, height, rows } = await luma(frame);
        frame.close();
        return { width, height, rows: base64(rows) };
      } finally {
        clearTimeout(timer);
        await reader.cancel();
        copy.stop();
      }
    },

    /** Begin to note every frame that comes. @param {number[][]} cells */
    watch(cells) {
      const source = track("video");
      if (!source) throw new Error("no far picture to watch");
      const copy = source.clone();
      const reader = new MediaStreamTrackProcessor({ track: copy, maxBufferSize: 3 }).readable.getReader();
      const own = (watching = { reader, copy, seen: /** @type {Seen[]} */ ([]) });
      void (async () => {
        for (;;) {
          const { value: frame, done } = await reader.read();
          if (done) return;
          const time_ms = performance.now();
          const picture = await luma(frame);
          frame.close();
          own.seen.push({ time_ms, number: strip(picture, cells), width: picture.width, height: picture.height });
        }
      })();
      return performance.now();
    },

    /** End `watch`: every frame since then, and when it ended. */
    async watched() {
      if (!watching) throw new Error("nothing is watched");
      const { reader, copy, seen } = watching;
      watching = null;
      const ended_ms = performance.now();
      await reader.cancel();
      copy.stop();
      return { ended_ms, seen };
    },

    /** Begin to keep every sample that comes. */
    async listen() {
      const calm_s = await disturbed_s();
      const source = track("audio");
      if (!source) throw new Error("no sound to listen to");
      const copy = source.clone();
      const reader = new MediaStreamTrackProcessor({ track: copy, maxBufferSize: 100 }).readable.getReader();
      const own = (listening = { reader, copy, pieces: /** @type {Float32Array[]} */ ([]), rate_hz: 0, calm_s });
      void (async () => {
        for (;;) {
          const { value: sound, done } = await reader.read();
          if (done) return;
          const piece = new Float32Array(sound.numberOfFrames);
          sound.copyTo(piece, { planeIndex: 0, format: "f32-planar" });
          own.rate_hz = sound.sampleRate;
          own.pieces.push(piece);
          sound.close();
        }
      })();
    },

    /** End `listen`: every sample since then, and how much of it the jitter buffer altered. */
    async heard() {
      if (!listening) throw new Error("nobody listens");
      const { reader, copy, pieces, rate_hz, calm_s } = listening;
      listening = null;
      await reader.cancel();
      copy.stop();
      const samples = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
      let at = 0;
      for (const piece of pieces) {
        samples.set(piece, at);
        at += piece.length;
      }
      return { rate_hz, samples: base64(new Uint8Array(samples.buffer)), disturbed_s: (await disturbed_s()) - calm_s };
    },
  };

  Object.assign(window, { probe });
})();
