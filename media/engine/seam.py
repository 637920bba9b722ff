"""Where Hanmaru touches aiortc below its public surface: RTP is taken where datagrams enter, and sent where they leave.

The library does ICE, DTLS and SDP. Its own way of media is left out: SRTP never reaches its queue, its parsed objects
and its tasks. Every private name used here stands in `TOUCHED`; a test fails loudly when one changes. Versions are
pinned in pyproject.toml.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import aioice.ice
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection
from aiortc.codecs import get_capabilities, is_rtx
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpparameters import (
    RTCRtpCapabilities,
    RTCRtpReceiveParameters,
    RTCRtpSendParameters,
)
from aiortc.rtcrtpreceiver import RemoteStreamTrack
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtcrtptransceiver import RTCRtpTransceiver

from media.engine.receiving import Format, Receiving
from media.engine.secured import SrtpWire
from media.engine.sending import Agreed, Sending
from media.engine.session import Incoming, RtpSession
from media.rtp import HeaderWriter

TOUCHED = {
    "aiortc.rtcpeerconnection.RTCPeerConnection": (
        "_RTCPeerConnection__createTransceiver", "_RTCPeerConnection__createDtlsTransport",
    ),
    "aiortc.rtcrtptransceiver.RTCRtpTransceiver": ("_RTCRtpTransceiver__receiver", "_RTCRtpTransceiver__sender"),
    "aiortc.rtcrtpsender.RTCRtpSender": ("_stream_id", "_ssrc", "_rtx_ssrc"),
    "aiortc.rtcrtpreceiver.RTCRtpReceiver": ("_track", "_enabled", "_set_rtcp_ssrc"),
    "aiortc.rtcicetransport.RTCIceTransport": ("_connection",),
    "aioice.ice.Connection": ("_nominated",),
}  # fmt: skip

SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"


Wires: TypeAlias = Callable[[RTCDtlsTransport], SrtpWire]


class Receiver:
    """Stands in for RTCRtpReceiver: tells our session what was agreed, and takes no packets itself."""

    def __init__(self, transport: RTCDtlsTransport, receiving: Receiving, session: RtpSession, wire: Wires) -> None:
        self._enabled = True
        self._track: RemoteStreamTrack | None = None
        self._transport = transport
        self._receiving = receiving
        self._session = session
        self._wire = wire
        self._rtcp_ssrc = 0

    @property
    def track(self) -> RemoteStreamTrack | None:
        return self._track

    @property
    def transport(self) -> RTCDtlsTransport:
        return self._transport

    @classmethod
    def getCapabilities(cls, kind: str) -> RTCRtpCapabilities | None:  # noqa: N802 (the name that is called)
        return get_capabilities(kind)

    async def getStats(self) -> dict[str, Any]:  # noqa: N802
        return {}

    def setTransport(self, transport: RTCDtlsTransport) -> None:  # noqa: N802
        self._transport = transport

    def _set_rtcp_ssrc(self, ssrc: int) -> None:
        self._rtcp_ssrc = ssrc

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """Begin: aiortc calls this once the transport is up."""
        formats: dict[int, Format] = {}
        for codec in parameters.codecs:
            again = is_rtx(codec)
            original = codec.parameters.get("apt", 0) if again else 0
            if codec.payloadType is not None and isinstance(original, int):
                name = "rtx" if again else codec.name.lower()
                formats[codec.payloadType] = Format(name, codec.clockRate, original)
        originals = {encoding.rtx.ssrc: encoding.ssrc for encoding in parameters.encodings if encoding.rtx}
        send_time_id = _ids(parameters).get(SEND_TIME, 0)
        wire = self._wire(self._transport)
        self._session.receive(self._receiving, wire, self._rtcp_ssrc, formats, originals, send_time_id)

    async def stop(self) -> None:
        """End for good."""
        self._receiving.stop()


class Sender(RTCRtpSender):
    """Stands in for RTCRtpSender: tells our session what was agreed, and has no task and no track of its own."""

    def __init__(self, kind: str, transport: RTCDtlsTransport, session: RtpSession, wire: Wires) -> None:
        super().__init__(kind, transport)
        self._session = session
        self._wire = wire
        self.sending = Sending()

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        """Begin: aiortc calls this once the transport is up."""
        media = parameters.codecs[0].payloadType or 0
        repairs = [
            (codec.parameters.get("apt"), codec.payloadType or 0) for codec in parameters.codecs if is_rtx(codec)
        ]
        agains = {original: again for original, again in repairs if isinstance(original, int)}
        ids = _ids(parameters)
        header = HeaderWriter(parameters.muxId, ids.get(MID, 0), ids.get(SEND_TIME, 0))
        again, name = agains.get(media, 0), parameters.rtcp.cname or ""
        agreed = Agreed(media, again, self._ssrc, self._rtx_ssrc, name, header, agains)
        self._session.send(self.sending, self._wire(self.transport), agreed)

    async def stop(self) -> None:
        """End for good."""
        self.sending.stop()


class PeerConnection(RTCPeerConnection):
    """A peer connection that is the library's up to DTLS, and above it our own RTP session."""

    def __init__(self, incoming: Incoming, start_bits_per_s: int) -> None:
        super().__init__(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self.session = RtpSession(incoming)
        self._incoming = incoming
        self._start_bits_per_s = start_bits_per_s
        self._wires: dict[RTCDtlsTransport, SrtpWire] = {}

    @property
    def malformed(self) -> int:
        """Packets from the peer that could not be read, or not be unprotected."""
        return self.session.malformed + sum(wire.all_refused for wire in self._wires.values())

    @property
    def carried_bytes(self) -> tuple[int, int]:
        """Received and sent so far: SRTP, SRTCP, and of what is received DTLS."""
        carried = [wire.carried_bytes for wire in self._wires.values()]
        return sum(came for came, _ in carried), sum(went for _, went in carried)

    @property
    def ice(self) -> aioice.ice.Connection | None:
        """The one over which it is connected; None before."""
        found = (transport.transport._connection for transport in self._wires)
        return next((each for each in found if 1 in each._nominated), None)

    def pace(self, paced: bool) -> None:
        """Whether what comes waits for the next tick, or is taken at once."""
        for wire in self._wires.values():
            wire.pace(paced)

    async def close(self) -> None:
        self.session.close()
        await super().close()

    def _RTCPeerConnection__createDtlsTransport(self) -> RTCDtlsTransport:  # noqa: N802 (as below)
        make: Callable[[], RTCDtlsTransport] = super()._RTCPeerConnection__createDtlsTransport  # type: ignore[misc]
        transport = make()
        self._wires[transport] = SrtpWire(transport, self.session)
        return transport

    def _RTCPeerConnection__createTransceiver(  # noqa: N802 (the library's private name: see TOUCHED)
        self, direction: str, kind: str, sender_track: MediaStreamTrack | None = None
    ) -> RTCRtpTransceiver:
        make: Callable[..., RTCRtpTransceiver] = super()._RTCPeerConnection__createTransceiver  # type: ignore[misc]
        transceiver = make(direction=direction, kind=kind, sender_track=sender_track)
        stock, wire = transceiver.sender, self._wires.__getitem__
        sender = Sender(kind, stock.transport, self.session, wire)
        sender._stream_id = stock._stream_id
        receiving = Receiving(kind, self._incoming, self.session.poll_later, self._start_bits_per_s)
        receiver = Receiver(stock.transport, receiving, self.session, wire)
        receiver._set_rtcp_ssrc(sender._ssrc)
        transceiver._RTCRtpTransceiver__sender = sender  # type: ignore[attr-defined]
        transceiver._RTCRtpTransceiver__receiver = receiver  # type: ignore[attr-defined]
        return transceiver


def _ids(parameters: RTCRtpReceiveParameters | RTCRtpSendParameters) -> dict[str, int]:
    return {extension.uri: extension.id for extension in parameters.headerExtensions}
