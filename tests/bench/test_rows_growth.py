"""Rows of the growth curve hold five at once against the bars."""

from __future__ import annotations

from dataclasses import replace

from bench.growth import Step
from bench.memory import Memory
from bench.rows_growth import MOST_LATE_P99_MS, growth_rows, most_held
from media.engine.door import LATE_EDGES_S

LIVE = Memory(rss_mb=800.0, pss_mb=500.0)


def steps(server: str, counts: tuple[int, ...] = (1, 5, 8), each: float = 50.0, seconds: float = 60.0) -> list[Step]:
    """A server that holds everything, at the same CPU for each consultation."""
    return [
        Step(
            server,
            count,
            seconds,
            cpu_ms_per_s=count * each,
            memory=LIVE,
            largest_idle=Memory(60.0, 40.0),
            ticks=3000.0,
            late_p50_below_ms=1.0,
            late_p99_below_ms=3.0,
            frames_sent=int(count * 60 * seconds),
        )
        for count in counts
    ]


def test_a_server_that_grows_evenly_and_costs_less_reaches_every_bar() -> None:
    rows = growth_rows([*steps("Hanmaru"), *steps("Janus", each=100.0)])
    assert [row.reached for row in rows[:6]] == [True] * 6
    assert rows[2].ratio == "0.50"


def test_every_bar_can_be_missed() -> None:
    ours = [
        replace(
            one,
            cpu_ms_per_s=one.cpu_ms_per_s * (1.2 if one.consultations > 1 else 1.0),
            ticks_late=one.consultations - 1.0,
            late_p99_below_ms=4.0,
            memory=Memory(2000.0, 801.0),
            largest_idle=Memory(121.0, 40.0),
        )
        for one in steps("Hanmaru")
    ]
    rows = growth_rows([*ours, *steps("Janus", each=55.0)])
    assert [row.reached for row in rows[:6]] == [False] * 6


def test_the_most_held_is_where_nothing_smaller_failed() -> None:
    one, five, eight = steps("Hanmaru")
    assert most_held([one, five, replace(eight, frames_missing=1)]) == 5
    assert most_held([one, replace(five, ticks_late=1.0), eight]) == 1


def test_one_bad_run_of_two_is_no_success() -> None:
    one, five, _ = steps("Hanmaru")
    assert most_held([one, five, replace(five, frames_missing=1)]) == 1


def test_a_load_generator_that_failed_at_five_leaves_no_verdict_and_is_named() -> None:
    one, five, eight = steps("Hanmaru")
    rows = growth_rows([one, replace(five, load_overflowed=7, frames_missing=3), eight, *steps("Janus")])
    assert [row.reached for row in rows[:6]] == [None] * 6
    assert "at 5 the load generator lost 7 datagrams" in rows[0].ours


def test_a_load_generator_that_failed_at_eight_is_no_fault_of_the_server() -> None:
    one, five, eight = steps("Hanmaru")
    rows = growth_rows([one, five, replace(eight, load_late_p99_ms=30.0, frames_missing=9)])
    assert rows[0].reached
    assert "at 8 the load generator was 30 ms late itself" in rows[0].ours


def test_fewer_consultations_or_shorter_runs_give_figures_and_no_verdict() -> None:
    assert growth_rows(steps("Hanmaru", (1, 2)))[0].reached is None
    assert growth_rows(steps("Hanmaru", seconds=10.0))[0].reached is None


def test_a_server_that_let_nobody_in_at_five_misses() -> None:
    one, _, eight = steps("Hanmaru")
    rows = growth_rows([one, Step("Hanmaru", 5, 60.0, failure="TimeoutError()"), eight, *steps("Janus")])
    assert [row.reached for row in rows[:4]] == [False] * 4
    assert "TimeoutError" in rows[0].ours


def test_the_bar_of_lateness_is_an_edge_of_the_servers_histogram() -> None:
    assert MOST_LATE_P99_MS / 1000 in LATE_EDGES_S
