"""Speech-like voices on fundamentals whose harmonics never meet, and the detector that tells them apart.

A voice is a few harmonics in short syllables with silence between them: browsers' noise suppression crushes steady
tones, and in running ones libopus' long-term prediction blows up to full scale after a lost packet. The detector looks
only at the exact frequencies of one voice, and so measures a voice beside louder ones. Present and absent are 60 dB
apart after Opus at 48 kb/s, two other voices sounding, over two seconds or more.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""(n,), mono, full scale is 1.0."""

RATE_HZ = 48_000
LEVEL_DBFS = -20.0  # RMS of a voice
SYLLABLES_HZ = 6  # the sidebands of its multiples miss the lines of all other voices
SYLLABLE_S = 0.1
SYLLABLE_MEAN = SYLLABLE_S * SYLLABLES_HZ * 3 / 8  # of a squared Hann window, which fades faster than any codec's noise
SYLLABLE_RMS = (SYLLABLE_S * SYLLABLES_HZ * 35 / 128) ** 0.5
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

_PLAIN_DB = 24.0  # a voice that far under everything may as well be the coding noise of others
_POINTS_HZ = 200  # at which a band of that width is looked at over time
_BAND_HZ = (20.0, 35.0)  # whole, nothing: half the smallest distance between lines of different voices


def voice(fundamental_hz: int, seconds: float, rate_hz: int = RATE_HZ) -> Samples:
    """The voice on `fundamental_hz`, at -20 dBFS RMS, (seconds * rate_hz,); whole seconds loop without a seam.

    Raises ValueError for a fundamental that is in neither list of fundamentals.
    """
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    lines = _lines(fundamental_hz)
    tone = np.zeros(len(t))
    for harmonic, rms in lines.items():
        # Phases grow with the square of the harmonic (Schroeder), which keeps the peaks low.
        tone += rms * np.sqrt(2) / SYLLABLE_MEAN * np.sin(2 * np.pi * fundamental_hz * harmonic * t + harmonic**2)
    in_syllable = np.minimum(t * SYLLABLES_HZ % 1 / (SYLLABLES_HZ * SYLLABLE_S), 1)
    return (tone * ((1 - np.cos(2 * np.pi * in_syllable)) / 2) ** 2).astype(np.float32)


def level_db(samples: Samples, fundamental_hz: int, rate_hz: int = RATE_HZ) -> float:
    """How loud one voice is in `samples`, in dBFS RMS: about -20 as `voice` makes it, below -80 when it is not there.

    Needs two seconds or more for its full range. Raises ValueError below half a second.
    """
    if len(samples) < rate_hz / 2:
        raise ValueError(f"{len(samples)} samples are too few to tell voices apart")
    window = np.hanning(len(samples))
    bins = 4 * len(samples)
    spectrum = np.abs(np.fft.rfft(samples * (window / window.sum()), bins)) * np.sqrt(2)
    samples = samples[: len(samples) // (rate_hz // 10) * (rate_hz // 10)]  # puts every line on a bin of its own
    lines = _lines(fundamental_hz)
    power = float((samples.astype(np.float64) ** 2).mean())
    # The median over time forgives a stumble of the network; what hides behind others is looked for line by line.
    loud_db = float(np.median(envelope_db(samples, fundamental_hz, rate_hz)))
    if loud_db > 10 * math.log10(power + 1e-30) - _PLAIN_DB:
        return loud_db
    window = np.hanning(len(samples))
    spectrum = np.abs(np.fft.rfft(samples * (window / window.sum()))) * np.sqrt(2)
    weakest = min(
        float(spectrum[fundamental_hz * harmonic * len(samples) // rate_hz]) / rms for harmonic, rms in lines.items()
    )
    return min(loud_db, max(FLOOR_DB, LEVEL_DBFS + 20 * math.log10(weakest + 1e-12)))


def envelope_db(
    samples: Samples, fundamental_hz: int, rate_hz: int = RATE_HZ, hop_s: float = 0.02
) -> NDArray[np.float64]:
    """The level of one voice over time, in dBFS RMS: element i stands for the 167 ms that begin at i * hop_s.

    The window is one syllable long: a steady voice gives a steady line, and a ramp is seen widened by 167 ms.
    """
    samples = samples[: len(samples) // (rate_hz // 10) * (rate_hz // 10)]
    length_s = len(samples) / rate_hz
    spectrum = np.fft.rfft(samples) / max(len(samples), 1)
    points = round(length_s * _POINTS_HZ)
    reach = round(_BAND_HZ[1] * length_s)
    offset_hz = np.arange(-reach, reach + 1) / max(length_s, 1e-9)
    band = np.cos(np.clip((np.abs(offset_hz) - _BAND_HZ[0]) / (_BAND_HZ[1] - _BAND_HZ[0]), 0, 1) * np.pi / 2)
    power = np.zeros(points)
    for harmonic in _lines(fundamental_hz):
        centre = round(fundamental_hz * harmonic * length_s)
        # Only the band around the line goes back into time, at a rate that is enough for it.
        around = np.zeros(points, np.complex128)
        around[np.arange(-reach, reach + 1)] = spectrum[centre - reach : centre + reach + 1] * band
        power += np.abs(np.fft.ifft(around) * points) ** 2 * 2
    total = np.concatenate([[0.0], np.cumsum(power)]) / _POINTS_HZ
    starts_s = np.arange(0, length_s - 1 / SYLLABLES_HZ, hop_s)
    at_s = np.arange(points + 1) / _POINTS_HZ
    energy = np.interp(starts_s + 1 / SYLLABLES_HZ, at_s, total) - np.interp(starts_s, at_s, total)
    result: NDArray[np.float64] = np.maximum(10 * np.log10(np.maximum(energy * SYLLABLES_HZ, 1e-30)), FLOOR_DB)
    return result


def _lines(fundamental_hz: int) -> dict[int, float]:
    """RMS of the middle line of each harmonic; the rest of its power lies in the sidebands of the syllables."""
    amplitudes = _HARMONICS.get(fundamental_hz)
    if amplitudes is None:
        raise ValueError(f"no voice on {fundamental_hz} Hz, only on {sorted(_HARMONICS)}")
    total = np.sqrt(sum(a * a for a in amplitudes.values()))
    share = 10 ** (LEVEL_DBFS / 20) * SYLLABLE_MEAN / SYLLABLE_RMS
    return {harmonic: float(a / total * share) for harmonic, a in amplitudes.items()}
