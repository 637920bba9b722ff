"""Medians, ranges and ratios of runs."""

from __future__ import annotations

import math

from bench.figures import percentile, ratios, said, spread


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = list(range(1, 101))
    assert [percentile(values, share) for share in (0.0, 0.5, 0.95, 0.99, 1.0)] == [1, 50, 95, 99, 100]
    assert math.isnan(percentile([], 0.5))


def test_a_run_that_gave_nothing_counts_nowhere_and_stays_visible() -> None:
    found = spread([3.0, math.nan, 1.0])
    assert (found.median, found.low, found.high) == (2.0, 1.0, 3.0)
    assert len(found.runs) == 3


def test_ratios_are_taken_run_by_run() -> None:
    found = ratios([10.0, 40.0], [10.0, 20.0])
    assert found.runs == (1.0, 2.0)
    assert math.isnan(ratios([1.0], [0.0]).median)


def test_figures_are_said_with_the_digits_that_count() -> None:
    assert [said(value) for value in (0.0, 0.684, 12.34, 857.2, math.nan)] == ["0", "0.68", "12.3", "857", "–"]
