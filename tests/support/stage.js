// What a page of the stage has in place of a peer connection: it is connected at once, and shows a drawn room.
(() => {
  const silence = () => {
    const context = new AudioContext();
    return context.createMediaStreamDestination().stream.getAudioTracks()[0];
  };
  const canvas = document.createElement("canvas");
  const image = new Image();
  const draw = () => canvas.getContext("2d").drawImage(image, 0, 0);

  // The far picture as it is now; a test calls this again for one of another size.
  window.fetchFar = async () => {
    image.src = `/far.png?${performance.now()}`;
    await image.decode();
    Object.assign(canvas, { width: image.width, height: image.height });
    draw();
  };
  const picture = async () => {
    await window.fetchFar();
    setInterval(draw, 100);
    return canvas.captureStream(10).getVideoTracks()[0];
  };

  window.RTCPeerConnection = class extends EventTarget {
    connectionState = "new";
    localDescription = null;
    kinds = [];
    packets = 0;

    addTransceiver(track, { direction }) {
      const kind = typeof track === "string" ? track : track.kind;
      if (direction !== "sendonly") this.kinds.push(kind);
      const sender = { replaceTrack: async () => {}, getParameters: () => ({ encodings: [{}] }), setParameters: async () => {} };
      return { sender, setCodecPreferences: () => {} };
    }

    async setLocalDescription() {
      this.localDescription = { type: "offer", sdp: "v=0" };
    }

    async setRemoteDescription() {
      this.connectionState = "connected";
      for (const kind of this.kinds) this.ontrack?.({ track: kind === "audio" ? silence() : await picture() });
      this.onconnectionstatechange?.();
    }

    async getStats() {
      if (!window.stillLine) this.packets += 25;
      const arrived = this.kinds.map((kind) => [
        kind,
        { type: "inbound-rtp", kind, packetsReceived: this.packets, packetsLost: 0, framesDecoded: window.noPicture ? 0 : this.packets },
      ]);
      return new Map(arrived);
    }

    close() {
      this.connectionState = "closed";
    }
  };
})();
