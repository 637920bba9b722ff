"""GStreamer's WebRTC as an encoder, run by Debian's own Python: sends what two raw files hold, again and again.

`gstreamer_encoder.py ADDRESS TOKEN AUTHORITY CODEC WIDTHxHEIGHT PICTURES SOUND`, until SIGTERM; the files hold I420 at
30 pictures a second, and mono S16 at 48 kHz. Of WHIP only the two requests are ours: offer, ICE, DTLS, SRTP, codecs
and packets are GStreamer's.
"""

from __future__ import annotations

import importlib
import signal
import ssl
import sys
import urllib.parse
import urllib.request
from typing import Any

LONGEST_S = 60  # whoever forgets it is not left with it
PICTURES = (
    "multifilesrc location={pictures} loop=true ! "
    "rawvideoparse format=i420 width={width} height={height} framerate=30/1 ! clocksync ! queue ! {encoder} ! to. "
)
SOUND = (
    "multifilesrc location={sound} loop=true ! "
    "rawaudioparse pcm-format=s16le sample-rate=48000 num-channels=1 ! clocksync ! queue ! "
    "audioconvert ! opusenc ! rtpopuspay pt=111 ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! to. "
)
ENCODERS = {
    "vp8": "vp8enc deadline=1 cpu-used=8 keyframe-max-dist=30 target-bitrate=800000 ! "
    "rtpvp8pay pt=96 picture-id-mode=2 ! application/x-rtp,media=video,encoding-name=VP8,payload=96",
    "h264": "openh264enc complexity=low gop-size=30 bitrate=800000 ! "
    "rtph264pay pt=96 config-interval=-1 ! application/x-rtp,media=video,encoding-name=H264,payload=96",
}


class Encoder:
    """One connection: offers once it knows its candidates, and ends in good order."""

    def __init__(self, address: str, token: str, authority: str, pipeline: str) -> None:
        gi: Any = importlib.import_module("gi")  # not of this project's environment, so no import that a gate could see
        for name in ("Gst", "GstSdp", "GstWebRTC"):
            gi.require_version(name, "1.0")
        self.glib, self.gst, self.sdp, self.webrtc = (
            importlib.import_module(f"gi.repository.{name}") for name in ("GLib", "Gst", "GstSdp", "GstWebRTC")
        )
        self.gst.init(None)
        self.address, self.token = address, token
        self.tls = ssl.create_default_context(cafile=authority)
        self.loop = self.glib.MainLoop()
        self.pipe = self.gst.parse_launch(f"webrtcbin name=to bundle-policy=max-bundle {pipeline}")
        self.to = self.pipe.get_by_name("to")
        self.ice = self.to.get_property("ice-agent")  # kept: when Python lets go of it, it is gone
        self.ice.emit("add-local-ip-address", "127.0.0.1")  # and no other: the test's network ends at this machine

    def run(self) -> None:
        """Send until SIGTERM. Raises HTTPError when its end is not taken."""
        self.to.connect("on-negotiation-needed", self._offer)
        self.to.connect("notify::ice-gathering-state", self._gathered)
        self.glib.unix_signal_add(self.glib.PRIORITY_DEFAULT, signal.SIGTERM, self.loop.quit)
        self.glib.timeout_add_seconds(LONGEST_S, self.loop.quit)
        bus = self.pipe.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self._failed)
        self.pipe.set_state(self.gst.State.PLAYING)
        self.loop.run()
        self._request("DELETE", self.address)
        self.pipe.set_state(self.gst.State.NULL)

    def _offer(self, to: Any) -> None:
        for number in range(2):
            way = self.webrtc.WebRTCRTPTransceiverDirection.SENDONLY
            to.emit("get-transceiver", number).set_property("direction", way)
        to.emit("create-offer", None, self.gst.Promise.new_with_change_func(self._offered))

    def _offered(self, promise: Any) -> None:
        reply = promise.get_reply()  # the offer lives in it, and no longer than it
        self.to.emit("set-local-description", reply.get_value("offer"), None)

    def _gathered(self, to: Any, _: Any) -> None:
        if to.get_property("ice-gathering-state") == self.webrtc.WebRTCICEGatheringState.COMPLETE:
            self.glib.idle_add(self._publish)  # its threads have other things to do than HTTP

    def _publish(self) -> None:
        offer = self.to.get_property("local-description").sdp.as_text()
        location, text = self._request("POST", self.address, offer.encode())
        self.address = urllib.parse.urljoin(self.address, location)
        _, message = self.sdp.SDPMessage.new_from_text(text)
        answer = self.webrtc.WebRTCSessionDescription.new(self.webrtc.WebRTCSDPType.ANSWER, message)
        self.to.emit("set-remote-description", answer, None)

    def _request(self, method: str, address: str, body: bytes | None = None) -> tuple[str, str]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/sdp"}
        request = urllib.request.Request(address, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=15, context=self.tls) as answer:
            return answer.headers.get("Location", ""), answer.read().decode()

    def _failed(self, _: Any, message: Any) -> None:
        print(*message.parse_error())  # noqa: T201
        self.loop.quit()


if __name__ == "__main__":
    address, token, authority, codec, size, pictures, sound = sys.argv[1:]
    width, height = size.split("x")
    chain = PICTURES.format(pictures=pictures, width=width, height=height, encoder=ENCODERS[codec])
    Encoder(address, token, authority, chain + SOUND.format(sound=sound)).run()
