"""The growth curve's arithmetic: whose fault a late tick is, and who held how many."""

from __future__ import annotations

from bench.canary import Stall
from bench.growth import Step, shared


def step(**figures: float) -> Step:
    """One consultation for 10 s without a fault."""
    return Step(**{"server": "Hanmaru", "consultations": 1, "seconds": 10.0, "frames_sent": 600} | figures)  # type: ignore[arg-type]


def test_a_stall_excuses_the_ticks_that_were_due_while_it_lasted() -> None:
    late = [(0.0, 7.0), (5.0, 9.0), (10.0, 19.0)]
    assert shared(late, [Stall(7.0, 0.050)], 1) == 3
    assert shared(late, [Stall(7.0, 0.050)], 2) == 6


def test_a_stall_excuses_no_more_ticks_than_were_late_and_none_of_another_time() -> None:
    late = [(0.0, 0.0), (5.0, 2.0), (10.0, 2.0)]
    assert shared(late, [Stall(2.0, 1.0)], 1) == 2
    assert shared(late, [Stall(7.0, 1.0)], 1) == 0


def test_a_stall_of_the_whole_machine_is_told_by_every_core_and_counts_once() -> None:
    late = [(0.0, 0.0), (5.0, 9.0)]
    assert shared(late, [Stall(2.000, 0.020), Stall(2.001, 0.020)], 1) == 2


def test_late_ticks_of_its_own_or_a_missing_picture_and_a_server_did_not_hold() -> None:
    assert step(ticks_late=2, ticks_late_shared=2).held
    assert not step(ticks_late=2, ticks_late_shared=1).held
    assert not step(frames_missing=1).held
    assert not step(picture_packets_missing=1).held
    assert not step(frames_sent=0).held


def test_a_load_generator_that_failed_says_why_and_nothing_else_is_blamed_for_it() -> None:
    assert not step().generator_fault
    assert "sockets" in step(load_overflowed=1).generator_fault
    assert "sent 500 of 600" in step(frames_sent=500).generator_fault
    assert "late itself" in step(load_late_p99_ms=11.0).generator_fault
    assert "used up" in step(load_ms_per_s=980.0).generator_fault


def test_a_server_that_let_nobody_in_is_not_excused() -> None:
    refused = Step("Hanmaru", 8, 10.0, failure="TimeoutError()")
    assert (refused.held, refused.generator_fault) == (False, "")
