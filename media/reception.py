"""How well one RTP stream arrives: counts, losses and jitter for receiver reports (RFC 3550 section 6.4.1)."""

from __future__ import annotations

from media.loss import REACH
from media.rtp import nearest

MOST_LOST = (1 << 23) - 1  # 24 bits, signed


class Reception:
    """One SSRC at one clock rate (Hz). Duplicates count as received, as the RFC wants."""

    __slots__ = (
        "_base",
        "_expected_before",
        "_highest",
        "_jitter",
        "_received_before",
        "_transit",
        "clock_hz",
        "received",
    )

    def __init__(self, clock_hz: int) -> None:
        self.received = 0
        self.clock_hz = clock_hz
        self._base: int | None = None
        self._highest = 0
        self._jitter = 0.0
        self._transit: float | None = None
        self._expected_before = self._received_before = 0

    def add(self, sequence: int, timestamp: int, now: float) -> None:
        """Take the numbers of one packet that arrived at monotonic `now` (seconds)."""
        self.received += 1
        if self._base is None:
            self._base = self._highest = sequence
        number = nearest(sequence, 16, self._highest)
        if number < self._highest:
            return
        if number - self._highest > REACH:  # a sender that began anew: none of what lies between was lost
            self._base += number - self._highest - 1
        self._highest = number
        transit = now * self.clock_hz - timestamp
        if self._transit is not None:
            away = abs(transit - self._transit)
            if away < self.clock_hz:  # more is a sender that began anew, no jitter
                self._jitter += (away - self._jitter) / 16  # appendix A.8
        self._transit = transit

    @property
    def highest(self) -> int:
        """The extended highest sequence number (32 bits)."""
        return self._highest & 0xFFFFFFFF

    @property
    def jitter(self) -> int:
        """Interarrival jitter in units of the stream's clock."""
        return min(int(self._jitter), 0xFFFFFFFF)

    @property
    def lost(self) -> int:
        """Packets expected and never seen, over the life of the stream."""
        return max(-MOST_LOST, min(MOST_LOST, self._expected - self.received))

    def fraction_lost(self) -> int:
        """Losses since the last call, in 1/256 of what was expected (appendix A.3)."""
        expected, received = self._expected - self._expected_before, self.received - self._received_before
        self._expected_before, self._received_before = self._expected, self.received
        return min(255, max(0, expected - received) * 256 // expected) if expected > 0 else 0

    @property
    def _expected(self) -> int:
        return 0 if self._base is None else self._highest - self._base + 1
