"""Sound made longer or shorter without a change of pitch: a jump by one of its own periods, cross-faded."""

from __future__ import annotations

import numpy as np

from media.sound import Frame

SHORTEST_LAG = 120  # 2.5 ms: 400 Hz; of a higher voice, several periods
LONGEST_LAG = 720  # 15 ms: 66 Hz, the deepest voice (ITU-T G.711 Appendix I)
WINDOW = 480  # 10 ms that must look alike at both ends of the jump, and in which one fades into the other
ENERGY_FLOOR = 1e-9 * WINDOW  # -90 dBFS: under it any two moments are alike
_RISE: Frame = (0.5 - 0.5 * np.cos(np.pi * (np.arange(WINDOW) + 0.5) / WINDOW)).astype(np.float32)
_FALL: Frame = np.float32(1.0) - _RISE


def shorter(sound: Frame, most: int, least_likeness: float) -> tuple[Frame, int]:
    """Leave out one period at the beginning of `sound`; what is left, and by how many samples it is shorter.

    Nothing is left out (0) where no jump of 2.5 ms to `most` samples joins moments that are at least so alike, 1.0
    being the same wave. Needs 480 + 120 samples to begin with, and uses up to 480 + 720.

    This is WSOLA with one segment at a time (W. Verhelst and M. Roelands, "An overlap-add technique based on waveform
    similarity for high quality time-scale modification of speech", ICASSP 1993), as telephony uses it to change its
    delay (Y. Liang, N. Farber, B. Girod, "Adaptive playout scheduling and loss concealment for voice communication over
    IP networks", IEEE Trans. Multimedia 5(4), 2003).
    """
    last = min(most, LONGEST_LAG, len(sound) - WINDOW)
    if last < SHORTEST_LAG:
        return sound, 0
    lag, likeness = _most_alike(sound[:WINDOW], sound[SHORTEST_LAG : last + WINDOW])
    if likeness < least_likeness:
        return sound, 0
    lag += SHORTEST_LAG
    rest = sound[lag:].copy()
    rest[:WINDOW] = sound[:WINDOW] * _FALL + rest[:WINDOW] * _RISE
    return rest, lag


def longer(past: Frame, sound: Frame, most: int, least_likeness: float) -> tuple[Frame, int]:
    """Play one period again: fade from the beginning of `sound` back into `past`, which came right before it.

    Returns the sound and by how many samples it is longer; otherwise as `shorter`. Needs 480 samples of `sound`, and as
    much `past` as it may jump.
    """
    last = min(most, LONGEST_LAG, len(past))
    if last < SHORTEST_LAG or len(sound) < WINDOW:
        return sound, 0
    whole = np.concatenate((past[len(past) - last :], sound))
    lag, likeness = _most_alike(sound[:WINDOW], whole[: last - SHORTEST_LAG + WINDOW])
    if likeness < least_likeness:
        return sound, 0
    again = whole[lag:].copy()
    again[:WINDOW] = sound[:WINDOW] * _FALL + again[:WINDOW] * _RISE
    return again, last - lag


def _most_alike(now: Frame, other: Frame) -> tuple[int, float]:
    """Where in `other` the window `now` fits best, and how well: the normalised cross-correlation, -1 ... 1."""
    products = np.correlate(other.astype(np.float64), now.astype(np.float64), "valid")
    sums = np.concatenate(([0.0], np.cumsum(np.square(other, dtype=np.float64))))
    energies = sums[len(now) :] - sums[: -len(now)] + ENERGY_FLOOR
    alike = (products + ENERGY_FLOOR) / np.sqrt(
        energies * (float(np.square(now, dtype=np.float64).sum()) + ENERGY_FLOOR)
    )
    best = int(np.argmax(alike))
    return best, float(alike[best])
