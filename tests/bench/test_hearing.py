"""The detectors find what was put there: where a burst begins, and how far a voice lags."""

from __future__ import annotations

import numpy as np

from bench.hearing import FRAME_SAMPLES, RATE_HZ, Timeline, bursts, delays_s, lag_samples, onsets

LEVEL = 0.3


def test_bursts_are_found_where_they_were_put() -> None:
    samples, marks = bursts(5, 0.6, 0.2, LEVEL, seed=1)
    found = onsets(samples, LEVEL)
    assert len(found) == len(marks)
    assert all(0 <= at - mark < 0.002 * RATE_HZ or 0 <= mark - at < 48 for at, mark in zip(found, marks, strict=True))


def test_a_faint_floor_is_no_onset() -> None:
    samples, marks = bursts(5, 0.6, 0.2, LEVEL, seed=1)
    noise = np.random.default_rng(0).normal(0, 0.005, samples.size).astype(np.float32)
    assert len(onsets(samples + noise, LEVEL)) == len(marks)


def test_a_sample_is_heard_when_its_packet_came_and_at_its_place_in_it() -> None:
    timeline = Timeline(np.zeros(3 * FRAME_SAMPLES, np.float32), np.array([5.0, 5.02, 5.05]), np.array([0, 960, 1920]))
    assert timeline.instant_s(2 * FRAME_SAMPLES + 480) == 5.06
    assert timeline.timestamp(FRAME_SAMPLES + 3) == 963


def test_each_sound_is_matched_with_the_first_that_is_heard_after_it() -> None:
    found = delays_s([1.0, 2.0, 3.0], [0.9, 1.04, 2.06, 2.9], longest_s=0.5)
    assert [round(delay, 3) for delay in found] == [0.04, 0.06]


def test_the_lag_of_a_voice_is_found_in_noise() -> None:
    random = np.random.default_rng(4)
    voice = random.normal(0, 1, 4800)
    heard = random.normal(0, 0.2, 12_000)
    heard[3333 : 3333 + voice.size] += voice
    lag, likeness = lag_samples(voice, heard)
    assert lag == 3333
    assert likeness > 0.9
