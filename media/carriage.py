"""Whether a connection carries media: from when every kind has come, and for as long as any does."""

from __future__ import annotations

CONNECT_TIMEOUT_S = 15.0
SILENCE_S = 2.0
"""No RTP of any kind for this long is a lost connection: sound alone comes fifty times a second. The library itself
notices after about 32 s."""
SECOND_KIND_S = 2.0
"""A connection carries once every kind has come, or this long after the first (a camera may be slow to open)."""


class Carriage:
    """`now` is monotonic seconds throughout; it began then."""

    __slots__ = ("_began_s", "_first_s", "_last_s", "is_carrying", "is_lost")

    def __init__(self, now: float) -> None:
        self.is_carrying = False
        """Whether it has ever come up."""
        self.is_lost = False
        """Whether it has, and is silent now."""
        self._began_s = now
        self._first_s: dict[str, float] = {}  # by kind
        self._last_s: float | None = None

    @property
    def live(self) -> bool:
        """Whether it carries now."""
        return self.is_carrying and not self.is_lost

    def heard(self, kind: str, kinds: int, now: float) -> bool:
        """A packet of one of so many kinds came; whether it carries from now on, for the first time or again."""
        self._last_s = now
        if self.is_carrying:
            again, self.is_lost = self.is_lost, False
            return again
        self._first_s.setdefault(kind, now)
        self.is_carrying = len(self._first_s) == kinds or now - min(self._first_s.values()) > SECOND_KIND_S
        return self.is_carrying

    def silent(self, now: float) -> bool:
        """Whether nothing has come for too long."""
        return self.live and self._last_s is not None and now - self._last_s > SILENCE_S

    def overdue(self, now: float) -> bool:
        """Whether it should have come up long ago."""
        return not self.is_carrying and now - self._began_s > CONNECT_TIMEOUT_S
