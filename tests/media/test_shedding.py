"""Pressure over simulated minutes: what is left out, in which order, and that it comes back without flapping."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.shedding import (
    CALM_S,
    MOST_CALM_S,
    PICTURES,
    RATE,
    THUMBNAILS,
    Load,
    Sample,
    Shedding,
    load,
    review,
)

LOOK_S = 2.0
CALM = Load(waited=0.005, late=0.0, left=0.5)
FULL = Load(waited=0.02, late=0.0, left=0.01)
WAITING = Load(waited=0.4, late=0.0, left=0.0)
LATE = Load(waited=0.02, late=0.05, left=0.05)
STALLED = Load(waited=0.0, late=0.05, left=0.7)
BETWEEN = Load(waited=0.15, late=0.0, left=0.3)
MOST = PICTURES + 1


def levels(pressure: Callable[[float, int], Load], seconds: float, state: Shedding | None = None) -> list[int]:
    """The level at each look, while the pressure is what it is at that time and level."""
    state = state or Shedding()
    seen, now = [], 1000.0
    while now < 1000.0 + seconds:
        now += LOOK_S
        state = review(state, pressure(now - 1000.0, state.level), MOST, now)
        seen.append(state.level)
    return seen


def test_a_machine_with_room_leaves_nothing_out() -> None:
    assert set(levels(lambda at, level: CALM, 600)) == {0}


@pytest.mark.parametrize("pressure", [WAITING, LATE])
def test_under_pressure_one_step_is_taken_at_each_look_in_the_stated_order(pressure: Load) -> None:
    assert levels(lambda at, level: pressure, 12) == [1, 2, 3, 4, 5, 5]
    assert THUMBNAILS < RATE < PICTURES


def test_a_full_machine_whose_voices_do_not_wait_loses_its_small_pictures_only() -> None:
    assert set(levels(lambda at, level: FULL, 120)) == {THUMBNAILS}


def test_late_ticks_of_a_machine_that_is_not_busy_are_not_answered_by_leaving_out() -> None:
    assert set(levels(lambda at, level: STALLED, 120)) == {0}


def test_no_further_step_is_taken_than_helps() -> None:
    seen = levels(lambda at, level: WAITING if level < RATE else BETWEEN, 300)
    assert seen[:3] == [1, 2, 3]
    assert set(seen[3:]) == {3}, "neither up nor down while there is no room to spare"


def test_waiting_that_is_worth_small_pictures_is_not_worth_a_booths() -> None:
    assert levels(lambda at, level: Load(waited=0.12, late=0.0, left=0.3), 60)[-1] == 2
    assert levels(lambda at, level: Load(waited=0.25, late=0.0, left=0.3), 60)[-1] == RATE


def test_it_comes_back_step_by_step_after_room_to_spare() -> None:
    seen = levels(lambda at, level: WAITING if at <= 10 else CALM, 100)
    assert max(seen) == 5
    falls = [at * LOOK_S for at in range(1, len(seen)) if seen[at] < seen[at - 1]]
    assert len(falls) == 5
    assert seen[-1] == 0
    assert falls[0] >= 10 + CALM_S - LOOK_S
    assert min(b - a for a, b in pairwise(falls)) >= CALM_S


def test_what_would_flap_is_taken_back_more_and_more_rarely() -> None:
    seen = levels(lambda at, level: WAITING if level < RATE else CALM, 1200)
    raised = [at * LOOK_S for at in range(3, len(seen)) if seen[at] > seen[at - 1]]
    pauses = [b - a for a, b in pairwise(raised)]
    assert pauses[0] <= 2 * (CALM_S + LOOK_S)
    assert pauses[-1] >= MOST_CALM_S
    assert len(raised) < 12


def test_a_calm_machine_forgets_that_it_once_flapped() -> None:
    nervous = Shedding(calm_s=MOST_CALM_S)
    now = 1000.0
    while now < 1000.0 + MOST_CALM_S + 2 * LOOK_S:
        now += LOOK_S
        nervous = review(nervous, CALM, MOST, now)
    assert nervous.calm_s == CALM_S


def test_a_booth_that_ends_is_no_longer_paused() -> None:
    assert review(Shedding(level=5), WAITING, 4, 1000.0).level == 4
    assert review(Shedding(level=4), CALM, 3, 1000.0).level == 3


@given(st.lists(st.sampled_from([CALM, FULL, WAITING, LATE, STALLED, BETWEEN]), max_size=200), st.integers(3, 8))
def test_a_level_rises_by_one_at_most_never_beyond_what_there_is_and_falls_by_one(loads: list[Load], most: int) -> None:
    state, now = Shedding(), 0.0
    for each in loads:
        now += LOOK_S
        after = review(state, each, most, now)
        assert 0 <= after.level <= most
        assert abs(after.level - state.level) <= 1
        assert after.calm_s <= MOST_CALM_S
        state = after


def test_a_load_is_the_difference_of_two_samples_of_who_had_it_worst() -> None:
    before = Sample(10.0, {"booth-1": (100, 1), "booth-2": (500, 0)}, {7: 1.0, 8: 4.0}, left_s=50.0, processors=2)
    now = Sample(12.0, {"booth-1": (200, 1), "booth-2": (600, 5)}, {7: 1.5, 8: 4.1}, left_s=51.0, processors=2)
    assert load(before, now) == Load(waited=0.25, late=0.05, left=0.25)
    assert load(now, now) is None


def test_a_process_that_began_in_between_says_nothing_yet() -> None:
    before = Sample(10.0, {}, {}, 0.0, 2)
    now = Sample(12.0, {"booth-1": (12, 12)}, {9: 5.0}, 2.0, 2)
    assert load(before, now) == Load(0.0, 0.0, 0.5)
