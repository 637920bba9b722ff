"""Meters and the detection of speech."""

from __future__ import annotations

import numpy as np
import pytest

from media.level import HANG_TICKS, OPEN_TICKS, SILENCE_DBFS, WINDOW_TICKS, Level
from media.sound import FRAME_SAMPLES, Frame
from media.voice import FUNDAMENTALS_HZ, voice


def noise(level_dbfs: float) -> Frame:
    """A frame of exactly this RMS."""
    sound = np.random.default_rng(1).standard_normal(FRAME_SAMPLES)
    return np.asarray(sound / np.sqrt(np.mean(sound**2)) * 10 ** (level_dbfs / 20), dtype=np.float32)


def feed(level: Level, frame: Frame | None, ticks: int) -> None:
    for _ in range(ticks):
        level.add(frame)


def test_the_meter_gives_the_rms_of_200_ms() -> None:
    level = Level()
    loud, soft = noise(-20.0), noise(-40.0)
    fresh = [level.add(loud if tick < 5 else soft) for tick in range(WINDOW_TICKS)]
    assert fresh == [False] * 9 + [True]
    assert level.dbfs == pytest.approx(10 * np.log10((1e-2 + 1e-4) / 2), abs=0.01)


def test_a_source_that_sends_nothing_has_no_level_and_a_silent_one_has_the_lowest() -> None:
    level = Level()
    feed(level, None, WINDOW_TICKS)
    assert level.dbfs is None
    feed(level, np.zeros(FRAME_SAMPLES, dtype=np.float32), WINDOW_TICKS)
    assert level.dbfs == SILENCE_DBFS


def test_a_click_is_no_speech_but_60_ms_of_sound_is() -> None:
    level = Level()
    feed(level, noise(-10.0), OPEN_TICKS - 1)
    feed(level, noise(-60.0), 1)
    feed(level, noise(-10.0), OPEN_TICKS - 1)
    before = level.speaking
    feed(level, noise(-10.0), 1)
    assert (before, level.speaking) == (False, True)


def test_pauses_between_words_do_not_end_speech_but_300_ms_of_silence_do() -> None:
    level = Level()
    feed(level, noise(-30.0), OPEN_TICKS)
    feed(level, None, HANG_TICKS - 1)
    assert level.speaking
    feed(level, noise(-30.0), 1)
    feed(level, noise(-60.0), HANG_TICKS)
    assert not level.speaking


def test_a_level_between_the_thresholds_changes_nothing() -> None:
    level = Level()
    feed(level, noise(-43.0), 50)
    before = level.speaking
    feed(level, noise(-39.0), OPEN_TICKS)
    feed(level, noise(-43.0), 50)
    assert (before, level.speaking, level.quiet) == (False, True, False)


def test_every_test_voice_is_heard_as_speaking_without_a_break() -> None:
    for fundamental_hz in FUNDAMENTALS_HZ:
        level = Level()
        frames = np.asarray(voice(fundamental_hz, 2.0), dtype=np.float32).reshape(-1, FRAME_SAMPLES)
        for number, frame in enumerate(frames):
            level.add(frame)
            assert level.speaking or number < 25


def test_samples_that_are_no_numbers_are_silence() -> None:
    level = Level()
    feed(level, np.full(FRAME_SAMPLES, np.nan, dtype=np.float32), WINDOW_TICKS)
    assert level.dbfs == SILENCE_DBFS
    assert not level.speaking
