"""Sound made longer or shorter: by whole periods, without a step, and never where nothing is alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.sound import RATE_HZ, Frame
from media.timescale import LONGEST_LAG, SHORTEST_LAG, WINDOW, longer, shorter

LENGTH = WINDOW + LONGEST_LAG


def tone(hertz: float, samples: int, amplitude: float = 0.3) -> Frame:
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(samples) / RATE_HZ)).astype(np.float32)


def steepest(sound: Frame) -> float:
    return float(np.abs(np.diff(sound)).max())


@given(hertz=st.floats(70.0, 1000.0))
@settings(max_examples=60, deadline=None)
def test_a_tone_stays_the_same_tone_when_made_shorter_or_longer(hertz: float) -> None:
    sound = tone(hertz, 4800)
    past, now = sound[:LONGEST_LAG], sound[LONGEST_LAG:]
    less, left_out = shorter(now, LONGEST_LAG, 0.9)
    more, put_in = longer(past, now, LONGEST_LAG, 0.9)
    assert SHORTEST_LAG <= left_out <= LONGEST_LAG
    assert SHORTEST_LAG <= put_in <= LONGEST_LAG
    assert (len(less), len(more)) == (len(now) - left_out, len(now) + put_in)
    for changed in (less, more):
        whole = np.concatenate((past, changed))
        assert steepest(whole) <= 1.1 * steepest(sound), "no click"
        energy = np.convolve(whole**2, np.ones(960) / 960, "valid")
        assert energy.min() > 0.6 * 0.045, "no hole where the ends meet"


@given(
    seed=st.integers(0, 1 << 20),
    samples=st.integers(0, LENGTH + 500),
    most=st.integers(-10, LONGEST_LAG + 300),
    least=st.floats(-1.0, 1.0),
)
@settings(max_examples=150, deadline=None)
def test_the_lengths_are_what_is_said_whatever_the_sound(seed: int, samples: int, most: int, least: float) -> None:
    sound = np.random.default_rng(seed).standard_normal(samples + LONGEST_LAG).astype(np.float32)
    past, now = sound[:LONGEST_LAG], sound[LONGEST_LAG:]
    for changed, lag in (shorter(now, most, least), longer(past, now, most, least)):
        assert abs(len(changed) - len(now)) == lag
        assert lag == 0 or SHORTEST_LAG <= lag <= min(most, LONGEST_LAG)
        assert np.isfinite(changed).all()
        if lag:
            near = 0.01 * np.abs(sound).max()
            np.testing.assert_allclose(changed[:1], now[:1], atol=near)  # it goes on from here
            np.testing.assert_allclose(changed[-1:], now[-1:], atol=near)  # where the fade ends, at the latest


def test_noise_is_left_alone_when_it_must_be_alike_and_not_when_anything_goes() -> None:
    noise = np.random.default_rng(1).standard_normal(LENGTH).astype(np.float32)
    assert shorter(noise, LONGEST_LAG, 0.9)[1] == 0
    assert shorter(noise, LONGEST_LAG, -1.0)[1] > 0


@pytest.mark.parametrize("least", [0.9, 0.99])
def test_silence_is_as_alike_as_can_be(least: float) -> None:
    quiet = np.zeros(LENGTH, dtype=np.float32)
    assert shorter(quiet, LONGEST_LAG, least)[1] > 0
    assert longer(quiet[:LONGEST_LAG], quiet, LONGEST_LAG, least)[1] > 0


def test_what_is_handed_in_is_left_alone() -> None:
    sound = tone(200.0, 4800)
    before = sound.copy()
    shorter(sound, LONGEST_LAG, 0.5)
    longer(sound[:LONGEST_LAG], sound[LONGEST_LAG:], LONGEST_LAG, 0.5)
    np.testing.assert_array_equal(sound, before)
