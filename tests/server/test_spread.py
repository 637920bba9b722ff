"""A histogram keeps every duration, each in its bin."""

from __future__ import annotations

from server.spread import Spread


def test_an_edge_belongs_below_it_and_what_is_beyond_the_last_still_counts() -> None:
    spread = Spread((0.01, 0.1))
    for seconds in (0.0, 0.01, 0.02, 5.0):
        spread.add(seconds)
    assert spread.counts == [2, 1, 1]
    assert spread.sum_s == 5.03
