"""A line over simulated minutes: the picture yields at once, comes back by itself, and does not flap."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from media.sagging import (
    CALM_LATE_S,
    EARLY_S,
    LONG_S,
    MOST_WAIT_S,
    PAUSE_LATE_S,
    STEPS,
    WAIT_S,
    Sag,
    Signs,
    Stage,
    review,
)

LOOK_S = 0.04
TRIAL_S = sum(seconds for _, seconds in STEPS)
BEGAN_S = 1000.0

Line = Callable[[float, Sag], Signs]
"""What is seen of it at that time since the beginning, and with the picture as it is."""
CLEAN, FULL = Signs(), Signs(0.3, 0.3, 0.2)


def stages(line: Line, seconds: float, sag: Sag | None = None) -> list[tuple[float, Sag]]:
    """Each change of stage, and when."""
    sag = sag or Sag()
    found, at = [(0.0, sag)], 0.0
    while at < seconds:
        at += LOOK_S
        after = review(sag, line(at, sag), BEGAN_S + at)
        if after.stage is not sag.stage:
            found.append((at, after))
        sag = after
    return found


def narrow(bits_per_s: int, until_s: float = float("inf")) -> Line:
    """A line that carries so much beside the voice, until then: what is too much for it has a queue at once."""

    def seen(at: float, sag: Sag) -> Signs:
        sent = {Stage.FLOWING: 2_500_000, Stage.PAUSED: 0}.get(sag.stage, sag.trial_bits_per_s or 0)
        return FULL if at < until_s and sent > bits_per_s else CLEAN

    return seen


def test_a_line_that_carries_all_pauses_nothing() -> None:
    assert [sag.stage for _, sag in stages(lambda at, sag: Signs(PAUSE_LATE_S / 2, PAUSE_LATE_S / 2, 0.1), 600)] == [
        Stage.FLOWING
    ]


def test_a_queue_in_front_of_the_voice_pauses_the_picture_at_the_first_look() -> None:
    at, sag = stages(narrow(300_000), 0.1)[1]
    assert (sag.stage, at) == (Stage.PAUSED, LOOK_S)


def test_a_peer_that_is_busy_now_and_then_does_not_hold_its_picture_back() -> None:
    """Single answers are late, and there is no queue."""
    narrow_once = narrow(300_000, 1.0)
    last_s, sag = stages(lambda at, sag: narrow_once(at, sag) if at < 1.0 else Signs(0.2, 0.01, 1.0), 60)[-1]
    assert sag.stage is Stage.FLOWING
    assert last_s < WAIT_S + TRIAL_S + 1.0


def test_a_key_frame_that_fills_the_line_for_a_moment_pauses_nothing() -> None:
    """All of it gets through: the queue is its own."""
    found = stages(lambda at, sag: Signs(0.3, 0.3, 1.2) if at % 2 < 0.4 else CLEAN, 120)
    assert [sag.stage for _, sag in found] == [Stage.FLOWING]


def test_a_queue_that_stays_pauses_the_picture_whatever_gets_through() -> None:
    at, sag = stages(lambda at, sag: Signs(0.3, 0.3, 0.9), 10)[1]
    assert sag.stage is Stage.PAUSED
    assert LONG_S <= at <= LONG_S + 3 * LOOK_S


def test_a_picture_is_back_soon_after_its_line() -> None:
    """Whenever the line comes back: within the longest wait and a trial."""
    for fell_for_s in (1, 5, 10, 20, 40, 80, 160):
        last_s, sag = stages(narrow(300_000, fell_for_s), fell_for_s + 60)[-1]
        assert sag.stage is Stage.FLOWING
        assert last_s - fell_for_s <= MOST_WAIT_S + TRIAL_S + 0.2


def test_a_line_that_stays_narrow_is_tried_less_and_less_often_and_then_as_often() -> None:
    trials = [at for at, sag in stages(narrow(300_000), 200) if sag.stage is Stage.TRIAL]
    waits = [round(later - one) for one, later in pairwise(trials)]
    assert trials[0] >= WAIT_S
    assert waits == sorted(waits)
    assert waits[-1] <= MOST_WAIT_S + 0.2


def test_a_trial_ends_at_the_first_sign_that_the_line_is_full() -> None:
    found = stages(narrow(300_000), 20)
    begun, ended = ((at, sag.stage) for at, sag in found[2:4])
    assert (begun[1], ended[1]) == (Stage.TRIAL, Stage.PAUSED)
    assert ended[0] - begun[0] <= 2 * LOOK_S


def test_a_trial_sends_more_step_by_step() -> None:
    """A line that carries the first step and not the second is seen to be too narrow without a full picture."""
    sent: list[int] = []

    def line(at: float, sag: Sag) -> Signs:
        if sag.trial_bits_per_s is not None and sag.trial_bits_per_s not in sent:
            sent.append(sag.trial_bits_per_s)
        return narrow(1_000_000)(at, sag)

    assert Stage.FLOWING not in {sag.stage for _, sag in stages(line, 120)[1:]}
    assert sent == [bits for bits, _ in STEPS]


def test_no_trial_is_made_while_the_voice_alone_is_too_much() -> None:
    assert [sag.stage for _, sag in stages(lambda at, sag: FULL, 60)] == [Stage.FLOWING, Stage.PAUSED]


def test_a_picture_that_came_back_too_early_waits_longer_the_next_time() -> None:
    """A line between the last trial and the full picture."""
    found = stages(narrow(2_000_000), 300)
    pauses = [at for at, sag in found if sag.stage is Stage.PAUSED]
    assert all(later - one >= WAIT_S for one, later in pairwise(pauses))
    assert pauses[-1] - pauses[-2] >= MOST_WAIT_S


def test_a_line_that_was_good_for_a_while_is_forgiven() -> None:
    again = review(Sag(Stage.FLOWING, BEGAN_S, MOST_WAIT_S), FULL, BEGAN_S + EARLY_S + 1)
    assert again.wait_s == WAIT_S


@given(st.lists(st.floats(0.0, 0.5), min_size=1, max_size=200), st.integers(1, 40))
def test_whatever_the_line_does_no_two_pauses_are_nearer_than_a_wait(late: list[float], each: int) -> None:
    def line(at: float, sag: Sag) -> Signs:
        late_s = late[int(at / LOOK_S / each) % len(late)]
        return Signs(late_s, late_s, 0.1)

    returns = [at for at, sag in stages(line, 120) if sag.stage is Stage.FLOWING][1:]
    assert all(later - one >= WAIT_S for one, later in pairwise(returns))


@given(st.lists(st.floats(0.0, 0.5), min_size=1, max_size=200))
def test_whatever_the_line_did_its_picture_comes_back_once_it_is_clean(late: list[float]) -> None:
    def line(at: float, sag: Sag) -> Signs:
        late_s = late[int(at) % len(late)] if at < 60 else CALM_LATE_S / 2
        return Signs(late_s, late_s, 0.1)

    at, sag = stages(line, 60 + MOST_WAIT_S + TRIAL_S + 1)[-1]
    assert sag.stage is Stage.FLOWING
    assert at <= 60 + MOST_WAIT_S + TRIAL_S + 0.5
