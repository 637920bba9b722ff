"""The limiter: nothing over the ceiling, nothing changed under it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.limiter import CEILING_DB, LOOKAHEAD_SAMPLES, Limiter
from media.sound import FRAME_SAMPLES, RATE_HZ, Frame
from media.voice import voice

CEILING = 10 ** (CEILING_DB / 20)


def run(limiter: Limiter, sound: Frame) -> Frame:
    return np.concatenate([limiter.process(frame) for frame in sound.reshape(-1, FRAME_SAMPLES)])


def speech(seconds: float) -> Frame:
    return np.asarray(voice(430, seconds), dtype=np.float32)[: int(seconds * RATE_HZ) // FRAME_SAMPLES * FRAME_SAMPLES]


def test_under_the_ceiling_sound_is_only_delayed_bit_by_bit() -> None:
    sound = speech(1.0)
    assert np.abs(sound).max() < CEILING
    limited = run(Limiter(), sound)
    np.testing.assert_array_equal(limited[LOOKAHEAD_SAMPLES:], sound[:-LOOKAHEAD_SAMPLES])
    assert not limited[:LOOKAHEAD_SAMPLES].any()
    assert 0.002 <= LOOKAHEAD_SAMPLES / RATE_HZ <= 0.005


@pytest.mark.parametrize("start", [10 * 960, 10 * 960 + 1, 10 * 960 + 480, 10 * 960 + 959])
def test_a_burst_30_db_over_speech_never_passes_the_ceiling(start: int) -> None:
    sound = speech(1.0).copy()
    sound[start : start + 4800] *= 10 ** (30 / 20)
    assert np.abs(sound).max() > 3.0
    assert np.abs(run(Limiter(), sound)).max() <= CEILING * 1.0001


@given(
    seed=st.integers(0, 1 << 20),
    peaks=st.lists(st.tuples(st.integers(0, 9599), st.floats(0.1, 40.0)), max_size=30),
)
@settings(max_examples=60, deadline=None)
def test_whatever_comes_the_ceiling_holds(seed: int, peaks: list[tuple[int, float]]) -> None:
    sound = (np.random.default_rng(seed).standard_normal(9600) * 0.2).astype(np.float32)
    for at, height in peaks:
        sound[at] = height
    assert np.abs(run(Limiter(), sound)).max() <= CEILING * 1.0001


def test_the_gain_comes_down_and_back_without_a_step() -> None:
    sound = np.full(RATE_HZ, 0.5, dtype=np.float32)
    sound[9600:9700] = 16.0
    limited = run(Limiter(), sound)[LOOKAHEAD_SAMPLES:].astype(np.float64)
    gain = limited / sound[: len(limited)]
    assert np.abs(np.diff(gain)).max() < 2.0 / LOOKAHEAD_SAMPLES
    assert gain[9600 - LOOKAHEAD_SAMPLES - 1] == 1.0
    assert gain[9650] <= CEILING / 16.0 + 1e-6


def test_the_release_takes_about_100_ms() -> None:
    sound = np.full(RATE_HZ, 0.25, dtype=np.float32)
    sound[9600:14400] = 2.0 * CEILING
    limited = run(Limiter(), sound)[LOOKAHEAD_SAMPLES:]
    attenuation = 1.0 - limited[14400:] / 0.25
    rest = np.nonzero(attenuation <= 0.5 / np.e)[0][0] / RATE_HZ
    assert rest == pytest.approx(0.1, abs=0.01)


def test_after_a_burst_sound_passes_untouched_again() -> None:
    limiter = Limiter()
    run(limiter, np.full(FRAME_SAMPLES, 8.0, dtype=np.float32))
    assert limiter.reduction_db > 15.0
    sound = speech(3.0)
    limited = run(limiter, sound)
    np.testing.assert_array_equal(limited[-72000:], sound[-72000 - LOOKAHEAD_SAMPLES : -LOOKAHEAD_SAMPLES])
    assert limiter.reduction_db == 0.0


def test_samples_that_are_no_numbers_do_no_lasting_harm() -> None:
    limiter = Limiter()
    broken = np.full(FRAME_SAMPLES, 0.1, dtype=np.float32)
    broken[10], broken[20], broken[30] = np.nan, np.inf, -np.inf
    assert np.isfinite(run(limiter, broken)).all()
    sound = speech(0.2)
    limited = run(limiter, sound)
    np.testing.assert_array_equal(limited[LOOKAHEAD_SAMPLES:], sound[:-LOOKAHEAD_SAMPLES])


def test_another_ceiling_is_kept_too() -> None:
    sound = np.full(9600, 1.0, dtype=np.float32)
    assert np.abs(run(Limiter(-12.0), sound)).max() == pytest.approx(10 ** (-12 / 20), rel=1e-4)
