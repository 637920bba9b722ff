"""How long to wait before something is tried again that ended right after it began."""

from __future__ import annotations

LIVED_S = 2.0
"""Whoever lived that long did not fail at once: the next one may begin without a pause."""
FIRST_S, MOST_S = 0.25, 5.0


class Pauses:
    """Of one thing that is tried again and again: each failure in a row doubles the pause, up to 5 s."""

    def __init__(self) -> None:
        self.failures = 0
        """In a row, up to now."""

    def failed(self, lived_s: float) -> float:
        """It ended after `lived_s`: the seconds to wait before the next try."""
        self.failures = 1 if lived_s >= LIVED_S else self.failures + 1
        if self.failures == 1:
            return 0.0
        return min(MOST_S, FIRST_S * 2.0 ** (min(self.failures, 16) - 2))
