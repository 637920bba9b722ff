"""When the next tick is due, and how late ticks were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from media.sound import TICK_S

BIN_S = 0.0001
BINS = 5000  # up to 500 ms; what is later counts in the last bin
LATE_S = 0.020  # a whole tick: from here a listener's buffer may run dry
MOST_BEHIND = 5  # ticks caught up one after the other; further behind, the lost time is skipped


@dataclass(frozen=True, slots=True)
class Tick:
    """The next tick: its number since the start, when it is due (monotonic s), and how many were skipped before it."""

    index: int
    due_s: float
    skipped: int


def next_tick(start_s: float, index: int, now_s: float) -> Tick:
    """Return the tick to run when `index` is next in turn: that one, or a later one when more than 5 are overdue.

    Tick n is due at start_s + n x 20 ms, so that no error adds up. After a skip it is the last overdue one.
    """
    due_s = start_s + index * TICK_S
    behind = int((now_s - due_s) / TICK_S)
    if behind <= MOST_BEHIND:
        return Tick(index, due_s, 0)
    return Tick(index + behind, start_s + (index + behind) * TICK_S, behind)


class Lateness:
    """A histogram of how late ticks were, in bins of 0.1 ms."""

    __slots__ = ("_bins", "_late", "_max_s", "_sum_s", "_ticks", "skipped")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._bins = [0] * BINS
        self._ticks = self._late = 0
        self._max_s = self._sum_s = 0.0
        self.skipped = 0
        """Ticks that never ran."""

    def add(self, late_s: float) -> None:
        """Take how late one tick was; early counts as in time."""
        late_s = max(0.0, late_s)
        self._bins[min(BINS - 1, int(late_s / BIN_S))] += 1
        self._ticks += 1
        self._late += late_s > LATE_S
        self._max_s = max(self._max_s, late_s)
        self._sum_s += late_s

    def skip(self, ticks: int) -> None:
        """Count ticks that were left out."""
        self.skipped += ticks

    @property
    def ticks(self) -> int:
        """Ticks that ran."""
        return self._ticks

    @property
    def late(self) -> int:
        """Ticks more than 20 ms late."""
        return self._late

    @property
    def sum_s(self) -> float:
        """All ticks' lateness together."""
        return self._sum_s

    def counts(self, edges_s: Sequence[float]) -> tuple[int, ...]:
        """Ticks up to the first edge, between it and the second, ..., beyond the last; edges rise, in 0.1 ms steps."""
        at = [0, *(min(BINS - 1, round(edge / BIN_S)) for edge in edges_s), BINS]
        return tuple(sum(self._bins[low:high]) for low, high in pairwise(at))

    @property
    def max_ms(self) -> float:
        """The worst, exactly."""
        return self._max_s * 1000.0

    @property
    def p50_ms(self) -> float:
        """The median, to 0.1 ms."""
        return self.percentile_ms(0.50)

    @property
    def p99_ms(self) -> float:
        """What 99 % of the ticks stayed under, to 0.1 ms."""
        return self.percentile_ms(0.99)

    def percentile_ms(self, share: float) -> float:
        """Return what `share` (0 ... 1) of the ticks did not exceed: a bin's upper edge; 0.0 without ticks."""
        wanted = share * self._ticks
        seen = 0
        for number, count in enumerate(self._bins):
            seen += count
            if count and seen >= wanted:
                return min((number + 1) * BIN_S * 1000.0, self.max_ms)
        return 0.0
