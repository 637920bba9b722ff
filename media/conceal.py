"""What is heard in place of a lost packet: the last pitch period again, fading to silence within 60 ms."""

from __future__ import annotations

import numpy as np

from media.sound import FRAME_SAMPLES, Frame, silence

HISTORY_SAMPLES = 2 * FRAME_SAMPLES
SHORTEST_LAG = 240  # 5 ms: 200 Hz; a higher voice repeats two of its periods
LONGEST_LAG = 720  # 15 ms: 66 Hz, the deepest voice (both bounds: ITU-T G.711 Appendix I)
COARSE = 6  # the pitch is looked for at 8 kHz first, then to the sample
MATCH_SAMPLES = 960  # 20 ms compared with its past
STEADY_SAMPLES = 480  # 10 ms at full level, then straight to silence (G.711 Appendix I)
FADE_END_SAMPLES = 3 * FRAME_SAMPLES  # 60 ms: longer repetition sounds like a machine
JOIN_SAMPLES = 240  # 5 ms of cross-fade into the sound that comes back
STEP_SAMPLES = 96  # 2 ms in which the seam to the repeated period is smoothed


class Concealment:
    """Fills the holes of one source. Call exactly one of `good` and `lost` per tick."""

    __slots__ = ("_history", "_lost_samples", "_period", "_seam")

    def __init__(self) -> None:
        self._history = silence(HISTORY_SAMPLES)
        self._lost_samples = FADE_END_SAMPLES  # at the start there is only silence to go on from
        self._period = silence(SHORTEST_LAG)
        self._seam = 0.0

    def good(self, frame: Frame) -> Frame:
        """Take a decoded frame, float32 (960,), and return what to play: after a loss it is faded in over 5 ms."""
        if self._lost_samples:
            frame = frame.copy()
            rise = np.arange(1, JOIN_SAMPLES + 1, dtype=np.float32) / np.float32(JOIN_SAMPLES)
            frame[:JOIN_SAMPLES] = frame[:JOIN_SAMPLES] * rise + self._repeat(JOIN_SAMPLES) * (1.0 - rise)
            self._lost_samples = 0
        self._history[:FRAME_SAMPLES] = self._history[FRAME_SAMPLES:]
        self._history[FRAME_SAMPLES:] = frame
        return frame

    def lost(self) -> Frame:
        """Return float32 (960,) in place of a frame that is missing; zeros from 60 ms on, also in a pause."""
        if self._lost_samples >= FADE_END_SAMPLES:
            return silence()
        if not self._lost_samples:
            self._take_period()
        frame = self._repeat(FRAME_SAMPLES)
        self._lost_samples += FRAME_SAMPLES
        return frame

    def _repeat(self, samples: int) -> Frame:
        """Return the next `samples` of the repeated period, fading."""
        if self._lost_samples >= FADE_END_SAMPLES:
            return silence(samples)
        at = np.arange(self._lost_samples, self._lost_samples + samples)
        level = np.clip((FADE_END_SAMPLES - at) / (FADE_END_SAMPLES - STEADY_SAMPLES), 0.0, 1.0).astype(np.float32)
        sound = self._period[at % len(self._period)] * level
        if self._lost_samples == 0:
            fall = 1.0 - np.arange(1, STEP_SAMPLES + 1, dtype=np.float32) / np.float32(STEP_SAMPLES + 1)
            sound[:STEP_SAMPLES] += np.float32(self._seam) * fall
        return np.asarray(sound, dtype=np.float32)

    def _take_period(self) -> None:
        """Cut the last pitch period out of the past, so that its end flows into its start."""
        history = self._history
        lag = _pitch_lag(history)
        period = history[-lag:].copy()
        quarter = lag // 4
        rise = np.arange(1, quarter + 1, dtype=np.float32) / np.float32(quarter)
        period[-quarter:] = period[-quarter:] * (1.0 - rise) + history[-lag - quarter : -lag] * rise
        self._period = period
        self._seam = float(history[-1] - period[-1])


def _pitch_lag(history: Frame) -> int:
    """Return the lag in samples at which the last 20 ms are most like their past (normalised cross-correlation)."""
    coarse = history[: len(history) // COARSE * COARSE].reshape(-1, COARSE).mean(axis=1)
    lags = range(SHORTEST_LAG // COARSE, LONGEST_LAG // COARSE + 1)
    near = _most_alike(coarse, MATCH_SAMPLES // COARSE, lags) * COARSE
    return _most_alike(
        history, MATCH_SAMPLES, range(max(SHORTEST_LAG, near - COARSE), min(LONGEST_LAG, near + COARSE) + 1)
    )


def _most_alike(sound: Frame, size: int, lags: range) -> int:
    end = len(sound)
    now = sound[end - size :]
    past = np.stack([sound[end - size - lag : end - lag] for lag in lags])
    likeness = (past @ now) / np.sqrt(np.einsum("ij,ij->i", past, past) + 1e-9)
    return lags[int(np.argmax(likeness))]
