"""The RTP session of one connection: what a datagram brings is led to its stream, and all of them report in time."""

from __future__ import annotations

import asyncio
import random
import struct
import time
from typing import Protocol

from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    unpack_remb_fci,
)

from media.engine.receiving import Format, Receiving
from media.engine.sending import Agreed, Sending, Wire
from media.engine.taker import Taker
from media.errors import MediaError
from media.rtp import parse

REPORT_EVERY_S = 1.0
MOST_WISHES = 1024
"""Sequence numbers taken from one NACK: as many as are kept."""


class Incoming(Taker, Protocol):
    """What a session hands to its connection. Nothing of it may block."""

    def on_key_frame_wanted(self) -> None:
        """The peer cannot go on without a key frame (PLI or FIR)."""

    def on_bitrate(self, bits_per_s: int) -> None:
        """The peer's estimate of what its line carries (REMB)."""

    def on_report(self, kind: str, ntp: int, timestamp: int, now: float) -> None:
        """A sender report of the peer: its NTP time (64 bits) and the RTP timestamp (32 bits) of the same moment."""


class RtpSession:
    """Streams are added once agreed upon; `close` ends the reports. `now` is monotonic seconds throughout."""

    def __init__(self, incoming: Incoming) -> None:
        self.malformed = 0
        """Packets of the peer that could not be read."""
        self.receivings: dict[str, Receiving] = {}
        self._incoming = incoming
        self._by_type: dict[int, Receiving] = {}
        self._sendings: dict[int, Sending] = {}
        self._send_time_id = 0
        self._loop = asyncio.get_running_loop()
        self._polls: dict[str, asyncio.TimerHandle] = {}
        self._reporting: asyncio.TimerHandle | None = None
        self._closed = False

    def receive(
        self,
        receiving: Receiving,
        wire: Wire,
        ssrc: int,
        formats: dict[int, Format],
        originals: dict[int, int],
        send_time_id: int,
    ) -> None:
        """Take one kind from now on."""
        receiving.start(wire, ssrc, formats, originals, send_time_id)
        self.receivings[receiving.kind] = receiving
        self._by_type.update(dict.fromkeys(formats, receiving))
        self._send_time_id = send_time_id
        self._begin_reports()

    def send(self, sending: Sending, wire: Wire, agreed: Agreed) -> None:
        """Send one stream from now on."""
        sending.start(wire, agreed)
        self._sendings[agreed.ssrc] = sending
        self._begin_reports()

    def close(self) -> None:
        """No more reports, and nothing is asked for."""
        self._closed = True
        for timer in (*self._polls.values(), self._reporting):
            if timer is not None:
                timer.cancel()

    @property
    def round_trip_s(self) -> float:
        """To the peer and back; 0.0 while unknown."""
        return max((sending.round_trip_s for sending in self._sendings.values()), default=0.0)

    def rtp(self, data: bytes, now: float) -> None:
        """Take one RTP packet, in the clear."""
        try:
            packet = parse(data, self._send_time_id)
            receiving = self._by_type.get(packet.payload_type)
            if receiving is not None:
                receiving.take(packet, now)
        except (ValueError, MediaError):
            self.malformed += 1

    def tell(self) -> None:
        """Note what passed by itself."""
        for receiving in self.receivings.values():
            try:
                receiving.tell()
            except (ValueError, MediaError):
                self.malformed += 1

    def rtcp(self, data: bytes, now: float) -> None:
        """Take one compound RTCP packet, in the clear."""
        try:
            for packet in RtcpPacket.parse(data):
                self._control(packet, now)
        except (ValueError, IndexError, struct.error):  # the library's parser trusts the lengths it reads
            self.malformed += 1

    def poll_later(self, receiving: Receiving, delay_s: float) -> None:
        """Have a stream look once more at what it misses, after this time and not when it said before."""
        if (earlier := self._polls.get(receiving.kind)) is not None:
            earlier.cancel()
        if not self._closed:
            self._polls[receiving.kind] = self._loop.call_later(delay_s, self._poll, receiving)

    def _poll(self, receiving: Receiving) -> None:
        receiving.poll(time.monotonic(), self.round_trip_s)

    def _control(self, packet: AnyRtcpPacket, now: float) -> None:
        match packet:
            case RtcpSrPacket(ssrc=ssrc, sender_info=info):
                for receiving in self.receivings.values():
                    if receiving.reported(ssrc, info.ntp_timestamp, now):
                        self._incoming.on_report(receiving.kind, info.ntp_timestamp, info.rtp_timestamp, now)
                self._heard(packet, now)
            case RtcpRrPacket():
                self._heard(packet, now)
            case RtcpRtpfbPacket(fmt=form, media_ssrc=ssrc) if form == RTCP_RTPFB_NACK:
                if (sending := self._sendings.get(ssrc)) is not None:
                    sending.repeat(packet.lost[:MOST_WISHES], now)
            case RtcpPsfbPacket(fmt=form, media_ssrc=ssrc) if form in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
                if ssrc in self._sendings or form == RTCP_PSFB_FIR:  # FIR names its stream in its body
                    self._incoming.on_key_frame_wanted()
            case RtcpPsfbPacket(fmt=form) if form == RTCP_PSFB_APP and packet.fci[:4] == b"REMB":
                bits_per_s, ssrcs = unpack_remb_fci(packet.fci)
                if not self._sendings.keys().isdisjoint(ssrcs):
                    self._incoming.on_bitrate(bits_per_s)

    def _heard(self, packet: RtcpRrPacket | RtcpSrPacket, now: float) -> None:
        for info in packet.reports:
            if (sending := self._sendings.get(info.ssrc)) is not None:
                sending.heard(info, now)

    def _begin_reports(self) -> None:
        if self._reporting is None and not self._closed:
            self._report_later()

    def _report_later(self) -> None:
        """About once a second, varied by half (RFC 3550 section 6.2)."""
        delay_s = REPORT_EVERY_S * (0.5 + random.random())  # noqa: S311 (no secret)
        self._reporting = self._loop.call_later(delay_s, self._report)

    def _report(self) -> None:
        self.tell()
        now = time.monotonic()
        for sending in self._sendings.values():
            sending.report(now)
        for receiving in self.receivings.values():
            receiving.report(now)
        self._report_later()
