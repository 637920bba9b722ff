"""A line loses as much as it is told to, in runs as long as it is told to, the same for the same seed."""

from __future__ import annotations

from itertools import groupby

import pytest

from bench.line import CLEAN, Impairment, Line

PACKETS = 40_000


@pytest.mark.parametrize(("loss", "burst"), [(0.01, 1), (0.05, 1), (0.10, 1), (0.05, 3)])
def test_the_share_of_lost_packets_is_what_was_asked_for(loss: float, burst: int) -> None:
    line = Line(Impairment(loss=loss, burst=burst), seed=3)
    fates = [line.fate() for _ in range(PACKETS)]
    assert fates.count(None) / PACKETS == pytest.approx(loss, rel=0.1)
    assert (line.passed, line.lost) == (PACKETS - fates.count(None), fates.count(None))


def test_bursts_lose_whole_runs() -> None:
    line = Line(Impairment(loss=0.05, burst=3), seed=1)
    fates = [line.fate() is None for _ in range(3 * PACKETS)]
    runs = [len(list(run)) for lost, run in groupby(fates) if lost]
    assert all(run % 3 == 0 for run in runs[:-1])


def test_the_same_seed_has_the_same_fates() -> None:
    first, second = (Line(Impairment(loss=0.1, jitter_s=0.03), seed=9) for _ in range(2))
    assert [first.fate() for _ in range(100)] == [second.fate() for _ in range(100)]


def test_jitter_comes_on_top_of_delay() -> None:
    line = Line(Impairment(delay_s=0.04, jitter_s=0.03), seed=2)
    fates = [fate for _ in range(1000) if (fate := line.fate()) is not None]
    assert min(fates) >= 0.04
    assert 0.065 < max(fates) <= 0.07


def test_a_clean_line_does_nothing_and_says_so() -> None:
    line = Line()
    assert [line.fate() for _ in range(100)] == [0.0] * 100
    assert str(CLEAN) == "clean"
    assert str(Impairment(loss=0.05, burst=3)) == "5% lost in bursts of 3"
