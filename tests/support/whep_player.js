// A WHEP player as one would write it for any server: nothing of ours is in it. Plays into video#remote.
async ({ address, token }) => {
  const peer = new RTCPeerConnection();
  const video = document.createElement("video");
  video.id = "remote";
  video.autoplay = true;
  video.srcObject = new MediaStream();
  document.body.replaceChildren(video);
  window.hanmaru = { peers: [peer] }; // where the probe looks
  peer.ontrack = ({ track }) => video.srcObject.addTrack(track);
  for (const kind of ["audio", "video"]) peer.addTransceiver(kind, { direction: "recvonly" });
  const gathered = []; // candidates come before anybody knows where to send them
  let tell = (candidate) => gathered.push(candidate);
  peer.onicecandidate = ({ candidate }) => void tell(candidate);
  await peer.setLocalDescription();
  const send = (method, url, headers, body) => fetch(url, { method, headers: { Authorization: `Bearer ${token}`, ...headers }, body });
  const answer = await send("POST", address, { "Content-Type": "application/sdp" }, peer.localDescription.sdp);
  if (answer.status !== 201) return { status: answer.status, said: await answer.text() };
  const resource = new URL(answer.headers.get("Location"), answer.url);
  const tag = { "If-Match": answer.headers.get("ETag"), "Content-Type": "application/trickle-ice-sdpfrag" };
  const ufrag = /a=ice-ufrag:\S+\r\na=ice-pwd:\S+/.exec(peer.localDescription.sdp)[0];
  const patched = [];
  tell = async (candidate) => {
    const line = candidate?.candidate ? `a=${candidate.candidate}` : "a=end-of-candidates";
    const fragment = `${ufrag}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n${line}\r\n`;
    patched.push((await send("PATCH", resource, tag, fragment)).status);
  };
  await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  for (const candidate of gathered) await tell(candidate);
  window.hangUp = async () => (await send("DELETE", resource, {})).status;
  window.patched = patched;
  return { status: answer.status, said: "" };
};
