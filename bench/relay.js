// Leads a page's media over the relay: in what it says its candidates become the relay's, in the answer the server's do.
(() => {
  const relayed = (text, port) =>
    text.replace(/(candidate:\S+ \d+ \S+ \d+ )\S+ \d+( typ host)/g, `$1127.0.0.1 ${port}$2`);
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) {
    const message = typeof text === "string" ? JSON.parse(text) : null;
    if (message && message.type === "offer") {
      message.sdp = relayed(message.sdp, SERVER_PORT);
      return send.call(this, JSON.stringify(message));
    }
    if (message && message.type === "candidate" && message.candidate) {
      if (!/ udp /i.test(message.candidate)) return undefined;
      message.candidate = relayed(message.candidate, SERVER_PORT);
      return send.call(this, JSON.stringify(message));
    }
    return send.call(this, text);
  };
  const accept = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = async function (answer) {
    const port = / 127\.0\.0\.1 (\d+) typ host/.exec(answer.sdp);
    if (port) await window.benchLeadTo(Number(port[1]));
    return accept.call(this, { type: answer.type, sdp: relayed(answer.sdp, BROWSER_PORT) });
  };
})();
