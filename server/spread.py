"""How long something took, as a histogram of plain numbers."""

from __future__ import annotations

from bisect import bisect_left


class Spread:
    """Counts durations in bins: up to the first edge, between it and the second, ..., beyond the last."""

    __slots__ = ("counts", "edges_s", "sum_s")

    def __init__(self, edges_s: tuple[float, ...]) -> None:
        self.edges_s = edges_s
        self.counts = [0] * (len(edges_s) + 1)
        self.sum_s = 0.0

    def add(self, seconds: float) -> None:
        """Count one; an edge itself belongs below it."""
        self.counts[bisect_left(self.edges_s, seconds)] += 1
        self.sum_s += seconds
