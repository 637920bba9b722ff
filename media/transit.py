"""How late what comes over a line is, against the quickest that came lately: the queue in front of it, in seconds."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

WINDOW_S = 10.0
"""The quickest of so long counts, and at least of half of it: clocks drift by 1 ms in 10 s at most."""
STEADY_S = 0.030
"""What came this much earlier is compared with: a burst behind a hole gets quicker, a queue that fills does not."""
RECENT = 32
"""Of what came, so many are remembered: 0.6 s of sound or of echoes."""
DRAINED_S = 0.015
"""By how much later packets may have been quicker, and the queue still fills."""


class Stamped(NamedTuple):
    """When a packet left by its sender's clock, which wraps after `wraps_s`, and when it came; all in seconds."""

    clock: int
    """Which one: one SSRC's, or 0 for that of all pictures of a connection."""
    left: float
    wraps_s: float
    at: float


class Transit:
    """Times between two clocks that need not agree. All in seconds; `at` and `now` are monotonic.

    The times of a sender whose clock leaps are another clock's: `begin_anew`.
    """

    __slots__ = ("_at", "_before", "_earlier", "_late", "_quickest", "_quickest_before", "_recent", "_turned_at")

    def __init__(self) -> None:
        self._turned_at = float("-inf")
        self._quickest = self._quickest_before = float("inf")
        self._at: float | None = None
        self._late = 0.0
        self._recent: deque[tuple[float, float]] = deque(maxlen=RECENT)
        self._before = 0.0
        """How late what came at least STEADY_S before the newest was."""
        self._earlier: tuple[float, float] | None = None
        """When what is to become `_before` came, and how late."""

    def came(self, took_s: float, at: float) -> float:
        """Note that something came which took so long by those clocks; how late that was."""
        if (since_s := at - self._turned_at) >= WINDOW_S / 2:
            self._quickest_before = self._quickest if since_s < WINDOW_S else float("inf")
            self._quickest, self._turned_at = float("inf"), at
        self._quickest = min(self._quickest, took_s)
        late_s = took_s - self.quickest_s
        if self._earlier is None or at - self._earlier[0] >= STEADY_S:
            self._before = late_s if self._earlier is None else self._earlier[1]
            self._earlier = (at, late_s)
        self._at, self._late = at, late_s
        self._recent.append((at, late_s))
        return late_s

    def begin_anew(self) -> None:
        """What comes from now on is measured by another clock."""
        self.__init__()  # type: ignore[misc]

    @property
    def late_s(self) -> float:
        """How late the newest was."""
        return self._late

    @property
    def lasting_s(self) -> float:
        """How late what comes is, if what came shortly before was late and no later: 0.0 while a burst is caught up."""
        return min(self._late, self._before) if self._late >= self._before - DRAINED_S else 0.0

    def standing_s(self, span_s: float, now: float) -> float | None:
        """How late all was that came in the last so many seconds (0.6), at least; None where nothing came."""
        return min((late_s for at, late_s in self._recent if now - at <= span_s), default=None)

    @property
    def quickest_s(self) -> float:
        """What the quickest took; infinite before anything came."""
        return min(self._quickest, self._quickest_before)

    def silent_s(self, now: float) -> float:
        """For how long nothing came; 0.0 before anything did."""
        return 0.0 if self._at is None else max(0.0, now - self._at)


def clock_s(before_s: float | None, took_s: float, period_s: float) -> float:
    """A time between two clocks, of which one wraps after `period_s`: the one nearest to the one before."""
    if before_s is None:
        return took_s
    return before_s + (took_s - before_s + period_s / 2) % period_s - period_s / 2
