"""A simulated participant: a native WebRTC client with an unreal camera and microphone, and sinks that measure.

It stands on the library's own receiver and sender, not on the server's, so that it is an independent witness.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import aioice.ice
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.rtcconfiguration import RTCBundlePolicy, RTCIceTransportPolicy

from media.engine.addresses import offering
from media.engine.simulated_camera import Camera, CameraTrack
from media.engine.simulated_microphone import Microphone, MicrophoneTrack
from media.engine.simulated_picture import PictureSink
from media.engine.simulated_sound import SoundSink

LOOPBACK = ("127.0.0.1",)
"""Addresses for a peer on the server's own machine."""
CONNECT_S = 10.0  # on a line that works it takes well under a second; the server gives up after 15


def own_addresses() -> tuple[str, ...]:
    """Every IPv4 address of this machine, loopback first: works wherever the server is, and on its own machine too."""
    return (*LOOPBACK, *aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=False))


class NotConnectedError(ConnectionError):
    """The connection did not come up, or was closed before it did; the text says how far it got."""


@dataclass(frozen=True, slots=True)
class PeerFigures:
    """What the connection counted so far: media packets sent, received and lost on the way here."""

    audio_sent: int
    video_sent: int
    audio_received: int
    audio_lost: int
    video_received: int
    video_lost: int


@dataclass(frozen=True, slots=True)
class RelayWay:
    """One address of a relay (`turn:...`), with a name and a credential that it takes."""

    address: str
    username: str
    credential: str


class SimulatedPeer:
    """One peer connection that offers; used once, like the generation it is.

    `audio` and `video` are directions (`sendrecv`, `sendonly`, `recvonly`) or None: no m-line. Senders need a source.
    `takes`: the codecs that it offers for pictures besides its camera's, VP8 where it has none.
    With `addresses` only those local addresses are offered (loopback is never offered otherwise). No STUN. With `relay`
    it offers nothing but that way.
    """

    def __init__(
        self,
        *,
        audio: str | None = "sendrecv",
        video: str | None = "sendrecv",
        camera: Camera | None = None,
        microphone: Microphone | None = None,
        addresses: tuple[str, ...] | None = None,
        takes: tuple[str, ...] = (),
        connect_s: float = CONNECT_S,
        relay: RelayWay | None = None,
    ) -> None:
        self.sound = SoundSink() if _receives(audio) else None
        self.picture = PictureSink() if _receives(video) else None
        if (_sends(video) and camera is None) or (_sends(audio) and microphone is None):
            raise ValueError("A peer that sends needs a camera or a microphone.")
        self.camera = CameraTrack(camera) if camera is not None and _sends(video) else None
        self.microphone = MicrophoneTrack(microphone) if microphone is not None and _sends(audio) else None
        self._directions = {"audio": audio, "video": video}
        self._addresses = addresses
        self._takes = takes
        self._connect_s = connect_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[None] | None = None
        self._state_changed = asyncio.Event()
        # An empty list: None would mean a public STUN server.
        servers = [] if relay is None else [RTCIceServer(relay.address, relay.username, relay.credential)]
        policy = RTCIceTransportPolicy.ALL if relay is None else RTCIceTransportPolicy.RELAY
        self._pc = RTCPeerConnection(
            RTCConfiguration(servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE, iceTransportPolicy=policy)
        )
        self._pc.on("connectionstatechange", self._state_changed.set)
        self._pc.on("track", self._on_track)

    @property
    def state(self) -> str:
        """`new`, `connecting`, `connected`, `failed` or `closed`."""
        return str(self._pc.connectionState)

    async def offer(self) -> str:
        """The offer's SDP with every candidate in it."""
        for kind, track in (("audio", self.microphone), ("video", self.camera)):
            direction = self._directions[kind]
            if direction is None:
                continue
            transceiver = self._pc.addTransceiver(track or kind, direction=direction)
            if kind == "video":
                codecs = RTCRtpSender.getCapabilities("video").codecs
                names = (self.camera.codec if self.camera else "vp8", "rtx", *self._takes)
                wanted = [f"video/{name}" for name in names]
                transceiver.setCodecPreferences([c for c in codecs if c.mimeType.lower() in wanted])
            if isinstance(track, CameraTrack):
                # The library keeps a wanted key frame to itself; a sender of ready packets has to be told.
                transceiver.sender._send_keyframe = track.want_key_frame  # type: ignore[method-assign]
        with offering(self._addresses) if self._addresses is not None else nullcontext():
            await self._pc.setLocalDescription(await self._pc.createOffer())
        return str(self._pc.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        """Take the answer's SDP and wait until connected; raises NotConnectedError after `connect_s`."""
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        except Exception as fault:  # the library raises many kinds for an answer it cannot use
            raise NotConnectedError(f"The answer cannot be used: {fault}") from fault
        await self.connected()

    async def connected(self) -> None:
        """Wait until connected; raises NotConnectedError."""
        try:
            async with asyncio.timeout(self._connect_s):
                while self.state != "connected":
                    if self.state in ("failed", "closed"):
                        raise NotConnectedError(f"The connection is {self.state}.")
                    self._state_changed.clear()
                    await self._state_changed.wait()
        except TimeoutError as late:
            raise NotConnectedError(f"Not connected after {self._connect_s:.0f} s ({self.state}).") from late

    async def figures(self) -> PeerFigures:
        """Packet counts so far."""
        report: dict[str, Any] = await self._pc.getStats()
        counts = dict.fromkeys(PeerFigures.__slots__, 0)
        for stats in report.values():
            if stats.type == "outbound-rtp":
                counts[f"{stats.kind}_sent"] += stats.packetsSent
            elif stats.type == "inbound-rtp":
                counts[f"{stats.kind}_received"] += stats.packetsReceived
                counts[f"{stats.kind}_lost"] += max(0, stats.packetsLost)
        return PeerFigures(**counts)

    def hold(self) -> None:
        """Send no media until `go`, while the connection stays up."""
        for track in (self.camera, self.microphone):
            if track is not None:
                track.hold()

    def go(self) -> None:
        """Send media again."""
        for track in (self.camera, self.microphone):
            if track is not None:
                track.go()

    async def close(self) -> None:
        """Drop the connection; safe to call again, and to cancel: it then ends by itself."""
        if self._closing is None:
            # The library hangs for ever in a second close when the first was cancelled, so it gets a task of its own.
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await self._pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio" and self.sound is not None:
            self._keep(self.sound.listen(track))
        elif track.kind == "video" and self.picture is not None:
            self._keep(self.picture.watch(track))

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            task.get_loop().call_exception_handler({"message": "a simulated sink broke", "exception": fault})


def _receives(direction: str | None) -> bool:
    return direction in ("sendrecv", "recvonly")


def _sends(direction: str | None) -> bool:
    return direction in ("sendrecv", "sendonly")
