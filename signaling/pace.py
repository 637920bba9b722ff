"""How fast a client may talk: two buckets, one that answers `too_fast`, one that hangs up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

MESSAGES_PER_S = 50.0
BURST = 100.0
FLOOD_FACTOR = 5.0
"""At this many times the pace a client is not hasty but flooding."""


class Verdict(Enum):
    """What to do with a message."""

    TAKE = auto()
    REFUSE = auto()
    """Tell once that it is too fast, then drop in silence until it is slow enough: answers would feed the flood."""
    DROP = auto()
    HANG_UP = auto()


@dataclass(frozen=True, slots=True)
class Bucket:
    """Tokens that flow in at `per_s` up to `burst`; a message takes one."""

    per_s: float
    burst: float
    tokens: float
    at: float

    def take(self, now: float) -> Bucket | None:
        """The bucket after one message, or None when it is empty."""
        tokens = min(self.burst, self.tokens + max(0.0, now - self.at) * self.per_s)
        return None if tokens < 1.0 else replace(self, tokens=tokens - 1.0, at=now)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a client has talked so far."""

    messages: Bucket
    flood: Bucket
    told: bool = False


def pace(now: float) -> Pace:
    """The pace of a client that has said nothing yet."""
    flood = FLOOD_FACTOR * BURST
    return Pace(Bucket(MESSAGES_PER_S, BURST, BURST, now), Bucket(FLOOD_FACTOR * MESSAGES_PER_S, flood, flood, now))


def heard(before: Pace, now: float) -> tuple[Pace, Verdict]:
    """The pace after one more message, and what to do with it."""
    flood = before.flood.take(now)
    if flood is None:
        return before, Verdict.HANG_UP
    messages = before.messages.take(now)
    if messages is not None:
        return Pace(messages, flood), Verdict.TAKE
    return replace(before, flood=flood, told=True), Verdict.DROP if before.told else Verdict.REFUSE
