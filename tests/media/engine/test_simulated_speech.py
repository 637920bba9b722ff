"""Babble that can be listened to: level, silence around it, no click."""

from __future__ import annotations

import numpy as np
import pytest

from media.engine.simulated_speech import BLOCK_SAMPLES, Mouth, Speaker, sentence

SPEAKERS = (Speaker(122, 1.0, 3), Speaker(208, 1.17, 5))


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_sentence_is_as_loud_as_speech_and_never_clips(speaker: Speaker) -> None:
    samples = sentence(speaker, 3.0, 0)
    assert samples.dtype == np.float32
    assert samples.size % BLOCK_SAMPLES == 0
    assert 20 * np.log10(np.sqrt(np.mean(np.square(samples[: 3 * 48_000])))) == pytest.approx(-20, abs=0.5)
    assert np.abs(samples).max() <= 0.7


def test_sentence_begins_and_ends_in_silence_without_a_click() -> None:
    samples = sentence(SPEAKERS[0], 3.0, 1)
    assert np.abs(samples[:10]).max() < 0.001
    assert np.abs(samples[-10:]).max() < 0.001
    assert np.abs(np.diff(samples)).max() < 0.2


def test_turns_differ_and_repeat() -> None:
    assert np.array_equal(sentence(SPEAKERS[0], 2.0, 4), sentence(SPEAKERS[0], 2.0, 4))
    assert not np.array_equal(sentence(SPEAKERS[0], 2.0, 4), sentence(SPEAKERS[0], 2.0, 5))


def test_voices_have_their_own_pitch() -> None:
    pitches = [_pitch_hz(sentence(speaker, 3.0, 0)) for speaker in SPEAKERS]
    assert pitches[0] == pytest.approx(122, rel=0.25)
    assert pitches[1] == pytest.approx(208, rel=0.25)


def test_mouth_says_a_sentence_once_and_opens_with_it() -> None:
    mouth = Mouth()
    assert not mouth.speak(0).any()
    said = np.full(BLOCK_SAMPLES + 10, 0.1, np.float32)
    assert mouth.say(said) == pytest.approx(said.size / 48_000)
    assert mouth.speak(1).all()
    assert mouth.opening > 0.1
    before = mouth.speaking
    assert np.count_nonzero(mouth.speak(2)) == 10
    assert (before, mouth.speaking) == (True, False)
    assert not mouth.speak(3).any()


def test_hushed_mouth_stops_at_once() -> None:
    mouth = Mouth()
    mouth.say(np.full(5 * BLOCK_SAMPLES, 0.1, np.float32))
    mouth.speak(0)
    mouth.hush()
    assert not mouth.speak(1).any()


def _pitch_hz(samples: np.ndarray) -> float:
    """The lag at which the sound is most like itself, of the loudest second."""
    block = samples[48_000:96_000].astype(float)
    spectrum = np.fft.rfft(block, 2 * block.size)
    likeness = np.fft.irfft(np.square(np.abs(spectrum)))
    lags = slice(48_000 // 350, 48_000 // 80)
    return 48_000 / (int(np.argmax(likeness[lags])) + lags.start)
