"""The sound of the loopback test, and what its echo tells: how loud and how late one's own voice comes back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from media import voice
from media.engine.simulated_microphone import RATE_HZ, MicrophoneTrack
from media.engine.simulated_sound import SoundSink

LOOP_S = 2.0  # longer than any delay worth measuring: within it a delay is unmistakable
FUNDAMENTAL_HZ = voice.FUNDAMENTALS_HZ[0]
MARK_S = 0.06
MARK_HZ = (2000.0, 5500.0)  # between two lines of the voice, so that the level is not disturbed
MARK_PEAK = 0.25
SURE = 8.0  # the mark stands out of the correlation by this factor, or it was not there


@dataclass(frozen=True, slots=True)
class Echo:
    """Level against what was sent, in dB (None: nothing of it came back), and delay there and back, in seconds."""

    level_db: float | None
    delay_s: float | None


def mark() -> np.ndarray:
    """A short sweep, whose place can be found to the sample: float32, shape (n,)."""
    time_s = np.arange(int(MARK_S * RATE_HZ)) / RATE_HZ
    slope = (MARK_HZ[1] - MARK_HZ[0]) / MARK_S
    sweep = np.sin(2 * np.pi * (MARK_HZ[0] * time_s + slope * np.square(time_s) / 2))
    return (MARK_PEAK * np.hanning(time_s.size) * sweep).astype(np.float32)


def loop() -> np.ndarray:
    """Two seconds of a voice, marked at their beginning: mono float32 at 48 kHz, without a seam."""
    samples = voice.voice(FUNDAMENTAL_HZ, LOOP_S).astype(np.float32)
    samples[: mark().size] += mark()
    return samples


def listen(sound: SoundSink, microphone: MicrophoneTrack) -> Echo:
    """Measure the newest four seconds that came back of what `microphone` says in a `loop`."""
    heard = sound.samples(2 * LOOP_S)
    if heard.size < LOOP_S * RATE_HZ:
        return Echo(None, None)
    level_db = voice.level_db(heard, FUNDAMENTAL_HZ) - voice.level_db(loop(), FUNDAMENTAL_HZ)
    place = _find(heard)
    if place is None:
        return Echo(None if level_db < -40.0 else level_db, None)
    arrived_s = sound.heard_s(sound.position - heard.size + place)
    delay = microphone.spoken_samples(arrived_s) % (LOOP_S * RATE_HZ)
    return Echo(level_db, delay / RATE_HZ)


def _find(heard: np.ndarray) -> int | None:
    """Where the mark begins, by matched filter; None when it is not there."""
    sweep = mark()
    size = heard.size + sweep.size
    match = np.abs(np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sweep, size)), size)[: heard.size])
    place = int(np.argmax(match))
    return place if match[place] > SURE * float(np.median(match)) + 1e-6 else None
