"""The look-ahead limiter in front of every ear: nothing above the ceiling, and no click on the way down."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from media.sound import RATE_HZ, Frame

CEILING_DB = -3.0  # dBFS: leaves the encoder room for its own overshoot
LOOKAHEAD_SAMPLES = 144  # 3 ms: the delay of this limiter, and the time in which the gain comes down
RELEASE_S = 0.100  # time constant: short enough to give speech back, long enough not to buzz
RESTED = 1e-5  # an attenuation of 0.0001 dB: from here the sound passes through bit by bit


class Limiter:
    """Holds one listener's sound at or under `ceiling_db` dBFS; it comes out LOOKAHEAD_SAMPLES (3 ms) later.

    The wanted attenuation of each sample is held for the look-ahead, released exponentially, and averaged over the
    look-ahead. Each average then covers only values at or above what its sample wants, so no sample passes the ceiling
    (P. Hamalainen, "Smoothing of the control signal without clipped output in digital peak limiters", DAFx-02, 2002).
    """

    __slots__ = ("_attenuation", "_ceiling", "_held", "_pending", "_released", "_tail", "_wanted")

    def __init__(self, ceiling_db: float = CEILING_DB) -> None:
        self._ceiling = 10.0 ** (ceiling_db / 20.0)
        self._tail = np.zeros(LOOKAHEAD_SAMPLES, dtype=np.float32)  # sound still inside
        self._wanted = np.zeros(LOOKAHEAD_SAMPLES)  # attenuation the last samples asked for
        self._held = np.zeros(LOOKAHEAD_SAMPLES)  # after hold and release: what the average still needs
        self._pending = False  # whether one of them asked for any
        self._released = 0.0  # state of the release
        self._attenuation = 0.0

    @property
    def reduction_db(self) -> float:
        """The greatest reduction in the last block, in dB (0 or more)."""
        return -20.0 * math.log10(max(1.0 - self._attenuation, 1e-9))

    def process(self, frame: Frame) -> Frame:
        """Take float32 (n,), n >= 144, and return a fresh float32 (n,): the sound of 3 ms ago, limited.

        Samples that are not finite are taken as silence, so that a broken decoder cannot silence a listener for good.
        """
        peak = float(np.maximum.reduce(np.abs(frame)))
        if not math.isfinite(peak):
            frame = np.nan_to_num(frame, nan=0.0, posinf=0.0, neginf=0.0)
            peak = float(np.abs(frame).max())
        delayed = np.empty(len(frame), dtype=np.float32)
        delayed[:LOOKAHEAD_SAMPLES] = self._tail
        delayed[LOOKAHEAD_SAMPLES:] = frame[:-LOOKAHEAD_SAMPLES]
        self._tail[:] = frame[-LOOKAHEAD_SAMPLES:]
        if peak <= self._ceiling and self._released < RESTED:
            if self._attenuation:
                self._rest()
            return delayed
        attenuation = self._smooth(frame, peak)
        self._attenuation = float(attenuation.max())
        return (delayed * (1.0 - attenuation)).astype(np.float32)

    def _rest(self) -> None:
        self._wanted[:] = 0.0
        self._pending = False
        self._held[:] = 0.0
        self._released = 0.0
        self._attenuation = 0.0

    def _smooth(self, frame: Frame, peak: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return the attenuation (0: none, 1: silence) of each delayed sample, float64 (n,)."""
        size = len(frame)
        if peak <= self._ceiling and not self._pending:  # nothing is wanted any more: it only comes back
            held = self._released * _decay(size)
        else:
            loud = np.maximum(np.abs(frame).astype(np.float64), self._ceiling)
            wanted = np.concatenate((self._wanted, 1.0 - self._ceiling / loud))
            self._wanted = wanted[-LOOKAHEAD_SAMPLES:]
            self._pending = bool(self._wanted.any())
            held = _release(_hold(wanted, LOOKAHEAD_SAMPLES + 1), self._released)
        self._released = float(held[-1])
        window = np.concatenate((self._held, held))
        self._held = window[-LOOKAHEAD_SAMPLES:]
        sums = np.concatenate(([0.0], np.cumsum(window)))
        average = (sums[LOOKAHEAD_SAMPLES + 1 :] - sums[: -LOOKAHEAD_SAMPLES - 1]) / (LOOKAHEAD_SAMPLES + 1)
        return np.asarray(average[:size])


Values = np.ndarray[tuple[int], np.dtype[np.float64]]


def _hold(values: Values, window: int) -> Values:
    """Return the maximum over each `window` neighbours, shape (n - window + 1,), by doubling the window covered."""
    covered = 1
    while covered * 2 <= window:
        values = np.maximum(values[:-covered], values[covered:])
        covered *= 2
    if covered < window:
        rest = window - covered
        values = np.maximum(values[:-rest], values[rest:])
    return values


@cache
def _decay(samples: int) -> Values:
    """Return what is left of an attenuation after 1, 2, ... `samples` samples of release."""
    return np.exp(-np.arange(1, samples + 1) / (RELEASE_S * RATE_HZ))


def _release(values: Values, before: float) -> Values:
    """Let each value decay with the release time until a greater one comes: y[n] = max(x[n], a y[n-1]), all at once."""
    decay = _decay(len(values))
    scaled = np.maximum.accumulate(values / decay)
    return np.asarray(np.maximum(scaled, before) * decay)
