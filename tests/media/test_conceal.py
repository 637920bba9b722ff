"""Concealment: a hole sounds like what was there before, and then like silence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.conceal import JOIN_SAMPLES, Concealment
from media.sound import FRAME_SAMPLES, RATE_HZ, Frame


def tone(hertz: float, ticks: int, amplitude: float = 0.3) -> Frame:
    time = np.arange(ticks * FRAME_SAMPLES) / RATE_HZ
    return (amplitude * np.sin(2 * np.pi * hertz * time)).astype(np.float32).reshape(-1, FRAME_SAMPLES)


def play(sound: Frame, lost: set[int]) -> Frame:
    concealment = Concealment()
    return np.stack(
        [concealment.lost() if number in lost else concealment.good(frame) for number, frame in enumerate(sound)]
    )


def rms(sound: Frame) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


@pytest.mark.parametrize("hertz", [90.0, 123.0, 200.0, 310.0, 430.0])
def test_a_lost_frame_of_a_steady_voice_is_close_to_what_was_sent(hertz: float) -> None:
    sound = tone(hertz, 8)
    played = play(sound, {5})
    assert rms(played[5, :480] - sound[5, :480]) < 0.2 * rms(sound[5])
    assert rms(played[5]) > 0.7 * rms(sound[5])


@given(hertz=st.floats(70.0, 900.0), losses=st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_neither_the_hole_nor_its_ends_click(hertz: float, losses: int) -> None:
    sound = tone(hertz, 16)
    played = play(sound, set(range(6, 6 + losses))).ravel()
    steepest = float(np.abs(np.diff(sound.ravel())).max())
    assert np.abs(np.diff(played)).max() <= 1.6 * steepest + 0.3 * 2 / JOIN_SAMPLES


def test_after_60_ms_there_is_silence() -> None:
    played = play(tone(150.0, 12), set(range(4, 12)))
    levels = [rms(frame) for frame in played[4:]]
    assert levels[0] > levels[1] > levels[2] > 0.0
    assert levels[3:] == [0.0] * 5
    assert abs(played[6, -1]) < 1e-3


def test_sound_that_came_is_played_as_it_is() -> None:
    sound = tone(200.0, 10)
    played = play(sound, {4})
    np.testing.assert_array_equal(played[1:4], sound[1:4])
    np.testing.assert_array_equal(played[5, JOIN_SAMPLES:], sound[5, JOIN_SAMPLES:])
    np.testing.assert_array_equal(played[6:], sound[6:])


def test_before_the_first_sound_there_is_silence_and_it_begins_softly() -> None:
    concealment = Concealment()
    assert not concealment.lost().any()
    first = concealment.good(np.full(FRAME_SAMPLES, 0.5, dtype=np.float32))
    assert np.abs(np.diff(first, prepend=np.float32(0.0))).max() < 0.01
    assert first[-1] == 0.5


def test_frames_handed_in_are_left_alone() -> None:
    frame = tone(200.0, 1)[0]
    before = frame.copy()
    Concealment().good(frame)
    np.testing.assert_array_equal(frame, before)


def test_a_hole_in_silence_is_silence() -> None:
    assert not play(np.zeros((5, FRAME_SAMPLES), dtype=np.float32), {2, 3}).any()
