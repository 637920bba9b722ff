"""One gain that moves from level to level without a step anybody could hear."""

from __future__ import annotations

import math

import numpy as np

from media.sound import FRAME_SAMPLES, RATE_HZ, Frame

FLOOR_DB = -60.0  # under speech at -20 LUFS this is inaudible: from here silence is reached in a straight line
FLOOR = 10.0 ** (FLOOR_DB / 20.0)
FADE_SAMPLES = 240  # 5 ms for the straight line between the floor and silence: too slow to click
SHORTEST_SAMPLES = 240  # 5 ms: a shorter ramp would be a click, and is inside one tick anyway
LOG_PER_DB = math.log(10.0) / 20.0
_COUNT = np.arange(1, FRAME_SAMPLES + 1, dtype=np.float32)


def linear(db: float | None) -> float:
    """Return the amplitude factor of a gain in dB; None is silence. Raises ValueError when it is not finite."""
    if db is None:
        return 0.0
    if not math.isfinite(db):
        raise ValueError(f"a gain must be a finite number of dB or None, not {db}")
    return float(10.0 ** (db / 20.0))


class Ramp:
    """A gain in dB (None: silence) that moves to its target in a given time.

    The way is straight in dB, as loudness is heard; below -60 dB it is straight in amplitude, so that silence is
    reached and left without a click.
    """

    __slots__ = ("_legs", "_present", "target")

    def __init__(self, db: float | None = None) -> None:
        self._present = linear(db)
        self._legs: list[_Leg] = []
        self.target = db
        """The gain in dB that is held, or being moved to."""

    @property
    def present(self) -> float:
        """The amplitude factor of the last sample that was given out."""
        return self._present

    @property
    def settled(self) -> bool:
        """Whether the target is reached."""
        return not self._legs

    @property
    def silent(self) -> bool:
        """Whether silence is reached and held."""
        return not self._legs and self._present == 0.0

    @property
    def remaining_s(self) -> float:
        """Time until the target is reached."""
        return sum(leg.left for leg in self._legs) / RATE_HZ

    def aim(self, db: float | None, ramp_s: float) -> None:
        """Move to `db` from wherever the gain is now, in `ramp_s` (5 ms at least).

        The same target again changes nothing, unless it is to be reached sooner. Raises ValueError for a gain or a time
        that is not finite.
        """
        goal = linear(db)
        if not math.isfinite(ramp_s) or ramp_s < 0.0:
            raise ValueError(f"a ramp takes a finite time of zero seconds or more, not {ramp_s}")
        samples = max(SHORTEST_SAMPLES, round(ramp_s * RATE_HZ))
        if db == self.target and samples >= sum(leg.left for leg in self._legs):
            return
        self.target = db
        self._legs = _legs(self._present, goal, samples)

    def next(self, samples: int = FRAME_SAMPLES) -> float | Frame:
        """Return the gains of the next `samples` samples: a plain float when constant, else float32 (samples,)."""
        legs = self._legs
        if not legs:
            return self._present
        if samples <= legs[0].left:  # nearly always: a ramp is longer than a tick
            gains = legs[0].take(samples)
        else:
            gains = np.empty(samples, dtype=np.float32)
            at = 0
            for leg in legs:
                part = min(leg.left, samples - at)
                gains[at : at + part] = leg.take(part)
                at += part
            gains[at:] = legs[-1].end
        self._advance()
        return gains

    def skip(self, samples: int = FRAME_SAMPLES) -> None:
        """Let the time of `samples` samples pass unheard."""
        for leg in self._legs:
            part = min(leg.left, samples)
            leg.left -= part
            samples -= part
        self._advance()

    def _advance(self) -> None:
        legs = self._legs
        while legs and not legs[0].left:
            self._present = legs.pop(0).end
        if legs:
            self._present = legs[0].present()


class _Leg:
    """One straight part of the way, in dB or in amplitude."""

    __slots__ = ("_base", "_in_db", "_length", "_slope", "end", "left")

    def __init__(self, start: float, end: float, samples: int, *, in_db: bool) -> None:
        self._in_db = in_db
        self._base = math.log(start) if in_db else start
        self._slope = ((math.log(end) if in_db else end) - self._base) / samples
        self._length = samples
        self.left = samples
        self.end = end

    def take(self, samples: int) -> Frame:
        """Return the next `samples` (<= left) amplitude factors; the last one of all is the end."""
        base = self._base + self._slope * (self._length - self.left)
        self.left -= samples
        count = _COUNT[:samples] if samples <= FRAME_SAMPLES else np.arange(1, samples + 1, dtype=np.float32)
        way = count * np.float32(self._slope) + np.float32(base)
        if self._in_db:
            np.exp(way, out=way)
        if not self.left:
            way[-1] = self.end  # exactly, whatever the rounding on the way
        return way

    def present(self) -> float:
        value = self._base + self._slope * (self._length - self.left)
        return math.exp(value) if self._in_db else value


def _legs(start: float, end: float, samples: int) -> list[_Leg]:
    """Divide the way from `start` to `end` (amplitudes) at the floor."""
    if start == end:
        return []
    if start >= FLOOR and end >= FLOOR:
        return [_Leg(start, end, samples, in_db=True)]
    if start <= FLOOR and end <= FLOOR:
        return [_Leg(start, end, samples, in_db=False)]
    fade = min(FADE_SAMPLES, samples // 2)
    if start > end:
        return [_Leg(start, FLOOR, samples - fade, in_db=True), _Leg(FLOOR, end, fade, in_db=False)]
    return [_Leg(start, FLOOR, fade, in_db=False), _Leg(FLOOR, end, samples - fade, in_db=True)]
