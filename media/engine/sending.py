"""One outgoing RTP stream of a connection: packets written and sent at once, kept for who missed them, reported on.

Nothing here waits: a packet leaves in the call that brings it. What leaves too fast for the line is lost on it, and
asked for again; the far side's estimate tells the source to send less.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from aiortc.rtp import (
    RtcpByePacket,
    RtcpReceiverInfo,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

from media.engine.flow import Flow, Outlet
from media.rtp import HeaderWriter, wrap_again

HISTORY = 1024
"""Packets kept to be sent again: about 4 s of a 2.5 Mb/s picture, 1.2 MB; the oldest goes."""
REPEATS_PER_S = 400
"""Packets sent again at most, about as many as a picture has: a viewer's wishes double its line's load at worst."""
REPORTS_KEPT = 4
"""Sender reports whose echo may still come: the round trip is then known (RFC 3550 section 6.4.1)."""
ROUND_TRIP_WEIGHT = 0.15
"""Of a new value in the average."""
PADDING_BACK = 256
"""Packets: a second of a picture. What is older nobody waits for any more."""
SDES_CNAME = 1

Kept: TypeAlias = tuple[int, bool, int, bytes]
"""Payload type, marker, timestamp and payload of a packet."""


class Wire(Protocol):
    """Where protected packets leave; nothing is raised when the line is down, the connection's watchdog sees that."""

    def send_rtp(self, packet: bytes) -> None:
        """Protect and send one RTP packet."""

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send one compound RTCP packet."""

    def outlet(self, payload_type: int, ssrc: int, header: HeaderWriter, keeps: bool) -> Outlet | None:
        """Where packets of a stream may leave by themselves; None where there is no fast path. `keeps`: for RTX."""

    def flow(self, picture: bool, note: Callable[[], None]) -> Flow | None:
        """The fast path of a stream that comes in; `note` is called when it holds much. None where there is none."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What offer and answer settled about an outgoing stream. Payload types; `again_type` 0: no RTX."""

    payload_type: int
    again_type: int
    ssrc: int
    again_ssrc: int
    cname: str
    header: HeaderWriter
    agains: Mapping[int, int] = field(default_factory=dict)
    """Payload types of retransmissions by those of the other formats that the stream may be sent in."""


class Sending:
    """`start` once the connection is up; what is sent before is not sent. `now` is monotonic seconds throughout."""

    def __init__(self) -> None:
        self.packets = 0
        self.round_trip_s = 0.0
        """0.0 until the first echo of a report."""
        self.resting = False
        """Nothing is sent again: the line is too narrow for it."""
        self.missed = 0
        """Packets asked for again that were not kept any more, or were too many."""
        # Below 32768: near the wrap a receiver and its SRTP disagree about the rollover when the first is lost.
        self.first_sequence = random.randrange(1 << 15)  # noqa: S311 (no secret)
        self.first_timestamp = random.randrange(1 << 32)  # noqa: S311
        self._wire: Wire | None = None
        self._agreed: Agreed | None = None
        self._outlet: Outlet | None = None
        self._history: list[tuple[int, int, bool, int, bytes] | None] = [None] * HISTORY
        self._again_sequence = random.randrange(1 << 15)  # noqa: S311
        self._allowance, self._allowed_at = float(REPEATS_PER_S), 0.0
        self._octets = 0
        self._newest: int | None = None
        self._moment: tuple[int, float] | None = None
        self._reported: deque[tuple[int, float]] = deque(maxlen=REPORTS_KEPT)

    def start(self, wire: Wire, agreed: Agreed) -> None:
        """Send from now on."""
        self._wire, self._agreed = wire, agreed

    def stop(self) -> None:
        """Say goodbye; nothing is sent any more."""
        self._note()
        if self._wire is not None and self._agreed is not None:
            self._wire.send_rtcp(self._report_now(0.0) + bytes(RtcpByePacket(sources=[self._agreed.ssrc])))
        self._wire = None
        if self._outlet is not None:
            self._outlet.stop()

    @property
    def live(self) -> bool:
        """Whether what is sent leaves."""
        return self._wire is not None

    def send(self, sequence: int, timestamp: int, marker: bool, payload: bytes, now: float, kind: int = 0) -> None:
        """Send one packet (sequence number of 16 bits, timestamp of 32); `kind`: its payload type, 0 for the usual."""
        agreed, wire = self._agreed, self._wire
        if agreed is None or wire is None:
            return
        kind = kind or agreed.payload_type
        self._newest = sequence
        self._history[sequence % HISTORY] = (sequence, kind, marker, timestamp, payload)
        if self._outlet is not None:
            self._outlet.forget(sequence)
        self.packets += 1
        self._octets += len(payload)
        wire.send_rtp(agreed.header.packet(kind, marker, sequence, timestamp, agreed.ssrc, payload, now))

    def outlet(self, kind: int = 0, *, keeps: bool = True) -> Outlet | None:
        """Where packets of a payload type (0: the usual one) may leave by themselves; None where there is no fast path.

        `keeps`: to send them again.
        """
        agreed = self._agreed
        if self._outlet is None and self._wire is not None and agreed is not None:
            self._outlet = self._wire.outlet(agreed.payload_type, agreed.ssrc, agreed.header, keeps)
        if self._outlet is None or agreed is None or not self._outlet.live:
            return None
        self._outlet.cdata.payload_type = kind or agreed.payload_type
        return self._outlet

    def passed(self, sequences: list[int], octets: int) -> None:
        """Note packets that left by themselves; their numbers are taken modulo 2**16."""
        for sequence in sequences:
            self._history[sequence % HISTORY] = None
        self._newest = sequences[-1] & 0xFFFF if sequences else self._newest
        self.left(len(sequences), octets)

    def left(self, packets: int, octets: int) -> None:
        """Count packets that left by themselves, and of which none is kept here."""
        self.packets += packets
        self._octets += octets

    def stamp(self, timestamp: int, captured: float) -> None:
        """What has this timestamp was captured then: the next report says so, for those who lip-sync it."""
        self._moment = (timestamp, captured)

    def repeat(self, sequences: list[int], now: float) -> None:
        """Send these again (RFC 4585 section 6.2.1), as retransmissions of their own stream where that was agreed."""
        agreed, wire = self._agreed, self._wire
        if agreed is None or wire is None or self.resting:
            return
        self._note()
        self._allowance = min(float(REPEATS_PER_S), self._allowance + (now - self._allowed_at) * REPEATS_PER_S)
        self._allowed_at = now
        for number in sequences:
            wanted = number & 0xFFFF  # the library adds the bits of a NACK behind the wrap without it
            kept = self._kept(wanted)
            if kept is None or self._allowance < 1:
                self.missed += 1
                continue
            self._allowance -= 1
            wire.send_rtp(self._again(agreed, wanted, kept, now))

    def pad(self, octets: int, now: float) -> int:
        """Fill a line: send what the peer has had long ago again, as browsers do that probe; the octets sent (or 0).

        Only where retransmissions are a stream of their own: in the picture's they would be its packets twice.
        """
        agreed, wire = self._agreed, self._wire
        if agreed is None or wire is None or not agreed.again_type or self._newest is None:
            return 0
        self._note()
        sent = 0
        for back in range(PADDING_BACK, HISTORY):
            number = (self._newest - back) & 0xFFFF
            kept = self._kept(number) if sent < octets else None
            if kept is not None:
                wire.send_rtp(self._again(agreed, number, kept, now))
                sent += len(kept[3])
            elif sent >= octets:
                break
        return sent

    def _again(self, agreed: Agreed, sequence: int, kept: Kept, now: float) -> bytes:
        kind, marker, timestamp, payload = kept
        ssrc, again = agreed.ssrc, agreed.again_type if kind == agreed.payload_type else agreed.agains.get(kind, 0)
        if again:
            kind, ssrc, payload = again, agreed.again_ssrc, wrap_again(sequence, payload)
            sequence = self._again_sequence = (self._again_sequence + 1) & 0xFFFF
        return agreed.header.packet(kind, marker, sequence, timestamp, ssrc, payload, now)

    def report(self, now: float) -> None:
        """Send a sender report; about once a second. Before anything was stamped there is nothing to say."""
        self._note()
        if self._wire is not None and self._moment is not None:
            self._wire.send_rtcp(self._report_now(now))

    def heard(self, info: RtcpReceiverInfo, now: float) -> None:
        """Take what the far side reports of this stream: the echo of a report gives the round trip."""
        sent_at = next((at for middle, at in reversed(self._reported) if middle == info.lsr), None)
        if sent_at is None:
            return
        round_trip_s = now - sent_at - info.dlsr / 65536
        if round_trip_s >= 0.0:  # less: the echo of an earlier report, which said the same moment
            weight = ROUND_TRIP_WEIGHT if self.round_trip_s else 1.0
            self.round_trip_s += weight * (round_trip_s - self.round_trip_s)

    def _note(self) -> None:
        """Have noted what left by itself: its source notes it in portions."""
        if self._outlet is not None:
            self._outlet.tell()

    def _kept(self, sequence: int) -> Kept | None:
        one = self._history[sequence % HISTORY]
        if one is not None and one[0] == sequence:
            return one[1:]
        return None if self._outlet is None else self._outlet.kept(sequence)

    def _report_now(self, now: float) -> bytes:
        assert self._agreed is not None
        timestamp, captured = self._moment or (0, 0.0)
        ntp = int(captured * (1 << 32)) & (1 << 64) - 1  # of our uptime: RFC 3550 section 4 asks for no more
        self._reported.append((ntp >> 16 & 0xFFFFFFFF, now))
        sender = RtcpSenderInfo(
            ntp_timestamp=ntp,
            rtp_timestamp=timestamp,
            packet_count=self.packets & 0xFFFFFFFF,
            octet_count=self._octets & 0xFFFFFFFF,
        )
        name = RtcpSourceInfo(ssrc=self._agreed.ssrc, items=[(SDES_CNAME, self._agreed.cname.encode())])
        return bytes(RtcpSrPacket(ssrc=self._agreed.ssrc, sender_info=sender)) + bytes(RtcpSdesPacket(chunks=[name]))
