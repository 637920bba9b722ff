"""What comes over a line, against the quickest that came lately: jitter is no queue, a queue is, and a hole is none."""

from __future__ import annotations

import random

import pytest

from media.transit import WINDOW_S, Transit, clock_s

OFFSET_S = 4711.0  # between two clocks that know nothing of each other


def test_what_takes_always_the_same_is_never_late() -> None:
    transit = Transit()
    assert [transit.came(OFFSET_S, at / 50) for at in range(500)] == [0.0] * 500
    assert transit.lasting_s == 0.0


def test_a_queue_that_grows_is_as_late_as_it_is_long() -> None:
    transit, at = Transit(), 0.0
    for number in range(100):
        at = number * 0.02 + max(0.0, (number - 90) * 0.1)
        transit.came(OFFSET_S + at - number * 0.02, at)
    assert transit.late_s == pytest.approx(0.9)
    assert transit.lasting_s == pytest.approx(0.8), "as late as what came shortly before was at least"


def test_jitter_is_no_queue() -> None:
    transit, chance = Transit(), random.Random(3)
    for number in range(3000):
        jitter_s = chance.random() * 0.030
        transit.came(OFFSET_S + jitter_s, number * 0.04 + jitter_s)
        assert transit.lasting_s <= 0.030


def test_a_burst_behind_a_hole_is_late_and_does_not_last() -> None:
    """What a radio held back for 200 ms comes at once, each packet less late than the one before."""
    transit = Transit()
    for number in range(50):
        transit.came(OFFSET_S, number * 0.02)
    for number in range(50, 60):
        at = 1.2 + (number - 50) * 0.001
        transit.came(OFFSET_S + at - number * 0.02, at)
        assert transit.lasting_s == 0.0


def test_a_line_that_became_longer_for_good_is_late_for_ten_seconds_at_most() -> None:
    transit = Transit()
    for number in range(100):
        transit.came(OFFSET_S, number * 0.1)
    late = [transit.came(OFFSET_S + 0.2, 10.0 + number * 0.1) for number in range(200)]
    assert late[0] == pytest.approx(0.2)
    assert set(late[int(WINDOW_S * 10) + 1 :]) == {0.0}


def test_clocks_that_drift_are_no_queue() -> None:
    transit = Transit()
    assert max(transit.came(OFFSET_S + at * 1e-4, at) for at in range(1000)) < 0.002, "100 parts in a million"


def test_what_came_before_a_long_silence_is_compared_with_no_more() -> None:
    """Nobody looks at a line without pictures: in an hour clocks may be a third of a second further apart."""
    transit = Transit()
    for number in range(200):
        transit.came(OFFSET_S, number * 0.1)
    assert transit.came(OFFSET_S + 0.36, 3600.0) == 0.0


def test_silence_is_counted_from_what_came_last() -> None:
    transit = Transit()
    assert transit.silent_s(5.0) == 0.0, "nothing ever came"
    transit.came(OFFSET_S, 5.0)
    assert transit.silent_s(5.5) == 0.5


def test_a_clock_that_wraps_goes_on() -> None:
    took_s: float | None = None
    for tenth in range(2000):
        at = tenth / 10
        took_s = clock_s(took_s, at - at % 64.0, 64.0)
        assert took_s == pytest.approx(0.0)
