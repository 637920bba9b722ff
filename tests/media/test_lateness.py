"""Ticks on time: the schedule, and what is remembered of lateness."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.lateness import MOST_BEHIND, Lateness, next_tick
from media.sound import TICK_S


def test_ticks_lie_20_ms_apart_for_hours() -> None:
    tick = next_tick(1000.0, 1_000_000, 1000.0)
    assert tick.due_s == pytest.approx(21_000.0)
    assert (tick.index, tick.skipped) == (1_000_000, 0)


def test_a_tick_a_little_late_is_not_skipped() -> None:
    assert next_tick(0.0, 10, 0.2 + MOST_BEHIND * TICK_S).index == 10


def test_after_a_long_stall_the_lost_ticks_are_skipped_and_counted() -> None:
    tick = next_tick(0.0, 10, 1.209)
    assert (tick.index, tick.skipped) == (60, 50)
    assert tick.due_s == pytest.approx(1.2)


@given(st.floats(0.0, 1e6), st.integers(0, 10**7), st.floats(-1.0, 100.0))
def test_the_next_tick_never_lies_before_its_turn_nor_far_in_the_past(start: float, index: int, late: float) -> None:
    now = start + index * TICK_S + late
    tick = next_tick(start, index, now)
    assert tick.index == index + tick.skipped
    assert tick.skipped >= 0
    assert now - tick.due_s < (MOST_BEHIND + 1) * TICK_S + 1e-6


@given(st.lists(st.floats(0.0, 0.4), min_size=1, max_size=200))
def test_percentiles_are_right_to_a_tenth_of_a_millisecond(values: list[float]) -> None:
    lateness = Lateness()
    for value in values:
        lateness.add(value)
    ranked = sorted(values)
    for share, measured in ((0.5, lateness.p50_ms), (0.99, lateness.p99_ms)):
        exact = ranked[max(0, -(-len(ranked) * int(share * 100) // 100) - 1)] * 1000.0
        assert exact - 1e-6 <= measured <= exact + 0.1 + 1e-6
    assert lateness.max_ms == pytest.approx(ranked[-1] * 1000.0)
    assert lateness.ticks == len(values)
    assert lateness.late == sum(value > 0.020 for value in values)


def test_what_is_beyond_the_histogram_still_counts_and_early_is_in_time() -> None:
    lateness = Lateness()
    lateness.add(3.0)
    lateness.add(-0.001)
    assert lateness.max_ms == 3000.0
    assert lateness.p50_ms <= 0.1
    assert lateness.p99_ms >= 499.0


@given(st.lists(st.floats(0.0, 0.6), max_size=100))
def test_bins_between_edges_hold_every_tick_once(values: list[float]) -> None:
    lateness = Lateness()
    for value in values:
        lateness.add(value)
    edges = (0.001, 0.020, 0.250)
    counts = lateness.counts(edges)
    assert sum(counts) == len(values)
    for at, edge in enumerate(edges):
        below = sum(value < edge for value in values)
        assert abs(sum(counts[: at + 1]) - below) <= sum(abs(value - edge) <= 0.0001 for value in values)
    assert lateness.sum_s == pytest.approx(sum(values))


def test_reset_forgets_everything() -> None:
    lateness = Lateness()
    lateness.add(0.5)
    lateness.skip(3)
    assert lateness.skipped == 3
    lateness.reset()
    assert (lateness.ticks, lateness.late, lateness.skipped, lateness.max_ms, lateness.p99_ms) == (0, 0, 0, 0.0, 0.0)
