"""A hasty client is told once, a flooding one is cut off, a patient one is never in the way."""

from __future__ import annotations

from signaling.pace import Pace, Verdict, heard, pace


def talk(state: Pace, count: int, at: float, every_s: float = 0.0) -> tuple[Pace, list[Verdict]]:
    verdicts = []
    for number in range(count):
        state, verdict = heard(state, at + number * every_s)
        verdicts.append(verdict)
    return state, verdicts


def test_a_burst_of_a_hundred_is_fine_and_the_next_is_told_once() -> None:
    _, verdicts = talk(pace(0.0), 103, 0.0)
    assert verdicts == [Verdict.TAKE] * 100 + [Verdict.REFUSE, Verdict.DROP, Verdict.DROP]


def test_fifty_a_second_is_fine_for_ever() -> None:
    _, verdicts = talk(pace(0.0), 5000, 0.0, every_s=0.02)
    assert set(verdicts) == {Verdict.TAKE}


def test_whoever_slows_down_is_heard_again_and_told_again_when_too_fast_again() -> None:
    state, _ = talk(pace(0.0), 110, 0.0)
    state, verdicts = talk(state, 60, 1.0)
    assert verdicts == [Verdict.TAKE] * 50 + [Verdict.REFUSE] + [Verdict.DROP] * 9


def test_five_hundred_at_once_hang_up() -> None:
    _, verdicts = talk(pace(0.0), 501, 0.0)
    assert verdicts[499] is Verdict.DROP
    assert verdicts[500] is Verdict.HANG_UP


def test_a_clock_that_steps_back_gives_nothing_away() -> None:
    state, _ = talk(pace(10.0), 100, 10.0)
    assert heard(state, 5.0)[1] is Verdict.REFUSE
