"""How well a stream arrives, as its receiver reports say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.loss import REACH
from media.reception import MOST_LOST, Reception


def test_nothing_received_is_nothing_lost() -> None:
    reception = Reception(90_000)
    assert (reception.received, reception.lost, reception.fraction_lost(), reception.jitter) == (0, 0, 0, 0)


@given(st.integers(0, 0xFFFF), st.lists(st.integers(0, 9), min_size=1, max_size=200))
def test_losses_are_counted_across_the_wrap_and_duplicates_against_them(first: int, fates: list[int]) -> None:
    """Fate 0: lost; 1: comes twice; 2: comes one later; others: in time. Reported every 50."""
    line = [(0, 0)]
    for at, fate in enumerate(fates, 1):
        line += [(at + (fate == 2), at)] * min(2, (0, 2, 1)[min(fate, 2)])
    reception, arrived, highest, received_before, expected_before = Reception(48_000), 0, 0, 0, 0
    for count, (_, at) in enumerate(sorted(line), 1):
        reception.add((first + at) & 0xFFFF, at * 960, at * 0.02)
        arrived, highest = arrived + 1, max(highest, at)
        assert reception.received == arrived
        assert reception.lost == highest + 1 - arrived
        assert reception.highest & 0xFFFF == (first + highest) & 0xFFFF
        assert reception.highest == first + highest
        if count % 50 == 0:
            expected, received = highest + 1 - expected_before, arrived - received_before
            wanted = max(0, expected - received) * 256 // expected
            assert reception.fraction_lost() == min(255, wanted)
            expected_before, received_before = highest + 1, arrived


def test_all_but_everything_lost_fits_its_eight_bits() -> None:
    reception = Reception(90_000)
    reception.add(0, 0, 0.0)
    reception.fraction_lost()
    reception.add(REACH, 0, 0.0)
    assert reception.fraction_lost() == 255
    for _ in range(3):
        reception.add(REACH, 0, 0.0)
    assert reception.fraction_lost() == 0
    assert reception.fraction_lost() == 0
    reception.received = -2 * MOST_LOST
    assert reception.lost == MOST_LOST
    reception.received = 2 * MOST_LOST
    assert reception.lost == -MOST_LOST


@pytest.mark.parametrize("leap", [REACH + 1, 20_000])
def test_a_sender_that_begins_anew_loses_nothing_between(leap: int) -> None:
    reception = Reception(90_000)
    for at in range(10):
        reception.add(at, at * 3000, at / 30)
    for at in range(10, 20):
        reception.add(at + leap, at * 3000, at / 30)
    assert reception.lost == 0
    assert reception.fraction_lost() == 0


@given(st.lists(st.floats(0, 0.03), min_size=1, max_size=100))
def test_jitter_is_the_smoothed_difference_of_transit_times(delays_s: list[float]) -> None:
    reception, average = Reception(90_000), 0.0
    for at, delay_s in enumerate(delays_s):
        reception.add(at, at * 3000, at / 30 + delay_s)
        if at:
            average += (abs(delay_s - delays_s[at - 1]) * 90_000 - average) / 16
    assert reception.jitter == pytest.approx(average, abs=2)


def test_jitter_survives_a_wrap_of_the_timestamp_and_another_clock() -> None:
    reception = Reception(90_000)
    for at in range(100):
        reception.add(at, (0xFFFFFFFF - 60_000 + at * 3000) & 0xFFFFFFFF, at / 30)
    assert reception.jitter == 0
    for at in range(100, 200):
        reception.add(at, 123 + at * 3000, 50.0 + at / 30)
    assert reception.jitter == 0
