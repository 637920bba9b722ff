"""What a machine under pressure leaves out so that voices go on: small pictures first, pictures last, voices never.

Pressure is what voices feel: their processes wait for a processor, or their ticks come late. It is looked at every few
seconds; one step is taken at once, and taken back when there was room to spare for a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

THUMBNAILS = 1
"""Small pictures of the rooms are not asked for."""
PRODUCT = 2
"""The product camera; there is none yet, so this step changes nothing."""
RATE = 3
"""Fewer pictures a second: of those that are made anew every second one, and cameras are asked for fewer bits."""
PICTURES = 4
"""The newest booth's pictures are paused; each step further, those of one more."""

WAITED = (0.10, 0.10, 0.20, 0.30)
"""By level, what asks for the next step: the share of the time for which a process with voices wanted a processor and
had none. 2 ms of each tick of 20 ms are worth small pictures, 6 ms a booth's."""
LATE = 0.02
"""Share of ticks that were late by more than 20 ms: one a second, which a listener's buffer no longer hides."""
BUSY = 0.10
"""With more than that left of the processors, late ticks have another reason, and leaving out does not help them."""
FULL = 0.05
"""With less left the next guest may be one too many: small pictures are not worth it."""
CALM_WAITED, CALM_LATE, CALM_LEFT = 1 / 3, 0.005, 0.15
"""Room to spare: no more waiting than this part of what asked for the step, no more late ticks, no less left."""
CALM_S, MOST_CALM_S = 10.0, 160.0
"""How long there must be room before a step is taken back; twice as long each time that this was too early."""
EARLY_S = 30.0
"""What was taken back and is needed again so soon was taken back too early."""
LEAST_TICKS = 20
"""A process that ticked less since the last look says nothing about lateness."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the kernel and the media processes have counted so far. Only differences of two mean anything."""

    at_s: float
    ticks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """By process: ticks, and those late by more than 20 ms; skipped ones count as late."""
    waited_s: Mapping[int, float] = field(default_factory=dict)
    """By process id: seconds for which it could have run, and waited."""
    left_s: float = 0.0
    """Seconds of all processors that nobody used, or somebody less important than voices."""
    processors: int = 1


@dataclass(frozen=True, slots=True)
class Load:
    """The time between two samples: shares in 0 ... 1, of the process that had it worst."""

    waited: float
    late: float
    left: float


@dataclass(frozen=True, slots=True)
class Shedding:
    """How far the leaving out has come: `level` steps."""

    level: int = 0
    calm_since: float | None = None
    calm_s: float = CALM_S
    lowered_at: float = float("-inf")


def load(before: Sample, now: Sample) -> Load | None:
    """What happened between two samples; None when no time has passed."""
    span_s = now.at_s - before.at_s
    if span_s <= 0:
        return None
    known = now.waited_s.keys() & before.waited_s.keys()
    waited = [(now.waited_s[pid] - before.waited_s[pid]) / span_s for pid in known]
    late = []
    for name, (ran, were_late) in now.ticks.items():
        ran_before, late_before = before.ticks.get(name, (0, 0))
        if ran - ran_before >= LEAST_TICKS:
            late.append((were_late - late_before) / (ran - ran_before))
    left = (now.left_s - before.left_s) / (span_s * now.processors)
    return Load(_share(max(waited, default=0.0)), _share(max(late, default=0.0)), _share(left))


def review(before: Shedding, seen: Load, most: int, now: float) -> Shedding:
    """The next state; `most` is the highest level that there is something to leave out for. `now` is monotonic."""
    wanted = before.level
    if seen.waited >= _worth(before.level) or (seen.late >= LATE and seen.left < BUSY):
        wanted = before.level + 1
    elif seen.left < FULL:
        wanted = max(before.level, THUMBNAILS)
    wanted = min(wanted, most)
    if wanted > before.level:
        early = now - before.lowered_at < EARLY_S
        calm_s = min(MOST_CALM_S, 2 * before.calm_s) if early else before.calm_s
        return replace(before, level=wanted, calm_since=None, calm_s=calm_s)
    if wanted < before.level:  # what it was left out for is no more
        return replace(before, level=wanted, calm_since=None)
    most_waited = CALM_WAITED * _worth(max(0, before.level - 1))
    if seen.waited > most_waited or seen.late > CALM_LATE or seen.left < CALM_LEFT:
        return replace(before, calm_since=None)
    since = now if before.calm_since is None else before.calm_since
    if before.level and now - since >= before.calm_s:
        return replace(before, level=before.level - 1, calm_since=now, lowered_at=now)
    if not before.level and now - since >= MOST_CALM_S:
        return Shedding(calm_since=since)
    return replace(before, calm_since=since)


def _worth(level: int) -> float:
    """The waiting at that level that asks for the next step."""
    return WAITED[min(level, len(WAITED) - 1)]


def _share(part: float) -> float:
    return min(1.0, max(0.0, part))
