"""When what a participant sends was captured, by their sender reports: what keeps sound and picture together.

Both kinds of one sender count on one clock (RFC 3550 section 6.4.1), so what lies between two captures is known. Our
own sender reports then say the moment of capture, not that of sending, and the receiver undoes the server's delays.
"""

from __future__ import annotations

from dataclasses import dataclass

from media.rtp import nearest

MOST_REPORTS = 64
"""Of those that may be the quickest: two kinds, each about once a second for FORGET_S."""
CLOCKS_HZ = {"audio": 48_000, "video": 90_000}
FORGET_S = 20.0
"""The least delay of so long a time counts: a clock that drifts by 200 ppm moves 4 ms in it."""
EARLIEST_S, OLDEST_S = 0.1, 2.0
"""What is shown or played now was captured within this time: the line's delay, a stalled line, and playout."""
MOST_APART_S = 10.0
"""A report that lies further from its stream than this is of no use."""


@dataclass(slots=True)
class _Report:
    captured: float
    """Seconds of the sender's own clock."""
    timestamp: int
    """RTP timestamp of that moment."""


class CaptureClock:
    """One connection's sender. Monotonic seconds of this server throughout, except where it says otherwise."""

    def __init__(self) -> None:
        self._reports: dict[str, _Report] = {}
        self._least: list[tuple[float, float]] = []  # (at, delay against the sender's clock)

    def report(self, kind: str, ntp: int, timestamp: int, now: float) -> None:
        """Take a sender report: its 64-bit NTP time, the RTP timestamp (32 bits) of the same moment."""
        captured = ntp / (1 << 32)
        self._reports[kind] = _Report(captured, timestamp)
        delay = now - captured
        quicker = [(at, least) for at, least in self._least if now - at < FORGET_S and least < delay]
        self._least = [*quicker[: MOST_REPORTS - 1], (now, delay)]

    def captured(self, kind: str, timestamp: int, now: float) -> float | None:
        """When what is shown or played `now`, with this RTP timestamp (32 bits), was captured.

        On the scale of this server's arrivals: the sender's clock and the quickest report's delay cancel out. None
        before a report of its kind, and where that cannot be: some equipment counts its kinds on clocks of their own.
        """
        report = self._reports.get(kind)
        if report is None or not self._least:
            return None
        away_s = (nearest(timestamp, 32, report.timestamp) - report.timestamp) / CLOCKS_HZ[kind]
        if abs(away_s) > MOST_APART_S:
            return None
        captured = report.captured + away_s + self._least[0][1]
        return captured if -EARLIEST_S <= now - captured <= OLDEST_S else None
