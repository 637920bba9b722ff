"""Rounds of one run: what they say together."""

from __future__ import annotations

import pytest

from bench.measure_load import Run, _together


def round_of(cpu_ms_per_s: float, delay_ms: float, way: str = "forwarded") -> Run:
    return Run("Hanmaru", "one picture", cpu_ms_per_s, 10.0, 5.0, 100.0, way, [delay_ms], frames_sent=30, stalls=1)


def test_a_run_of_several_rounds_has_their_median_cost_and_all_of_their_pictures() -> None:
    whole = _together([round_of(4.0, 1.0), round_of(50.0, 2.0), round_of(5.0, 3.0)])
    assert whole.cpu_ms_per_s == pytest.approx(5.0)
    assert whole.delays_ms == [1.0, 2.0, 3.0]
    assert (whole.frames_sent, whole.stalls, whole.way) == (90, 3, "forwarded")


def test_a_run_in_which_the_way_changed_says_both() -> None:
    assert _together([round_of(4.0, 1.0), round_of(5.0, 2.0, "transcoded")]).way == "forwarded/transcoded"
