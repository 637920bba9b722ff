"""How loud a source is (RMS over 200 ms), and whether somebody speaks there."""

from __future__ import annotations

import math

import numpy as np

from media.sound import FRAME_SAMPLES, Frame

WINDOW_TICKS = 10  # 200 ms, five values a second: what the pages' meters draw
SILENCE_DBFS = -96.0  # nothing is reported below: the quietest step of 16 bits
OPEN_DBFS = -40.0  # speech is brought to about -20 dBFS by the browser; 20 dB under it, people still speak
CLOSE_DBFS = -46.0  # 6 dB lower, so that the end of a word does not flicker
OPEN_TICKS = 3  # 60 ms: a cup put down is shorter, a syllable is longer
HANG_TICKS = 15  # 300 ms: the pauses between words (ITU-T P.56 bridges 200 ms) do not end a turn


def dbfs(mean_square: float) -> float:
    """Return the level of a mean square, 0 dBFS being an RMS of 1.0; -96 at least."""
    return max(SILENCE_DBFS, 10.0 * math.log10(mean_square)) if mean_square > 0.0 else SILENCE_DBFS


class Level:
    """One source's meter, fed once per tick."""

    __slots__ = ("_arrived", "_calm", "_energy", "_loud", "_ticks", "dbfs", "quiet", "speaking")

    def __init__(self) -> None:
        self.dbfs: float | None = None
        """RMS of the last full window; None when nothing arrived in it."""
        self.speaking = False
        """Whether somebody speaks: over -40 dBFS for 60 ms, and not under -46 dBFS for 300 ms since."""
        self.quiet = True
        """Whether the last frame was under -46 dBFS: a good moment to change the playout delay."""
        self._energy = 0.0
        self._arrived = self._ticks = 0
        self._loud = self._calm = 0

    def add(self, frame: Frame | None) -> bool:
        """Take the sound of one tick, float32 (960,), or None when nothing arrived; True when `dbfs` is new."""
        mean_square = 0.0
        if frame is not None:
            energy = float(np.dot(frame, frame))
            mean_square = energy / FRAME_SAMPLES if math.isfinite(energy) else 0.0
            self._arrived += 1
            self._energy += mean_square
        self._listen(dbfs(mean_square))
        self._ticks += 1
        if self._ticks < WINDOW_TICKS:
            return False
        self.dbfs = dbfs(self._energy / WINDOW_TICKS) if self._arrived else None
        self._energy = 0.0
        self._arrived = self._ticks = 0
        return True

    def _listen(self, level_dbfs: float) -> None:
        self.quiet = level_dbfs < CLOSE_DBFS
        self._loud = self._loud + 1 if level_dbfs >= OPEN_DBFS else 0
        self._calm = self._calm + 1 if self.quiet else 0
        if self._loud >= OPEN_TICKS:
            self.speaking = True
        elif self._calm >= HANG_TICKS:
            self.speaking = False
