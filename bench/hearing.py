"""Where a sound begins in what was received, and how far a voice lags behind what was said. Pure, on samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RATE_HZ = 48_000
FRAME_SAMPLES = 960
ENVELOPE_SAMPLES = 48  # 1 ms
ONSET_BELOW_DB = 12.0  # under the burst's own level: above any floor, and reached within its first milliseconds
QUIET_BEFORE_S = 0.15


@dataclass(frozen=True, slots=True)
class Timeline:
    """Samples with the instant (monotonic seconds) at which each packet of 960 came: `starts_s[i]` is of packet i.

    `stamps` are the packets' RTP timestamps.
    """

    samples: np.ndarray
    starts_s: np.ndarray
    stamps: np.ndarray

    def instant_s(self, sample: int) -> float:
        """When that sample could be heard at the earliest: its packet's arrival and its place in it."""
        packet = min(sample // FRAME_SAMPLES, self.starts_s.size - 1)
        return float(self.starts_s[packet]) + (sample - packet * FRAME_SAMPLES) / RATE_HZ

    def timestamp(self, sample: int) -> int:
        """The RTP timestamp of that sample."""
        packet = min(sample // FRAME_SAMPLES, self.stamps.size - 1)
        return int(self.stamps[packet]) + sample - packet * FRAME_SAMPLES


def bursts(count: int, every_s: float, length_s: float, level: float, seed: int) -> tuple[np.ndarray, list[int]]:
    """Silence with bursts of a voice-like sound: mono float32 samples, and the sample at which each burst begins.

    Each begins somewhere else in its packet of 20 ms. The sound is a harmonic tone, which every codec keeps.
    """
    random = np.random.default_rng(seed)
    samples = np.zeros(int(count * every_s * RATE_HZ), np.float32)
    time_s = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
    tone = sum(np.sin(2 * np.pi * 220 * number * time_s) / number for number in range(1, 12))
    tone = np.asarray(tone / np.max(np.abs(tone)) * level, np.float32)
    fade = np.linspace(1.0, 0.0, 480, dtype=np.float32)
    tone[-480:] *= fade
    onsets = []
    for number in range(count):
        at = int((number + 0.3) * every_s * RATE_HZ) + int(random.integers(FRAME_SAMPLES))
        samples[at : at + tone.size] = tone
        onsets.append(at)
    return samples, onsets


def onsets(samples: np.ndarray, level: float) -> list[int]:
    """Samples at which something as loud as `level` (peak) begins after at least 150 ms of quiet."""
    blocks = samples[: samples.size // ENVELOPE_SAMPLES * ENVELOPE_SAMPLES].reshape(-1, ENVELOPE_SAMPLES)
    loud = np.max(np.abs(blocks), axis=1) > level * 10 ** (-ONSET_BELOW_DB / 20)
    quiet_blocks = int(QUIET_BEFORE_S * RATE_HZ / ENVELOPE_SAMPLES)
    found, quiet = [], quiet_blocks
    for block, is_loud in enumerate(loud):
        if is_loud and quiet >= quiet_blocks:
            found.append(block * ENVELOPE_SAMPLES)
        quiet = 0 if is_loud else quiet + 1
    return found


def delays_s(said_s: Sequence[float], heard_s: Sequence[float], longest_s: float) -> list[float]:
    """For each instant something was said the first one after it at which it was heard, if within `longest_s`."""
    found = []
    for said in said_s:
        after = [heard - said for heard in heard_s if 0 <= heard - said <= longest_s]
        if after:
            found.append(min(after))
    return found


def lag_samples(reference: np.ndarray, heard: np.ndarray) -> tuple[int, float]:
    """By how many samples `heard` (at least as long) lags behind `reference`, and how alike they are there (0 ... 1).

    Normalised cross-correlation by FFT, over all places where the reference lies within.
    """
    size = 1 << int(np.ceil(np.log2(reference.size + heard.size)))
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(reference, size)), size)
    places = heard.size - reference.size + 1
    energy = np.cumsum(np.concatenate(([0.0], np.square(heard, dtype=np.float64))))
    power = energy[reference.size : reference.size + places] - energy[:places]
    norm = np.sqrt(np.maximum(power, 1e-9) * float(np.sum(np.square(reference, dtype=np.float64))) + 1e-12)
    likeness = product[:places] / norm
    best = int(np.argmax(likeness))
    return best, float(likeness[best])
