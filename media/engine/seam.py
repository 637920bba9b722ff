"""Where Hanmaru touches aiortc below its public surface: encoded packets in, PLI and REMB heard, addresses chosen.

Every private name used here stands in `TOUCHED`; a test fails loudly when one changes. Versions are pinned in
pyproject.toml.
"""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import aioice.ice
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection
from aiortc.codecs import get_capabilities, is_rtx
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.mediastreams import MediaStreamError
from aiortc.rate import RemoteBitrateEstimator
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpCapabilities, RTCRtpCodecParameters, RTCRtpReceiveParameters
from aiortc.rtcrtpreceiver import RemoteStreamTrack, StreamStatistics
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtcrtptransceiver import RTCRtpTransceiver
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    RtpPacket,
    pack_remb_fci,
    unpack_remb_fci,
    unwrap_rtx,
)

from media import h264
from media.assembly import Fragment
from media.engine.spawn import spawn
from media.errors import MediaError

TOUCHED = {
    "aiortc.rtcpeerconnection.RTCPeerConnection": (
        "_RTCPeerConnection__createTransceiver", "_RTCPeerConnection__createDtlsTransport",
    ),
    "aiortc.rtcrtptransceiver.RTCRtpTransceiver": ("_RTCRtpTransceiver__receiver", "_RTCRtpTransceiver__sender"),
    "aiortc.rtcrtpsender.RTCRtpSender": ("_handle_rtcp_packet", "_send_keyframe", "_stream_id", "_ssrc"),
    "aiortc.rtcrtpreceiver.RTCRtpReceiver": (
        "_track", "_enabled", "_set_rtcp_ssrc", "_handle_rtp_packet", "_handle_rtcp_packet", "_handle_disconnect",
    ),
    "aiortc.rtcdtlstransport.RTCDtlsTransport": (
        "_send_rtp", "_register_rtp_receiver", "_unregister_rtp_receiver", "_get_stats", "_recv_next", "_rtp_router",
    ),
    "aiortc.rtcdtlstransport.RtpRouter": ("ssrc_table",),
    "aioice.ice": ("get_host_addresses",),
    "aioice.ice.StunProtocol": ("datagram_received", "receiver"),
    "aioice.ice.Connection": ("remote_candidates",),
}  # fmt: skip

REMB_FLOOR_S = 10.0
"""The estimator starts near 200 kb/s and climbs 8 % a second: floored until it has seen the real rate."""
ESTIMATE_GAP_S = 5.0
"""A longer pause begins the estimate anew: the library's counter walks it by the millisecond, 0.5 s for an hour."""
REPORT_EVERY_S = 1.0
LAST_STUN_BYTE = 3  # RFC 7983 section 7
MOST_STREAMS = 8
"""SSRCs of one kind on a connection (a browser has two): the oldest goes, or random ones would fill the memory."""

_offered_addresses: ContextVar[tuple[str, ...] | None] = ContextVar("offered_addresses", default=None)
_library_addresses = aioice.ice.get_host_addresses


def _host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    chosen = _offered_addresses.get()
    if chosen is None:
        return _library_addresses(use_ipv4, use_ipv6)
    return [address for address in chosen if (":" in address and use_ipv6) or (":" not in address and use_ipv4)]


aioice.ice.get_host_addresses = _host_addresses

_library_datagram = aioice.ice.StunProtocol.datagram_received
dropped: Counter[str] = Counter(strangers=0)
"""Datagrams of this process that were dropped because of where they came from."""


def _datagram(protocol: aioice.ice.StunProtocol, data: Any, address: tuple[Any, ...]) -> None:
    """Take STUN from anywhere, which aioice authenticates, and all else only from where a valid check came from.

    Without this an empty datagram from anybody ends a call, and a plaintext alert its handshake (CVE-2023-51443).
    """
    if not data or (data[0] > LAST_STUN_BYTE and not _is_known(protocol, address)):
        dropped["strangers"] += 1
        return
    _library_datagram(protocol, data, address)


def _is_known(protocol: aioice.ice.StunProtocol, address: tuple[Any, ...]) -> bool:
    return any(peer.port == address[1] and peer.host == address[0] for peer in protocol.receiver.remote_candidates)


aioice.ice.StunProtocol.datagram_received = _datagram  # type: ignore[assignment, method-assign]


@contextmanager
def offering(addresses: tuple[str, ...]) -> Iterator[None]:
    """Within: connections of this task gather exactly these local addresses (aioice itself never offers loopback)."""
    token = _offered_addresses.set(addresses)
    try:
        yield
    finally:
        _offered_addresses.reset(token)


class Incoming:
    """What a connection hands to a receiver's packets; the callbacks must not block."""

    def on_sound(self, sequence: int, timestamp: int, payload: bytes) -> None:
        """One Opus packet: RTP sequence number, 48 kHz timestamp, payload."""

    def on_picture(
        self, sequence: int, timestamp: int, marker: bool, payload: bytes, begins: bool | None, key: bool
    ) -> None:
        """One packet of VP8 (without its payload descriptor) or H.264 (as Annex B); without payload it is padding."""

    def on_key_frame_wanted(self) -> None:
        """The peer cannot go on without a key frame (PLI or FIR)."""

    def on_bitrate(self, bits_per_s: int) -> None:
        """The peer's estimate of what its line carries (REMB)."""


class Receiver:
    """Stands in for RTCRtpReceiver: packets go to `incoming` undecoded; keeps the RTCP side (RR, NACK, PLI, REMB)."""

    def __init__(self, kind: str, transport: RTCDtlsTransport, incoming: Incoming, start_bits_per_s: int) -> None:
        self._enabled = True
        self._track: RemoteStreamTrack | None = None
        self._kind = kind
        self._incoming = incoming
        self._transport = transport
        self._codecs: dict[int, RTCRtpCodecParameters] = {}
        self._rtx: dict[int, int] = {}
        self._rtcp_ssrc: int | None = None
        self._media_ssrc: int | None = None
        self._streams: dict[int, StreamStatistics] = {}
        self._sender_report: dict[int, tuple[int, float]] = {}
        self._estimator = RemoteBitrateEstimator()
        self._estimated_at = float("-inf")
        self._remb_floor = start_bits_per_s
        self._floored_until = float("-inf")
        self._reports: asyncio.Task[None] | None = None
        self._forgotten = (0, 0)

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
        return dict(self._transport._get_stats())

    def setTransport(self, transport: RTCDtlsTransport) -> None:  # noqa: N802
        self._transport = transport

    def _set_rtcp_ssrc(self, ssrc: int) -> None:
        self._rtcp_ssrc = ssrc

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """Begin: aiortc calls this once the transport is up."""
        if self._reports is not None:
            return
        self._codecs = {codec.payloadType: codec for codec in parameters.codecs if codec.payloadType is not None}
        for encoding in parameters.encodings:
            if encoding.rtx:
                self._rtx[encoding.rtx.ssrc] = encoding.ssrc
        self._transport._register_rtp_receiver(self, parameters)
        self._reports = spawn(self._report(), "receiver-reports")

    async def stop(self) -> None:
        """End for good."""
        if self._reports is not None:
            self._transport._unregister_rtp_receiver(self)
            self._reports.cancel()
            await asyncio.gather(self._reports, return_exceptions=True)

    def _handle_disconnect(self) -> None:
        """aiortc says that the transport is gone; the connection's watchdog acts on it."""

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket):
            self._sender_report[packet.ssrc] = ((packet.sender_info.ntp_timestamp >> 16) & 0xFFFFFFFF, time.monotonic())

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        codec = self._codecs.get(packet.payload_type)
        if codec is None or not self._enabled:
            return
        stream = self._streams.get(packet.ssrc)
        if stream is None:
            stream = self._streams[packet.ssrc] = StreamStatistics(codec.clockRate)
            if len(self._streams) > MOST_STREAMS:
                self._forget(next(iter(self._streams)))
        stream.add(packet)
        await self._estimate(packet)
        if is_rtx(codec):
            original, apt = self._rtx.get(packet.ssrc), codec.parameters.get("apt")
            if original is None or len(packet.payload) < 2 or not isinstance(apt, int) or apt not in self._codecs:
                return
            packet, codec = unwrap_rtx(packet, payload_type=apt, ssrc=original), self._codecs[apt]
        self._media_ssrc = packet.ssrc
        if self._kind == "audio":
            if packet.payload:
                self._incoming.on_sound(packet.sequence_number, packet.timestamp, packet.payload)
            return
        if not packet.payload:  # padding, sent to probe the line
            self._incoming.on_picture(packet.sequence_number, packet.timestamp, False, b"", False, False)
            return
        try:
            part = h264.depacketise(packet.payload) if codec.name == "H264" else _vp8_fragment(packet.payload)
        except (ValueError, MediaError):
            return
        number, timestamp, marker = packet.sequence_number, packet.timestamp, bool(packet.marker)
        self._incoming.on_picture(number, timestamp, marker, part.payload, part.begins, part.key)

    def counts(self) -> tuple[int, int]:
        """Media packets received, and lost for good, since the beginning."""
        received, lost = self._forgotten
        for ssrc, stream in self._streams.items():
            if ssrc not in self._rtx:
                received += stream.packets_received
                lost += max(0, stream.packets_lost)
        return received, lost

    async def ask_again(self, sequences: tuple[int, ...]) -> None:
        """NACK: have these packets sent again (RFC 4585 section 6.2.1)."""
        if self._rtcp_ssrc is not None and self._media_ssrc is not None:
            packet = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=self._rtcp_ssrc, media_ssrc=self._media_ssrc)
            packet.lost = sorted(sequences)
            await self._send(packet)

    async def ask_key_frame(self) -> None:
        """PLI: have a key frame sent (RFC 4585 section 6.3.1). The caller limits the rate."""
        if self._rtcp_ssrc is not None and self._media_ssrc is not None:
            await self._send(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=self._rtcp_ssrc, media_ssrc=self._media_ssrc))

    def _forget(self, ssrc: int) -> None:
        if ssrc not in self._rtx and (stream := self._streams.get(ssrc)) is not None:
            received, lost = self._forgotten
            self._forgotten = (received + stream.packets_received, lost + max(0, stream.packets_lost))
        for known in (
            self._streams,
            self._sender_report,
            self._estimator.ssrcs,
            self._transport._rtp_router.ssrc_table,
        ):
            known.pop(ssrc, None)

    async def _estimate(self, packet: RtpPacket) -> None:
        if self._kind != "video" or packet.extensions.abs_send_time is None or self._rtcp_ssrc is None:
            return
        now = time.monotonic()  # the arrival time that the library hands over jumps with the wall clock
        if now - self._estimated_at > ESTIMATE_GAP_S:
            self._estimator, self._floored_until = RemoteBitrateEstimator(), now + REMB_FLOOR_S
        self._estimated_at = now
        estimate = self._estimator.add(
            abs_send_time=packet.extensions.abs_send_time,
            arrival_time_ms=int(now * 1000),
            payload_size=len(packet.payload) + packet.padding_size,
            ssrc=packet.ssrc,
        )
        if estimate is not None:
            bits_per_s, ssrcs = estimate
            if now < self._floored_until:
                bits_per_s = max(bits_per_s, self._remb_floor)
            fci = pack_remb_fci(bits_per_s, ssrcs)
            await self._send(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=self._rtcp_ssrc, media_ssrc=0, fci=fci))

    async def _report(self) -> None:
        """A receiver report per second, varied by half (RFC 3550 section 6.2)."""
        while True:
            await asyncio.sleep(REPORT_EVERY_S * (0.5 + random.random()))  # noqa: S311 (no secret)
            reports = [self._info(ssrc, stream) for ssrc, stream in self._streams.items()]
            if reports and self._rtcp_ssrc is not None:
                await self._send(RtcpRrPacket(ssrc=self._rtcp_ssrc, reports=reports))

    def _info(self, ssrc: int, stream: StreamStatistics) -> RtcpReceiverInfo:
        last, at = self._sender_report.get(ssrc, (0, 0.0))
        since = time.monotonic() - at if last else 0.0
        return RtcpReceiverInfo(
            ssrc=ssrc,
            fraction_lost=stream.fraction_lost,
            packets_lost=stream.packets_lost,
            highest_sequence=stream.max_seq or 0,
            jitter=min(stream.jitter, 0xFFFFFFFF),
            lsr=last,
            dlsr=int(since * 65536) if since < 65536 else 0,
        )

    async def _send(self, packet: AnyRtcpPacket) -> None:
        with suppress(ConnectionError):  # going down; the watchdog sees the silence
            await self._transport._send_rtp(bytes(packet))


def _vp8_fragment(payload: bytes) -> Fragment:
    descriptor, payload = VpxPayloadDescriptor.parse(payload)
    begins = bool(descriptor.partition_start) and descriptor.partition_id == 0
    return Fragment(payload, begins, begins and bool(payload) and not payload[0] & 1)


class Sender(RTCRtpSender):
    """The library's sender, which tells the connection what the peer asks for."""

    def __init__(self, kind: str, transport: RTCDtlsTransport, incoming: Incoming) -> None:
        super().__init__(kind, transport)
        self._incoming = incoming

    def _send_keyframe(self) -> None:
        self._incoming.on_key_frame_wanted()

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            try:
                bits_per_s, ssrcs = unpack_remb_fci(packet.fci)
            except ValueError:
                return
            if self._ssrc in ssrcs:
                self._incoming.on_bitrate(bits_per_s)
            return
        await super()._handle_rtcp_packet(packet)


class PeerConnection(RTCPeerConnection):
    """A peer connection whose transceivers are made of our `Receiver` and `Sender`."""

    def __init__(self, incoming: Incoming, start_bits_per_s: int) -> None:
        super().__init__(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._incoming = incoming
        self._start_bits_per_s = start_bits_per_s
        self.malformed = 0
        """Packets from the peer that the library's parsers choked on."""

    def counts(self) -> dict[str, float]:
        """What it received and sent so far, by the door's `COUNTS`."""
        counts: Counter[str] = Counter()
        for transceiver in self.getTransceivers():
            receiver: object = transceiver.receiver
            assert isinstance(receiver, Receiver)
            packets, lost = receiver.counts()
            counts.update({f"{transceiver.kind}_packets": packets, f"{transceiver.kind}_lost": lost})
        for transport in {transceiver.sender.transport for transceiver in self.getTransceivers()}:
            (carried,) = transport._get_stats().values()
            counts.update(received_bytes=carried.bytesReceived, sent_bytes=carried.bytesSent)
        return dict(counts)

    def _RTCPeerConnection__createDtlsTransport(self) -> RTCDtlsTransport:  # noqa: N802 (as below)
        make: Callable[[], RTCDtlsTransport] = super()._RTCPeerConnection__createDtlsTransport  # type: ignore[misc]
        transport = make()
        receive = transport._recv_next

        async def receive_whatever_comes() -> None:
            try:
                await receive()
            except (ValueError, IndexError, struct.error):  # the library would end the connection, with a traceback
                self.malformed += 1

        transport._recv_next = receive_whatever_comes  # type: ignore[method-assign]
        return transport

    def _RTCPeerConnection__createTransceiver(  # noqa: N802 (the library's private name: see TOUCHED)
        self, direction: str, kind: str, sender_track: MediaStreamTrack | None = None
    ) -> RTCRtpTransceiver:
        make: Callable[..., RTCRtpTransceiver] = super()._RTCPeerConnection__createTransceiver  # type: ignore[misc]
        transceiver = make(direction=direction, kind=kind, sender_track=None)
        stock = transceiver.sender
        sender = Sender(kind, stock.transport, self._incoming)
        sender._stream_id = stock._stream_id
        sender.replaceTrack(sender_track)
        receiver = Receiver(kind, stock.transport, self._incoming, self._start_bits_per_s)
        receiver._set_rtcp_ssrc(sender._ssrc)
        transceiver._RTCRtpTransceiver__sender = sender  # type: ignore[attr-defined]
        transceiver._RTCRtpTransceiver__receiver = receiver  # type: ignore[attr-defined]
        return transceiver


class EncodedTrack(MediaStreamTrack):
    """A permanent outgoing track of encoded packets, bounded; the sender only packetises what `put` brings.

    It never raises while the connection lives: a track that ends kills its sender for good.
    """

    def __init__(self, kind: str, capacity: int, on_drop: Callable[[], None]) -> None:
        super().__init__()
        self.kind = kind
        self._queue: asyncio.Queue[Any] = asyncio.Queue(capacity)
        self._on_drop = on_drop
        self.dropped = 0

    def put(self, packet: Any) -> None:
        """Queue an `av.Packet`; when the sender is behind, the oldest goes and is counted."""
        if self._queue.full():
            self._queue.get_nowait()
            self.dropped += 1
            self._on_drop()
        self._queue.put_nowait(packet)

    async def recv(self) -> Any:
        if self.readyState != "live":
            raise MediaStreamError
        return await self._queue.get()
