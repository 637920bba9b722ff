"""What is done every so often is done at moments that all share."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from server.cadence import LEAST_SHARE, until_next

PERIODS = st.sampled_from((0.5, 2.0))
NOWS = st.integers(0, 10**9).map(lambda ms: ms / 1000)


@given(PERIODS, NOWS)
def test_the_next_moment_is_a_whole_number_of_periods_and_neither_at_once_nor_far(every_s: float, now_s: float) -> None:
    wait_s = until_next(every_s, now_s)
    periods = (now_s + wait_s) / every_s
    assert math.isclose(periods, round(periods), abs_tol=1e-6)
    assert LEAST_SHARE * every_s <= wait_s <= (1 + LEAST_SHARE) * every_s


@given(NOWS)
def test_what_has_a_longer_period_is_due_when_something_shorter_is(now_s: float) -> None:
    moment_s = now_s + until_next(2.0, now_s)
    assert math.isclose(until_next(0.5, moment_s), 0.5, abs_tol=1e-6)


@given(PERIODS, NOWS, st.floats(-0.001, 0.002))
def test_a_timer_that_comes_a_little_early_or_late_is_not_due_twice(every_s: float, now_s: float, off_s: float) -> None:
    fired_s = now_s + until_next(every_s, now_s) + off_s
    assert until_next(every_s, fired_s) > every_s / 2
