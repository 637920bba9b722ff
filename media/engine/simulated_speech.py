"""Speech without words: vowels and soft consonants in the rhythm of sentences, pleasant to hear."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

RATE_HZ = 48_000
BLOCK_SAMPLES = 960  # 20 ms
LEVEL_DBFS = -20.0  # the level to which voices are matched
STEP_SAMPLES = 240  # 5 ms: formants move no faster

VOWELS_HZ = (
    (730, 1090, 2440),
    (530, 1840, 2480),
    (300, 2200, 2950),
    (570, 840, 2410),
    (320, 870, 2240),
    (500, 1400, 2400),
)
"""First three formants of six vowels (Peterson and Barney 1952, male averages)."""
BANDWIDTHS_HZ = (80.0, 110.0, 160.0)
FORMANT_WEIGHTS = (1.0, 0.55, 0.22)


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice: its pitch, the size of its throat against a man's, and the seed of what it says."""

    fundamental_hz: float
    formant_scale: float
    seed: int


def sentence(speaker: Speaker, seconds: float, turn: int) -> np.ndarray:
    """About `seconds` of babble, mono float32 at 48 kHz near -20 dBFS, silent at both ends; `turn` chooses which."""
    random = np.random.default_rng((speaker.seed, turn))
    steps = int(seconds * RATE_HZ / STEP_SAMPLES)
    loudness, breath, formants = _articulate(random, steps, speaker.formant_scale)
    pitch = speaker.fundamental_hz * _melody(random, steps)
    count = steps * STEP_SAMPLES
    sound = _voiced(_smooth(pitch, count), formants, loudness, count) + 0.25 * _breath(random, breath, count)
    rms = math.sqrt(float(np.mean(np.square(sound))) + 1e-12)
    sound *= 10 ** (LEVEL_DBFS / 20) / rms
    fade = np.linspace(0.0, 1.0, RATE_HZ // 50)
    sound[: fade.size] *= fade
    sound[-fade.size :] *= fade[::-1]
    padded = np.zeros(-(-count // BLOCK_SAMPLES) * BLOCK_SAMPLES, np.float32)
    padded[:count] = np.clip(sound, -0.7, 0.7)
    return padded


def _articulate(random: np.random.Generator, steps: int, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Loudness and breath (steps,), formants in Hz (3, steps): syllables of 120-260 ms, a stop after four to seven."""
    loudness, breath = np.zeros(steps), np.zeros(steps)
    formants = np.empty((3, steps))
    formants[:] = np.array(VOWELS_HZ[5], float)[:, None]
    at, until_stop = 4, int(random.integers(4, 8))
    while at < steps - 30:
        onset, length = int(random.integers(6, 12)), int(random.integers(18, 42))
        end = min(at + onset + length, steps - 4)
        breath[at : at + onset] = np.hanning(onset) * random.uniform(0.1, 1.0)
        span = end - at - onset // 2
        loudness[end - span : end] = np.maximum(
            loudness[end - span : end], np.hanning(span) ** 0.6 * random.uniform(0.6, 1.0)
        )
        formants[:, at:] = np.array(VOWELS_HZ[int(random.integers(len(VOWELS_HZ)))], float)[:, None]
        at, until_stop = end - 4, until_stop - 1
        if until_stop == 0:
            at, until_stop = end + int(random.integers(30, 60)), int(random.integers(4, 8))
    kernel = np.hanning(17) / np.hanning(17).sum()
    smooth = np.stack([np.convolve(np.pad(row, 8, mode="edge"), kernel, mode="valid") for row in formants])
    return loudness, breath, smooth * scale


def _melody(random: np.random.Generator, steps: int) -> np.ndarray:
    """Pitch factor (steps,): falls over the sentence, waves with its phrases."""
    time_s = np.arange(steps) * STEP_SAMPLES / RATE_HZ
    wave = 0.09 * np.sin(2 * np.pi * random.uniform(0.35, 0.6) * time_s + random.uniform(0, 6))
    accent = 0.05 * np.sin(2 * np.pi * random.uniform(1.2, 2.0) * time_s + random.uniform(0, 6))
    return np.asarray(1.08 - 0.16 * time_s / time_s[-1] + wave + accent)


def _voiced(pitch_hz: np.ndarray, formants: np.ndarray, loudness: np.ndarray, count: int) -> np.ndarray:
    """A sum of harmonics under the formants' resonances, falling 6 dB an octave like a voice that is not raised."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    steps_hz = pitch_hz[::STEP_SAMPLES]
    sound = np.zeros(count)
    for harmonic in range(1, int(4000 / steps_hz.max()) + 1):
        frequency = harmonic * steps_hz
        gain = np.zeros(steps_hz.size)
        for formant, bandwidth, weight in zip(formants, BANDWIDTHS_HZ, FORMANT_WEIGHTS, strict=True):
            gain += weight / (1 + np.square((frequency - formant) / bandwidth))
        sound += _smooth((gain + 0.03) * loudness / harmonic**0.5, count) * np.sin(harmonic * phase)
    return sound


def _breath(random: np.random.Generator, breath: np.ndarray, count: int) -> np.ndarray:
    """Soft noise between 2 and 7 kHz where `breath` (steps,) says so."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    frequency = np.fft.rfftfreq(count, 1 / RATE_HZ)
    spectrum *= np.exp(-np.square((frequency - 4000) / 1800))
    noise = np.fft.irfft(spectrum, count)
    return np.asarray(noise / (np.abs(noise).max() + 1e-9) * _smooth(breath, count))


def _smooth(steps: np.ndarray, count: int) -> np.ndarray:
    """Steps of 5 ms -> `count` samples, in straight lines."""
    return np.asarray(np.interp(np.arange(count), np.arange(steps.size) * STEP_SAMPLES, steps))


class Mouth:
    """Says sentences when told to and is silent otherwise: the `speak` of a live microphone.

    `opening` (0 ... 1) follows the voice, for a picture whose mouth moves.
    """

    def __init__(self) -> None:
        self.opening = 0.0
        self._left = np.zeros(0, np.float32)

    @property
    def speaking(self) -> bool:
        """Whether there is something left to say."""
        return self._left.size > 0

    def say(self, sound: np.ndarray) -> float:
        """Say this now, instead of anything begun; returns how long it takes in seconds."""
        self._left = sound
        return sound.size / RATE_HZ

    def hush(self) -> None:
        """Stop in the middle of the word."""
        self._left = self._left[:0]

    def speak(self, index: int) -> np.ndarray:
        """The next 960 samples, mono float32."""
        block = np.zeros(BLOCK_SAMPLES, np.float32)
        said, self._left = self._left[:BLOCK_SAMPLES], self._left[BLOCK_SAMPLES:]
        block[: said.size] = said
        loud = min(1.0, math.sqrt(float(np.mean(np.square(block)))) * 6)
        self.opening += (loud - self.opening) * 0.5
        return block
