"""Pictures and voices in: who came when; and what a browser says back: reports, REMB, NACK, PLI."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench import rtp
from bench.clockwork import Clockwork
from bench.peer import Peer
from bench.sdp import Way
from bench.timing import Piece, Showing

REPORT_S = 1.0
OWN_ESTIMATE_BITS_PER_S = 5_000_000  # twice the picture: the line is not what limits it
CHASE_S = 0.010  # how often lost packets are looked after
NACK_AGAIN_S = 0.100  # Chromium's round trip before it has measured one
MOST_NACKS = 10  # Chromium's, for one packet
MOST_MISSING = 1000
MOST_IN_A_NACK = 250  # of 4 bytes each: it has to fit into a packet
FIRST_KEY_S = 0.2
STALLED_S = 3.0  # Chromium asks for a key frame when it could show nothing for so long, and for the first one sooner


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet that came: when (monotonic), its unwrapped number, what it held."""

    at_s: float
    number: int
    timestamp: int
    marker: bool
    payload: bytes


@dataclass
class Heard:
    """Everything of one stream."""

    ssrc: int
    payload_type: int
    base: int
    highest: int
    received: int = 0
    reported: tuple[int, int] = (0, 0)
    """Expected and received at the last report."""
    last_report: rtp.SenderReport | None = None
    last_report_at_s: float = 0.0


class Inlet:
    """One receiving line: logs what comes. With `keep` whole packets are kept, else of a picture only its tail.

    With `chase` it asks for lost packets, and for key frames when it could show nothing, as Chromium does.
    """

    def __init__(self, peer: Peer, way: Way, *, keep: bool = False, chase: bool = False) -> None:
        self.peer, self.way = peer, way
        self.keep = keep or way.kind == "audio"
        self.arrivals: list[Arrival] = []
        self.reports: list[tuple[float, rtp.SenderReport]] = []
        self.stream: Heard | None = None
        self.showing = Showing() if chase else None
        self.nacks = self.plis = 0
        self._missing: dict[int, tuple[float, int]] = {}
        """Number -> when to ask (again), how often asked."""
        self._pli_at_s = 0.0
        self._reports = Clockwork(REPORT_S, self._report)
        self._reports.start(time.monotonic() + REPORT_S / 2)
        self._chase = Clockwork(CHASE_S, self._look_after) if chase else None
        if self._chase is not None:
            self._chase.start()

    def close(self) -> None:
        self._reports.stop()
        if self._chase is not None:
            self._chase.stop()

    def forget(self) -> None:
        """Drop the log; the stream goes on."""
        self.arrivals = []

    def take(self, data: bytes, now_s: float) -> None:
        """Log an RTP packet."""
        parsed = rtp.parse(data)
        if self.way.rtx_type and parsed.payload_type == self.way.rtx_type:
            self._take_again(parsed, now_s)
            return
        stream = self.stream
        if stream is None or stream.ssrc != parsed.ssrc:
            stream = self.stream = Heard(parsed.ssrc, parsed.payload_type, parsed.number, parsed.number)
        number = rtp.unwrap(parsed.number, stream.highest, 16)
        stream.received += 1
        if number > stream.highest:
            if number > stream.highest + 1 and self.showing is not None:
                self._miss(range(stream.highest + 1, number), now_s)
            stream.highest = number
        self._log(number, parsed, parsed.payload, now_s)

    def _take_again(self, parsed: rtp.Parsed, now_s: float) -> None:
        if self.stream is None or len(parsed.payload) < 3:
            return  # padding that probes for bandwidth
        number = rtp.unwrap(int.from_bytes(parsed.payload[:2], "big"), self.stream.highest, 16)
        self._log(number, parsed, parsed.payload[2:], now_s)

    def _log(self, number: int, parsed: rtp.Parsed, payload: bytes, now_s: float) -> None:
        self._missing.pop(number, None)
        if self.showing is not None:
            content, begins = rtp.vp8_content(payload) if payload else (b"", False)
            piece = Piece(parsed.timestamp, parsed.marker, begins, begins and rtp.is_key_frame(content))
            self.showing.add(number, piece, now_s)
        if self.keep or parsed.marker:
            kept = payload if self.keep else payload[-rtp.TAIL_BYTES :]
            self.arrivals.append(Arrival(now_s, number, parsed.timestamp, parsed.marker, kept))

    def hear(self, report: rtp.SenderReport, now_s: float) -> None:
        """Keep what the sender says about its clock."""
        if self.stream is not None and report.ssrc == self.stream.ssrc:
            self.stream.last_report, self.stream.last_report_at_s = report, now_s
            self.reports.append((now_s, report))

    def ask_key_frame(self) -> None:
        """PLI."""
        if self.stream is not None:
            self.plis += 1
            self._pli_at_s = time.monotonic()
            self.peer.send(rtp.pli(self.way.ssrc, self.stream.ssrc))

    def _miss(self, numbers: range, now_s: float) -> None:
        for number in numbers[-MOST_MISSING:]:
            self._missing[number] = (now_s, 0)
        self._look_after(0, now_s)

    def _look_after(self, _index: int, _due_s: float) -> None:
        now = time.monotonic()
        stream, showing = self.stream, self.showing
        if stream is None or showing is None:
            return
        first = showing.next_number
        due: list[int] = []
        for number, (at_s, asked) in list(self._missing.items()):
            if (first is not None and number < first) or asked >= MOST_NACKS:
                del self._missing[number]
            elif now >= at_s:
                due.append(number)
                self._missing[number] = (now + NACK_AGAIN_S, asked + 1)
        if due:
            self.nacks += len(due)
            for at in range(0, len(due), MOST_IN_A_NACK):
                self.peer.send(rtp.nack(self.way.ssrc, stream.ssrc, due[at : at + MOST_IN_A_NACK]))
        patience_s = STALLED_S if showing.shown else FIRST_KEY_S
        since_s = showing.shown[-1][0] if showing.shown else 0.0
        if now - max(since_s, self._pli_at_s) > patience_s:
            self.ask_key_frame()

    def _report(self, _index: int, _due_s: float) -> None:
        stream = self.stream
        if stream is None:
            return
        now = time.monotonic()
        expected = stream.highest - stream.base + 1
        expected_before, received_before = stream.reported
        stream.reported = (expected, stream.received)
        span = expected - expected_before
        lost_now = span - (stream.received - received_before)
        fraction = min(255, max(0, lost_now * 256 // span)) if span > 0 else 0
        last = stream.last_report.middle if stream.last_report else 0
        self.peer.send(
            rtp.receiver_report(
                self.way.ssrc,
                stream.ssrc,
                stream.highest,
                expected - stream.received,
                fraction,
                last,
                now - stream.last_report_at_s,
            )
            + (rtp.remb(self.way.ssrc, stream.ssrc, OWN_ESTIMATE_BITS_PER_S) if self.way.kind == "video" else b"")
        )
