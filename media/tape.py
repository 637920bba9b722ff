"""Decoded sound between the decoder and the mix: a bounded tape that can be made longer or shorter."""

from __future__ import annotations

import numpy as np

from media.opus import LONGEST_SAMPLES
from media.sound import Frame
from media.timescale import LONGEST_LAG, longer, shorter

PAST = LONGEST_LAG  # what was played and may be played again
CAPACITY = PAST + 3 * LONGEST_SAMPLES  # what is read out at most, and two of the longest packets: the oldest goes


class Tape:
    """`write` what is decoded, `read` what is due."""

    __slots__ = ("_begin", "_end", "_samples", "dropped")

    def __init__(self) -> None:
        self._samples = np.zeros(CAPACITY, dtype=np.float32)
        self._begin = self._end = PAST  # what is held lies between; before it, what was played
        self.dropped = 0
        """Samples that were written over because nobody read them."""

    def __len__(self) -> int:
        """Count the samples held."""
        return self._end - self._begin

    def write(self, sound: Frame) -> None:
        """Append float32 (n,), n <= 5760."""
        if self._end + len(sound) > CAPACITY:
            excess = max(0, len(self) + len(sound) - (CAPACITY - PAST))
            self._begin += excess
            self.dropped += excess
            self._rewind()
        self._samples[self._end : self._end + len(sound)] = sound
        self._end += len(sound)

    def read(self, samples: int) -> Frame:
        """Return a fresh float32 (samples,); what is not there is silence."""
        frame = np.zeros(samples, dtype=np.float32) if len(self) < samples else None
        there = self._samples[self._begin : min(self._begin + samples, self._end)]
        self._begin += len(there)
        if frame is None:
            return there.copy()
        frame[: len(there)] = there
        return frame

    def stretch(self, change: int, least_likeness: float) -> int:
        """Make it longer (> 0) or shorter (< 0) by one period of at most `change`; by how many samples it was done."""
        if len(self) + change > CAPACITY - PAST:
            return 0
        past, sound = self._samples[self._begin - PAST : self._begin], self._samples[self._begin : self._end]
        if change > 0:
            sound, lag = longer(past, sound, change, least_likeness)
        else:
            sound, lag = shorter(sound, -change, least_likeness)
            lag = -lag
        if lag:
            if self._begin + len(sound) > CAPACITY:
                self._rewind()
            self._end = self._begin + len(sound)
            self._samples[self._begin : self._end] = sound
        return lag

    def clear(self) -> None:
        """Forget what is held and what was played."""
        self._samples[:PAST] = 0.0
        self._begin = self._end = PAST

    def _rewind(self) -> None:
        kept = self._samples[self._begin - PAST : self._end].copy()
        self._samples[: len(kept)] = kept
        self._begin, self._end = PAST, len(kept)
