"""Where Hanmaru touches aiortc below its public surface: RTP is taken where datagrams enter, and sent where they leave.

The library does ICE, DTLS and SDP. Its own way of media is left out: SRTP never reaches its queue, its parsed objects
and its tasks. Every private name used here stands in `TOUCHED`; a test fails loudly when one changes. Versions are
pinned in pyproject.toml.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import pylibsrtp
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
from pylibsrtp import ffi  # type: ignore[attr-defined] # its cffi interface: see TOUCHED

from media.engine.receiving import Format, Receiving
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
    "aiortc.rtcdtlstransport.RTCDtlsTransport": ("_rx_srtp", "_tx_srtp"),
    "aiortc.rtcicetransport.RTCIceTransport": ("_connection",),
    "aioice.ice.Connection": ("data_received", "_nominated", "_queue"),
    "aioice.ice.StunProtocol": ("transport",),
    "pylibsrtp": ("ffi",),
    "pylibsrtp.Session": ("_cdata", "_buffer"),
}  # fmt: skip

FIRST_RTP_BYTE, LAST_RTP_BYTE = 128, 191  # RFC 7983 section 7
FIRST_DTLS_BYTE, LAST_DTLS_BYTE = 20, 63  # likewise
FIRST_RTCP_TYPE, LAST_RTCP_TYPE = 192, 223  # RFC 5761 section 4
MOST_SSRCS = 32
"""Of a connection in all its life: libsrtp keeps each for ever, and looks through all of them for a new one."""
SHORTEST_DATAGRAM = 12
"""Bytes: an RTP header; a protected RTCP packet is longer."""
LONGEST_DATAGRAM = 1500
"""Bytes: pylibsrtp's buffer, and Ethernet's."""
ROOM = 2048
"""Bytes for what is sent: pylibsrtp takes 1356 and no more, and some sources send packets of 1400 that we forward."""
MOST_WAITING = 64
"""Datagrams for DTLS: a handshake has a dozen. What the library has not taken yet waits there; more are dropped."""
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"


class SrtpWire:
    """The protected way of one connection: datagrams in, before anything waits for them, and out, at once."""

    def __init__(self, transport: RTCDtlsTransport, session: RtpSession) -> None:
        self.received_bytes = self.sent_bytes = 0
        self.refused = 0
        """Datagrams that could not be unprotected or protected, or that nobody took in time."""
        self._transport = transport
        self._session = session
        self._out: pylibsrtp.Session | None = None
        self._loop = asyncio.get_running_loop()
        self._ssrcs: set[bytes] = set()  # MOST_SSRCS
        self._leaving: list[bytes] = []  # what one turn of the loop brings: 32 datagrams a socket, or one tick
        self._ice = transport.transport._connection
        self._library: Callable[[bytes, int], None] = self._ice.data_received
        self._ice.data_received = self._datagram  # type: ignore[method-assign]

    def _datagram(self, data: bytes, component: int) -> None:
        self.received_bytes += len(data)
        if FIRST_RTP_BYTE <= data[0] <= LAST_RTP_BYTE:
            self._protected(data)
        elif FIRST_DTLS_BYTE <= data[0] <= LAST_DTLS_BYTE and self._ice._queue.qsize() < MOST_WAITING:
            self._library(data, component)
        else:
            self.refused += 1

    def _protected(self, data: bytes) -> None:
        session: pylibsrtp.Session | None = self._transport._rx_srtp
        if session is None or not SHORTEST_DATAGRAM <= len(data) <= LONGEST_DATAGRAM:
            self.refused += 1
            return
        now, control = time.monotonic(), FIRST_RTCP_TYPE <= data[1] <= LAST_RTCP_TYPE
        ssrc = data[4:8] if control else data[8:12]
        if ssrc not in self._ssrcs and len(self._ssrcs) >= MOST_SSRCS:
            self.refused += 1
            return
        try:
            plain = session.unprotect_rtcp(data) if control else session.unprotect(data)
        except pylibsrtp.Error:  # damaged, forged, or the same once more
            self.refused += 1
            return
        self._ssrcs.add(ssrc)
        if control:
            self._session.rtcp(plain, now)
        else:
            self._session.rtp(plain, now)

    def send_rtp(self, packet: bytes) -> None:
        """Protect and send one RTP packet; before and after the connection is up it is dropped."""
        session = self._outgoing()
        if session is not None:
            try:
                self._send(session.protect(packet))
            except (ValueError, pylibsrtp.Error):  # too long, or sent long ago: no fault of the other viewers
                self.refused += 1

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send one compound RTCP packet; before and after the connection is up it is dropped."""
        session = self._outgoing()
        if session is not None:
            self._leaving.append(session.protect_rtcp(packet))
            self._flush()  # a goodbye would be too late after this turn of the loop

    def _outgoing(self) -> pylibsrtp.Session | None:
        session: pylibsrtp.Session | None = self._transport._tx_srtp
        if session is not self._out and session is not None:
            self._out = session
            session._cdata = ffi.new("char[]", ROOM)
            session._buffer = ffi.buffer(session._cdata)
        return session

    def _send(self, data: bytes) -> None:
        if not self._leaving:
            self._loop.call_soon(self._flush)
        self._leaving.append(data)

    def _flush(self) -> None:
        leaving, self._leaving = self._leaving, []
        pair = self._ice._nominated.get(1)
        if pair is not None:
            send, address = pair.protocol.transport.sendto, pair.remote_addr
            for data in leaving:
                send(data, address)
                self.sent_bytes += len(data)


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
        media, again = parameters.codecs[0].payloadType or 0, 0
        for codec in parameters.codecs:
            if is_rtx(codec) and codec.parameters.get("apt") == media:
                again = codec.payloadType or 0
        ids = _ids(parameters)
        header = HeaderWriter(parameters.muxId, ids.get(MID, 0), ids.get(SEND_TIME, 0))
        agreed = Agreed(media, again, self._ssrc, self._rtx_ssrc, parameters.rtcp.cname or "", header)
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
        return self.session.malformed + sum(wire.refused for wire in self._wires.values())

    @property
    def carried_bytes(self) -> tuple[int, int]:
        """Received and sent so far: SRTP, SRTCP, and of what is received DTLS."""
        wires = self._wires.values()
        return sum(wire.received_bytes for wire in wires), sum(wire.sent_bytes for wire in wires)

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
