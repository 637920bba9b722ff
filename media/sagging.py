"""One way of a participant's line that carries less than it did: when its picture is paused, and when tried again.

Voice and picture stand in one queue in front of the narrowest place of a line. Where that queue grows, the voice in it
comes late; only leaving out the picture helps, and soon: at 400 kb/s each 50 KB of picture that went into it are one
second without a voice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

PAUSE_LATE_S = 0.120
"""A queue as long as this, on a line that is too narrow: jitter is 30 ms on the event's, on Wi-Fi seldom above 100."""
NARROW = 0.6
"""So much of what is sent gets through a line that is too narrow, at most: 400 kb/s are a sixth. Behind a key frame,
which is a queue of its own for a quarter of a second, all does; a line that carries two thirds of a picture has its
sender told to send less, as ever."""
LONG_LATE_S, LONG_S = 0.250, 1.5
"""A queue that lasts so long is too much for a voice, whatever it comes from."""
TRIAL_LATE_S = 0.060
"""While it is tried, half of it is a sign: nobody looks at that picture yet, and the voice is to notice nothing."""
CALM_LATE_S = 0.040
"""A shorter queue is none."""
WAIT_S, MOST_WAIT_S = 8.0, 16.0
"""How long a pause lasts before the first trial, and at most; twice as long each time that the line was not back.

The most, the trial, and a page that comes back to its full picture have to fit into 30 s.
"""
CALM_WAIT_S = 2.0
"""However long the pause has been, its line has to be free of a queue for this long before it is tried."""
EARLY_S = 10.0
"""A picture that has to be paused again so soon came back too early."""
STEPS = ((400_000, 1.5), (800_000, 1.0), (1_600_000, 1.0))
"""What a trial sends (bits per second), and for how long; behind the last one the picture is back."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What is seen of one way of a line now."""

    late_s: float = 0.0
    """How late what passes is now."""
    standing_s: float = 0.0
    """How late all of it was for a moment, at least: the length of a queue, whatever else holds it up now and then."""
    share: float = 1.0
    """How much of what was sent of late gets through now, at most."""


class Stage(Enum):
    """How a picture stands with its line."""

    FLOWING = "flowing"
    PAUSED = "paused"
    TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class Sag:
    """One way of a line. Times are monotonic seconds."""

    stage: Stage = Stage.FLOWING
    since: float = float("-inf")
    """When the stage (of a trial: the step) began; of a pause, when its line was last seen to be full."""
    wait_s: float = WAIT_S
    step: int = 0
    """Of a trial."""
    late_since: float | None = None
    """While the picture flows: since when there has been a queue all the time."""

    @property
    def trial_bits_per_s(self) -> int | None:
        """What is sent for a trial now; None where there is none."""
        return STEPS[self.step][0] if self.stage is Stage.TRIAL else None


def review(sag: Sag, signs: Signs, now: float) -> Sag:
    """What becomes of it with these signs."""
    match sag.stage:
        case Stage.FLOWING:
            return _flowing(sag, signs, now)
        case Stage.PAUSED:
            if signs.standing_s >= CALM_LATE_S:  # what was in the queue before, or the voice alone is too much
                return replace(sag, since=max(sag.since, now - sag.wait_s + CALM_WAIT_S))
            return Sag(Stage.TRIAL, now, sag.wait_s) if now - sag.since >= sag.wait_s else sag
        case Stage.TRIAL:
            if signs.standing_s >= TRIAL_LATE_S:
                return Sag(Stage.PAUSED, now, _longer(sag.wait_s))
            if now - sag.since < STEPS[sag.step][1]:
                return sag
            if sag.step + 1 < len(STEPS):
                return replace(sag, since=now, step=sag.step + 1)
            return Sag(Stage.FLOWING, now, sag.wait_s)


def _flowing(sag: Sag, signs: Signs, now: float) -> Sag:
    since = None
    if signs.standing_s >= LONG_LATE_S:
        since = now if sag.late_since is None else sag.late_since
    narrow = signs.late_s >= PAUSE_LATE_S and signs.share <= NARROW
    if narrow or (since is not None and now - since >= LONG_S):
        early = now - sag.since < EARLY_S
        return Sag(Stage.PAUSED, now, _longer(sag.wait_s) if early else WAIT_S)
    return sag if since == sag.late_since else replace(sag, late_since=since)


def _longer(wait_s: float) -> float:
    return min(MOST_WAIT_S, 2 * wait_s)
