"""What a listener would hear of packets of sound that came when they came: how much of it had to be filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from media.playout import Kind, Playout
from media.sound import FRAME_SAMPLES, RATE_HZ

TICK_S = 0.020
HEAD_BYTES, LENGTH = 8, 60
MOST_CHANGE = 400
"""Samples by which a stretch changes what is played: about a period of a voice."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A packet of Opus, as it came: monotonic seconds, its RTP number and timestamp, its first bytes in hexadecimal.

    Those say how long it is, and whether it has a copy of the one before.
    """

    at_s: float
    number: int
    timestamp: int
    head: str


def filled_in(sounds: Sequence[Sound]) -> list[tuple[float, float]]:
    """When a listener's own playout had nothing to play, and for how many seconds each time: concealed, or silent."""
    playout, found = Playout(), []
    now, held, taken = sounds[0].at_s + TICK_S / 4, 0, 0
    while now < sounds[-1].at_s:
        while taken < len(sounds) and sounds[taken].at_s <= now:
            sound = sounds[taken]
            payload = bytes.fromhex(sound.head) + bytes(LENGTH)
            playout.push(sound.number & 0xFFFF, sound.timestamp & 0xFFFFFFFF, payload, sound.at_s)
            taken += 1
        played = _tick(playout, now, held)
        if played is None:
            found.append((now, TICK_S))
            held = 0
        else:
            held, concealed = played
            if concealed:
                found.append((now, concealed / RATE_HZ))
        now += TICK_S
    return found


def _tick(playout: Playout, now: float, held: int) -> tuple[int, int] | None:
    """Samples held behind the tick, and those that were concealed for it; None where nothing is expected."""
    concealed = 0
    while held < FRAME_SAMPLES or (playout.change < 0 and held < 2 * FRAME_SAMPLES and playout.ready):
        due = playout.pop(now)
        if due.kind is Kind.IDLE:
            return None
        concealed += due.samples if due.kind is Kind.CONCEAL else 0
        held += due.samples
    if playout.change:
        wanted = max(-MOST_CHANGE, min(MOST_CHANGE, playout.change))
        done = max(wanted, FRAME_SAMPLES - held)
        if done:
            held += done
            playout.changed(done)
    held -= FRAME_SAMPLES
    playout.settle(now, held)
    return held, concealed


def seconds_in(found: Sequence[tuple[float, float]], since_s: float, until_s: float) -> float:
    """How much of `filled_in` lies between two moments."""
    return sum(seconds for at_s, seconds in found if since_s <= at_s < until_s)
