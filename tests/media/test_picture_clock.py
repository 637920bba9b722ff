"""Outgoing picture timestamps."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from media.picture_clock import PictureClock


def test_even_source_times_stay_even_whatever_the_arrival_jitter() -> None:
    clock = PictureClock()
    stamps = [clock.stamp(1_000_000 + n * 3000, 50.0 + n / 30 + (n % 3) * 0.008) for n in range(60)]
    assert {after - before for before, after in pairwise(stamps)} == {3000}


@given(st.lists(st.tuples(st.integers(0, 2**33), st.floats(0, 0.2)), min_size=2, max_size=50))
def test_time_never_goes_backwards(steps: list[tuple[int, float]]) -> None:
    clock, now, last = PictureClock(), 10.0, -1
    for source, wait in steps:
        now += wait
        stamp = clock.stamp(source, now)
        assert stamp > last
        last = stamp
