"""Speech-like voices on fundamentals whose harmonics never meet, and the detector that tells them apart.

A voice is a few harmonics and some breath, in short syllables. Steady tones would not do: browsers' noise suppression
crushes them, and libopus' long-term prediction blows pure tones up to full scale after a lost packet. The detector
looks only at the exact frequencies of one voice, and so measures a voice beside louder ones: present and absent are
65 to 75 dB apart after Opus at 48 kb/s, with two other voices sounding, over three seconds.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""(n,), mono, full scale is 1.0."""

RATE_HZ = 48_000
LEVEL_DBFS = -20.0  # RMS of a voice
SYLLABLES_HZ = 6
SYLLABLE_S, EDGE_S = 0.108, 0.033  # flat between raised-cosine edges: loud for its peaks, which limiters do not like
BREATH_DB = -23.0  # under the harmonics
FLOOR_DB = -140.0

FUNDAMENTALS_HZ = (430, 610, 970)
SPARE_FUNDAMENTALS_HZ = (690, 1080)  # for a second booth: they meet neither each other nor those above

_HARMONICS: dict[int, dict[int, tuple[float, float]]] = {
    430: {1: (1.2, 1.2), 2: (0.7, 4.84), 3: (0.58, 4.76), 4: (0.5, 0.56), 14: (0.5, 1.82)},
    610: {1: (1.0, 1.07), 2: (0.7, 3.58), 3: (0.6, 3.44), 6: (0.7, 2.08), 12: (0.5, 2.61)},
    970: {1: (1.0, 0.26), 2: (0.7, 0.58), 3: (0.6, 5.39), 5: (0.8, 0.84), 7: (0.4, 1.0)},
    690: {1: (1.2, 1.04), 2: (0.7, 2.8), 3: (0.58, 1.84), 4: (0.5, 5.01), 8: (0.35, 0.91)},
    1080: {1: (1.0, 1.32), 2: (0.7, 1.84), 3: (0.58, 4.04), 4: (0.5, 2.95), 6: (0.5, 0.85)},
}
"""Amplitude and phase of each harmonic; the phases keep the peaks low.

Every voice has a line or two far from all others, where Opus hides little noise.
"""

_PLAIN_DB = 24.0  # a voice that far under everything may as well be the coding noise of others
_POINTS_HZ = 200  # at which a band of that width is looked at over time
_BAND_HZ = (20.0, 35.0)  # whole, nothing: half the smallest distance between lines of different voices


def voice(fundamental_hz: int, seconds: float, rate_hz: int = RATE_HZ) -> Samples:
    """The voice on `fundamental_hz`, at -20 dBFS RMS, (seconds * rate_hz,); whole seconds loop without a seam.

    Raises ValueError for a fundamental that is in neither list of fundamentals.
    """
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    harmonics = _of(fundamental_hz)
    tone = np.zeros(len(t))
    for harmonic, (amplitude, phase) in harmonics.items():
        tone += amplitude * np.sin(2 * np.pi * fundamental_hz * harmonic * t + phase)
    rms = math.hypot(*(amplitude for amplitude, _ in harmonics.values())) / math.sqrt(2)
    tone += np.resize(_breath(fundamental_hz, rate_hz), len(t)) * rms * 10 ** (BREATH_DB / 20)
    loud = 10 ** (LEVEL_DBFS / 20) / (rms * math.sqrt(1 + 10 ** (BREATH_DB / 10)))
    return (tone * _syllables(t) * loud / _syllables_rms()).astype(np.float32)


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


def _of(fundamental_hz: int) -> dict[int, tuple[float, float]]:
    harmonics = _HARMONICS.get(fundamental_hz)
    if harmonics is None:
        raise ValueError(f"no voice on {fundamental_hz} Hz, only on {sorted(_HARMONICS)}")
    return harmonics


def _lines(fundamental_hz: int) -> dict[int, float]:
    """RMS of the middle line of each harmonic; the rest of its power lies in the sidebands of the syllables."""
    harmonics = _of(fundamental_hz)
    total = math.hypot(*(amplitude for amplitude, _ in harmonics.values()))
    loud = 10 ** (LEVEL_DBFS / 20) / math.sqrt(1 + 10 ** (BREATH_DB / 10))
    share = loud * SYLLABLES_HZ * (SYLLABLE_S - EDGE_S) / _syllables_rms()
    return {harmonic: amplitude / total * share for harmonic, (amplitude, _) in harmonics.items()}


def _syllables(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """How open the mouth is at time `t` in s, 0 ... 1."""
    at_s = t % (1 / SYLLABLES_HZ)
    edge = np.clip(np.minimum(at_s, SYLLABLE_S - at_s) / EDGE_S, 0, 1)
    result: NDArray[np.float64] = (1 - np.cos(np.pi * edge)) / 2
    return result


def _syllables_rms() -> float:
    # The square of a raised-cosine edge holds 3/8 of its length.
    return math.sqrt(SYLLABLES_HZ * (SYLLABLE_S - 2 * EDGE_S * (1 - 3 / 8)))


@lru_cache(maxsize=8)
def _breath(fundamental_hz: int, rate_hz: int) -> NDArray[np.float64]:
    """One second of noise up to 8 kHz at an RMS of 1, with gaps where any voice has its lines."""
    frequency = np.arange(rate_hz // 2 + 1)
    level = ((frequency > 150) & (frequency < 8000)).astype(float)
    for fundamental, harmonics in _HARMONICS.items():
        for harmonic in harmonics:
            level[np.abs(frequency - fundamental * harmonic) <= _BAND_HZ[1]] = 0
    phases = np.random.default_rng(fundamental_hz).random(len(frequency))
    noise = np.fft.irfft(level * np.exp(2j * np.pi * phases), rate_hz)
    result: NDArray[np.float64] = noise / np.sqrt((noise**2).mean())
    return result
