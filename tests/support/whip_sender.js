// A WHIP client as one would write it for any server: nothing of ours is in it. Sends camera and microphone.
async ({ address, token }) => {
  const plain = { autoGainControl: false, echoCancellation: false, noiseSuppression: false };
  const own = await navigator.mediaDevices.getUserMedia({ audio: plain, video: true });
  const peer = new RTCPeerConnection();
  for (const track of own.getTracks()) peer.addTransceiver(track, { direction: "sendonly" });
  const gathered = new Promise((done) => (peer.onicecandidate = ({ candidate }) => candidate || done()));
  await peer.setLocalDescription();
  await gathered;
  const send = (method, url, headers, body) => fetch(url, { method, headers: { Authorization: `Bearer ${token}`, ...headers }, body });
  const answer = await send("POST", address, { "Content-Type": "application/sdp" }, peer.localDescription.sdp);
  if (answer.status !== 201) return { status: answer.status, said: await answer.text() };
  const resource = new URL(answer.headers.get("Location"), answer.url);
  await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  window.hangUp = async () => (await send("DELETE", resource, {})).status;
  return { status: answer.status, said: "" };
};
