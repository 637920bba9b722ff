"""Speech-like voices on fundamentals whose harmonics never meet, and the detector that tells them apart.

A voice is a few harmonics that swell and fade five times a second, as syllables do: browsers' noise suppression crushes
steady tones. The detector looks only at the exact frequencies of one voice, and so measures a voice beside louder
ones. Present and absent are 60 dB apart after Opus at 48 kb/s, two other voices sounding, over two seconds or more.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""(n,), mono, full scale is 1.0."""

RATE_HZ = 48_000
LEVEL_DBFS = -20.0  # RMS of a voice
SYLLABLES_HZ = 5
FLOOR_DB = -140.0

FUNDAMENTALS_HZ = (430, 610, 970)
SPARE_FUNDAMENTALS_HZ = (690, 1080)  # for a second booth: they meet neither each other nor those above

_HARMONICS: dict[int, dict[int, float]] = {
    430: {1: 1.2, 2: 0.7, 3: 0.58, 4: 0.5, 14: 0.35},
    610: {1: 1.0, 2: 0.7, 3: 0.6, 6: 0.7, 12: 0.35},
    970: {1: 1.0, 2: 0.7, 3: 0.6, 5: 0.7},
    690: {1: 1.2, 2: 0.7, 3: 0.58, 4: 0.5, 8: 0.35},
    1080: {1: 1.0, 2: 0.7, 3: 0.58, 4: 0.5, 6: 0.5},
}
"""Amplitude of each harmonic. Every voice has a line or two far from all others, where Opus hides little noise."""

_ABSENT_FROM_DB = 8.0  # a voice whose weakest line lies this far under its middle one is the coding noise of others
_BAND_HZ = 30.0  # half the smallest distance between lines of different voices


def voice(fundamental_hz: int, seconds: float, rate_hz: int = RATE_HZ) -> Samples:
    """The voice on `fundamental_hz`, at -20 dBFS RMS, (seconds * rate_hz,); whole seconds loop without a seam.

    Raises ValueError for a fundamental that is in neither list of fundamentals.
    """
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    lines = _lines(fundamental_hz)
    tone = np.zeros(len(t))
    for harmonic, rms in lines.items():
        # Phases grow with the square of the harmonic (Schroeder), which keeps the peaks low.
        tone += rms * np.sqrt(8) * np.sin(2 * np.pi * fundamental_hz * harmonic * t + harmonic**2)
    syllables = (1 - np.cos(2 * np.pi * SYLLABLES_HZ * t)) / 2
    return (tone * syllables).astype(np.float32)


def level_db(samples: Samples, fundamental_hz: int, rate_hz: int = RATE_HZ) -> float:
    """How loud one voice is in `samples`, in dBFS RMS: about -20 as `voice` makes it, below -80 when it is not there.

    Needs two seconds or more for its full range. Raises ValueError below half a second.
    """
    if len(samples) < rate_hz / 2:
        raise ValueError(f"{len(samples)} samples are too few to tell voices apart")
    window = np.hanning(len(samples))
    bins = 4 * len(samples)
    spectrum = np.abs(np.fft.rfft(samples * (window / window.sum()), bins)) * np.sqrt(2)
    seen, whole = [], _lines(fundamental_hz)
    for harmonic in whole:
        centre = round(fundamental_hz * harmonic * bins / rate_hz)
        seen.append(max(float(spectrum[centre - 1 : centre + 2].max()), 1e-12))
    relative_db = [20 * math.log10(got / rms) for got, rms in zip(seen, whole.values(), strict=True)]
    if float(np.median(relative_db)) - min(relative_db) > _ABSENT_FROM_DB:
        return max(FLOOR_DB, LEVEL_DBFS + min(relative_db))
    return max(FLOOR_DB, LEVEL_DBFS + 20 * math.log10(math.hypot(*seen) / math.hypot(*whole.values())))


def envelope_db(
    samples: Samples, fundamental_hz: int, rate_hz: int = RATE_HZ, hop_s: float = 0.02
) -> NDArray[np.float64]:
    """The level of one voice over time, in dBFS RMS: element i stands for the 200 ms around (i * hop_s + 0.1) s.

    The window is one syllable long: a steady voice gives a steady line, and a ramp is seen widened by 200 ms.
    """
    spectrum = np.fft.fft(samples)
    frequency = np.fft.fftfreq(len(samples), 1 / rate_hz)
    power = np.zeros(len(samples))
    for harmonic in _lines(fundamental_hz):
        distance = np.abs(frequency - fundamental_hz * harmonic)
        band = np.cos(np.minimum(distance / _BAND_HZ, 1) * np.pi / 2)
        power += np.abs(np.fft.ifft(spectrum * band)) ** 2 * 2  # the analytic signal holds half the amplitude
    window = round(rate_hz / SYLLABLES_HZ)
    total = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, len(samples) - window + 1, round(hop_s * rate_hz))
    mean = np.maximum(total[starts + window] - total[starts], 0) / window
    result: NDArray[np.float64] = np.maximum(10 * np.log10(mean + 1e-30), FLOOR_DB)
    return result


def _lines(fundamental_hz: int) -> dict[int, float]:
    """RMS of the middle line of each harmonic; raised-cosine syllables put 2/3 of a harmonic's power there."""
    amplitudes = _HARMONICS.get(fundamental_hz)
    if amplitudes is None:
        raise ValueError(f"no voice on {fundamental_hz} Hz, only on {sorted(_HARMONICS)}")
    total = np.sqrt(sum(a * a for a in amplitudes.values()))
    share = 10 ** (LEVEL_DBFS / 20) * np.sqrt(2 / 3)
    return {harmonic: float(a / total * share) for harmonic, a in amplitudes.items()}
