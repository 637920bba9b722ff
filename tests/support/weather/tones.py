"""Who is heard when, and whether it clicks: everybody hums a tone of their own, and 20 ms tell them all apart.

Tones are 100 Hz apart: two bins of a packet of 20 ms, the half width of a Hann window.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from media.sound import FRAME_SAMPLES, RATE_HZ

FIRST_HZ, STEP_HZ = 400, 100
MOST_TONES = 20  # up to 2.3 kHz: what Opus keeps at any rate
HUMMED_DBFS = -20.0
HEARD_DBFS = -42.0  # a tone that is ducked by 18 dB lies 4 dB above
SMEARED_DB = -26.0  # under the loudest there is what stretching and filling in make of it; ducking is above, too
LONGEST_GAP_S = 0.1  # of sound that goes on
LONGEST_FREEZE_S = 0.5
LEAST_HEARD_S = 0.06  # shorter ones are what a seam in somebody's loop smears over the neighbouring tones
KEPT_SPANS = 1000  # of one tone; the oldest go
CLICK_SLOPES = 6.0  # times the local RMS of the slope: several sines together stay under 3
CLICK_LEAST = 0.01  # steps under -40 dBFS are the codec's noise

Span = tuple[float, float]
"""From when to when, monotonic seconds."""


def tone_hz(number: int) -> int:
    """The tone of participant `number` (from 0). Raises ValueError for more than there are."""
    if not 0 <= number < MOST_TONES:
        raise ValueError(f"there are {MOST_TONES} tones")
    return FIRST_HZ + number * STEP_HZ


def hum(frequency_hz: int, seconds: float) -> NDArray[np.float32]:
    """That tone, mono float32 at 48 kHz; whole periods in each packet."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    amplitude = math.sqrt(2) * 10 ** (HUMMED_DBFS / 20)
    return (amplitude * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


class Spans:
    """Instants at which something went on -> from when to when it did. A pause of more than `gap_s` parts two."""

    def __init__(self, gap_s: float, least_s: float = 0.0, kept: int = KEPT_SPANS) -> None:
        self._gap_s, self._least_s = gap_s, least_s
        self._spans: deque[Span] = deque(maxlen=kept)

    def touch(self, at_s: float) -> None:
        """It went on then."""
        if self._spans and at_s - self._spans[-1][1] <= self._gap_s:
            began_s, _ = self._spans.pop()
            self._spans.append((began_s, at_s))
        else:
            self._spans.append((at_s, at_s))

    def since(self, at_s: float) -> list[Span]:
        """Those that had not ended by then, and lasted for `least_s`."""
        return [span for span in self._spans if span[1] >= at_s and span[1] - span[0] >= self._least_s]


class Listener:
    """Takes decoded packets of 20 ms one after the other; knows who was heard when, and when it clicked."""

    def __init__(self, frequencies_hz: Sequence[int]) -> None:
        self.heard = {hz: Spans(LONGEST_GAP_S, LEAST_HEARD_S) for hz in frequencies_hz}
        self.clicks: deque[float] = deque(maxlen=KEPT_SPANS)
        time_s = np.arange(FRAME_SAMPLES) / RATE_HZ
        angles = 2 * np.pi * np.outer(list(frequencies_hz), time_s)
        # A Hann window: its zeros lie on all other tones, and what stretching and seams smear stays near its own.
        window = 1 - np.cos(2 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES)
        self._waves = (np.exp(-1j * angles) * window * math.sqrt(2) / FRAME_SAMPLES).astype(np.complex64)
        self._before: NDArray[np.float32] | None = None

    def interrupted(self) -> None:
        """What comes next does not follow what came last: how that sounds is up to a player, who fades it in."""
        self._before = None

    def take(self, samples: NDArray[np.float32], at_s: float) -> None:
        """960 samples that came at that instant."""
        levels = np.abs(self._waves @ samples)
        present = levels > max(10 ** (HEARD_DBFS / 20), float(np.max(levels)) * 10 ** (SMEARED_DB / 20))
        for spans, is_heard in zip(self.heard.values(), present, strict=True):
            if is_heard:
                spans.touch(at_s)
        if self._before is not None and clicks(np.concatenate((self._before[-FRAME_SAMPLES // 2 :], samples))):
            self.clicks.append(at_s)
        self._before = samples.copy()


def clicks(samples: NDArray[np.float32]) -> bool:
    """Whether somewhere in these 10 to 50 ms the sound jumps, as it does where it is cut off or begins in a wave."""
    slope = np.abs(np.diff(samples.astype(np.float64)))
    usual = math.sqrt(float(np.mean(np.square(slope))))
    return bool(np.any((slope > CLICK_SLOPES * usual) & (slope > CLICK_LEAST)))


def first_after(spans: Iterable[Span], at_s: float) -> float | None:
    """When it went on at or after that instant for the first time; None: not yet."""
    return min((max(began_s, at_s) for began_s, ended_s in spans if ended_s >= at_s), default=None)


def holes(spans: Sequence[Span], from_s: float, to_s: float) -> list[Span]:
    """When it did not go on between those instants."""
    marks = [(from_s, from_s), *(span for span in spans if span[1] >= from_s and span[0] <= to_s), (to_s, to_s)]
    return [(before[1], after[0]) for before, after in itertools.pairwise(marks) if after[0] > before[1]]
