"""Tones are told apart in 20 ms, jumps are heard, and spans say when something went on."""

from __future__ import annotations

import numpy as np
import pytest

from media.sound import FRAME_SAMPLES
from tests.support.weather.tones import MOST_TONES, Listener, Spans, clicks, first_after, holes, hum, tone_hz


def test_each_tone_is_known_among_all_others() -> None:
    everybody = [tone_hz(number) for number in range(MOST_TONES)]
    there = everybody[::3]
    sound = np.sum([hum(hz, 0.2) for hz in there], axis=0) / 4
    listener = Listener(everybody)
    for at, block in enumerate(sound.astype(np.float32).reshape(-1, FRAME_SAMPLES)):
        listener.take(block, at * 0.02)
    assert [hz for hz, spans in listener.heard.items() if spans.since(0.0)] == there
    assert not listener.clicks


def test_a_tone_cut_off_in_its_wave_clicks_and_one_that_fades_does_not() -> None:
    sound = hum(400, 0.04)
    broken, faded = sound.copy(), sound.copy()
    broken[1000:] = 0.0  # not where it crosses zero
    faded[960:] *= np.linspace(1.0, 0.0, 960, dtype=np.float32)
    assert not clicks(sound)
    assert clicks(broken)
    assert not clicks(faded)


def test_what_does_not_follow_is_no_click() -> None:
    listener = Listener([400])
    listener.take(hum(400, 0.02), 0.0)
    listener.interrupted()
    listener.take(np.roll(hum(400, 0.02), 30), 1.0)
    assert not listener.clicks


def test_spans_end_where_nothing_went_on() -> None:
    spans = Spans(gap_s=0.1, least_s=0.05)
    for at_s in (1.0, 1.08, 1.16, 2.0, 3.0, 3.08):
        spans.touch(at_s)
    assert spans.since(0.0) == [(1.0, 1.16), (3.0, 3.08)]
    assert spans.since(1.5) == [(3.0, 3.08)]


def test_holes_and_returns_are_found() -> None:
    spans = [(0.0, 2.0), (3.0, 5.0)]
    assert holes(spans, 1.0, 4.0) == [(2.0, 3.0)]
    assert holes(spans, 2.5, 6.0) == [(2.5, 3.0), (5.0, 6.0)]
    assert holes([], 1.0, 2.0) == [(1.0, 2.0)]
    assert first_after(spans, 2.5) == pytest.approx(3.0)
    assert first_after(spans, 4.0) == pytest.approx(4.0)
    assert first_after(spans, 5.5) is None
