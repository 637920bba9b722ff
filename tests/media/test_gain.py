"""Gains move in time, and never in steps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.gain import FADE_SAMPLES, FLOOR, Ramp, linear
from media.sound import FRAME_SAMPLES, RATE_HZ, Frame

LEVELS = st.none() | st.floats(-80.0, 12.0)


def way(ramp: Ramp, ticks: int) -> Frame:
    """The gain of every sample of so many ticks."""
    return np.concatenate(
        [
            np.broadcast_to(np.float32(ramp.next()), FRAME_SAMPLES) if ramp.settled else _array(ramp)
            for _ in range(ticks)
        ]
    )


def _array(ramp: Ramp) -> Frame:
    gains = ramp.next()
    assert not isinstance(gains, float)
    assert gains.dtype == np.float32
    assert gains.shape == (FRAME_SAMPLES,)
    return gains


def test_a_constant_gain_is_a_plain_number() -> None:
    assert Ramp(None).next() == 0.0
    assert Ramp(0.0).next() == 1.0
    assert Ramp(-18.0).next() == pytest.approx(10 ** (-18 / 20))


@given(start=LEVELS, end=LEVELS, ramp_s=st.floats(0.0, 2.0))
@settings(deadline=None)
def test_the_target_is_reached_on_time_and_then_held(start: float | None, end: float | None, ramp_s: float) -> None:
    ramp = Ramp(start)
    ramp.aim(end, ramp_s)
    samples = max(FADE_SAMPLES, round(ramp_s * RATE_HZ))
    gains = way(ramp, samples // FRAME_SAMPLES + 1)
    np.testing.assert_allclose(gains[samples - 1 :], linear(end), rtol=1e-5)
    assert ramp.settled
    assert ramp.next() == linear(end)


@given(start=st.floats(-50.0, 6.0), end=st.floats(-50.0, 6.0), ramp_s=st.floats(0.05, 2.0))
@settings(deadline=None)
def test_the_way_is_straight_in_db(start: float, end: float, ramp_s: float) -> None:
    ramp = Ramp(start)
    ramp.aim(end, ramp_s)
    samples = round(ramp_s * RATE_HZ)
    gains = way(ramp, samples // FRAME_SAMPLES + 1)[: samples - 1]
    expected = start + (end - start) * np.arange(1, samples) / samples
    np.testing.assert_allclose(20 * np.log10(gains), expected, atol=0.01)


@given(
    st.lists(st.tuples(LEVELS, st.floats(0.03, 1.5), st.integers(1, 40)), min_size=1, max_size=6),
)
@settings(deadline=None, max_examples=60)
def test_no_step_anywhere_even_when_the_aim_changes_on_the_way(aims: list[tuple[float | None, float, int]]) -> None:
    ramp = Ramp(0.0)
    parts = [np.ones(1, dtype=np.float32)]
    for db, ramp_s, ticks in aims:
        ramp.aim(db, ramp_s)
        parts.append(way(ramp, ticks))
    gains = np.concatenate(parts).astype(np.float64)
    # The steepest way is 80 + 12 dB in 25 ms (30 ms less the last 5 ms, which are straight): 0.08 dB a sample.
    loud = np.maximum(gains[:-1], gains[1:])
    steps = np.abs(np.diff(gains))
    assert np.all(steps <= np.maximum(loud * 0.0093, FLOOR / FADE_SAMPLES * 1.1 + 1e-7))


def test_silence_is_reached_and_left_without_a_click() -> None:
    ramp = Ramp(0.0)
    ramp.aim(None, 0.03)
    down = way(ramp, 2)
    assert down[1440 - 1] == 0.0
    assert np.all(np.diff(down) <= 0.0)
    last = down[1440 - FADE_SAMPLES - 1 : 1440]
    np.testing.assert_allclose(np.diff(last), -FLOOR / FADE_SAMPLES, rtol=0.01)
    assert ramp.silent
    ramp.aim(0.0, 0.03)
    up = way(ramp, 2)
    assert up[0] == pytest.approx(FLOOR / FADE_SAMPLES, rel=0.01)
    assert up[1440 - 1] == pytest.approx(1.0)


def test_the_same_aim_again_does_not_delay_the_arrival() -> None:
    ramp = Ramp(-18.0)
    ramp.aim(0.0, 1.5)
    for _ in range(40):
        ramp.next()
        ramp.aim(0.0, 1.5)
    assert ramp.remaining_s == pytest.approx(0.7)


def test_the_same_aim_sooner_is_obeyed() -> None:
    ramp = Ramp(0.0)
    ramp.aim(None, 1.5)
    ramp.next()
    ramp.aim(None, 0.03)
    assert ramp.remaining_s == pytest.approx(0.03)


@given(start=LEVELS, end=LEVELS, ramp_s=st.floats(0.0, 0.2), unheard=st.integers(0, 12))
@settings(deadline=None)
def test_time_unheard_counts_as_time_heard(start: float | None, end: float | None, ramp_s: float, unheard: int) -> None:
    heard, skipped = Ramp(start), Ramp(start)
    heard.aim(end, ramp_s)
    skipped.aim(end, ramp_s)
    for _ in range(unheard):
        heard.next()
        skipped.skip()
    np.testing.assert_allclose(skipped.next(), heard.next(), rtol=1e-5)


@pytest.mark.parametrize(
    ("db", "ramp_s"), [(math.nan, 0.1), (math.inf, 0.1), (0.0, math.nan), (0.0, -1.0), (0.0, math.inf)]
)
def test_a_gain_or_time_that_is_not_finite_is_refused_and_changes_nothing(db: float, ramp_s: float) -> None:
    ramp = Ramp(-6.0)
    with pytest.raises(ValueError, match="finite"):
        ramp.aim(db, ramp_s)
    assert ramp.target == -6.0
    assert ramp.settled
