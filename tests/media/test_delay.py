"""How long sound is held: what lateness and loss make worth having, and no more."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.delay import MEMORY_S, MOST_S, SAFETY_S, Delay

MENDING = b"\x48\x40..."  # SILK, 20 ms, with its LBRR flag
PLAIN = b"\x48\x00..."


def heard(transits_s: list[float | None], payload: bytes = PLAIN) -> Delay:
    """A delay that took note of packets of 20 ms with these transits; None is lost."""
    delay = Delay()
    for number, transit_s in enumerate(transits_s):
        if transit_s is not None:
            delay.arrived(number, number * 960, payload, number * 0.02 + transit_s)
    return delay


def lost_some(count: int, *lost: int) -> list[float | None]:
    return [None if number in lost else 0.0 for number in range(count)]


def test_what_is_in_time_asks_for_nothing_and_what_is_held_for_nothing_may_go() -> None:
    delay = heard([0.0] * 350)
    assert delay.steps(0.010) == 0
    assert delay.steps(0.025) == 0, "5 ms would be too close"
    assert delay.steps(0.030) == -1
    assert delay.steps(0.130) == -6


def test_where_packets_mend_each_other_one_is_waited_for() -> None:
    delay = heard([0.0] * 350, MENDING)
    assert delay.steps(0.010) == 1
    assert delay.steps(0.022) == 0
    assert delay.steps(0.041) == 0
    assert delay.steps(0.050) == -1


def test_one_late_packet_in_seven_seconds_is_let_go_and_two_are_not() -> None:
    one, two = [0.0] * 350, [0.0] * 350
    one[100] = two[100] = two[200] = 0.018
    assert heard([*one]).steps(0.010) == 0
    assert heard([*two]).steps(0.010) == 1


def test_lateness_is_forgotten_after_the_memory_has_passed() -> None:
    late = [0.030 if number % 3 else 0.0 for number in range(100)]
    calm = [0.0] * int(MEMORY_S / 0.02)
    assert heard([*late]).steps(0.040) == 0
    assert heard([*late, *calm]).steps(0.040) == -1


@given(seed=st.integers(0, 1 << 30), jitter_ms=st.floats(0.0, 120.0), lead_ms=st.floats(0.0, 400.0))
@settings(max_examples=80, deadline=None)
def test_the_lead_it_asks_for_has_nearly_everything_in_time_and_is_bounded(
    seed: int, jitter_ms: float, lead_ms: float
) -> None:
    rng = random.Random(seed)
    transits = [rng.random() * jitter_ms / 1000 for _ in range(350)]
    delay, lead_s = heard([*transits]), lead_ms / 1000
    chosen_s = lead_s + delay.steps(lead_s) * delay.step_s
    late = sum(transit > chosen_s for transit in transits)
    assert late <= 7, "2 %"
    assert chosen_s <= max(MOST_S, max(transits) + SAFETY_S + 0.055)
    assert delay.steps(chosen_s) in (-1, 0, 1)


@given(st.lists(st.one_of(st.none(), st.floats(-1.0, 5.0)), max_size=60), st.floats(-10.0, 10.0))
@settings(max_examples=100, deadline=None)
def test_whatever_came_there_is_an_answer(transits_s: list[float | None], lead_s: float) -> None:
    delay = heard(transits_s, MENDING)
    assert -50 <= delay.steps(lead_s) <= 50
    assert delay.held_s(lead_s) >= 0.0


def test_losses_that_nothing_mends_are_no_reason_to_wait() -> None:
    assert heard(lost_some(350, *range(10, 340, 7))).steps(0.010) == 0


def test_packets_that_may_be_en_route_are_not_taken_for_lost() -> None:
    assert heard([*lost_some(349, 346, 347), 0.0], MENDING).steps(0.022) == 0


def test_how_long_packets_are_held_is_counted_from_their_arrival() -> None:
    assert heard([0.0, 0.010] * 100).held_s(0.025) == pytest.approx(0.020)
    assert Delay().held_s(0.025) == 0.0


def test_an_outage_that_is_excused_leaves_no_delay_behind() -> None:
    transits = [*[0.0] * 300, *[(20 - number) * 0.02 for number in range(20)], *[0.0] * 20]
    delay = heard([*transits])
    assert delay.steps(0.010) > 2
    delay.excuse(300, 320)
    assert delay.steps(0.010) == 0


@pytest.mark.parametrize(("toc", "step_s"), [(0x40, 0.010), (0x48, 0.020), (0x50, 0.020), (0x58, 0.020)])
def test_a_step_is_a_packet_or_a_tick_whichever_is_shorter(toc: int, step_s: float) -> None:
    assert heard([0.0] * 10, bytes([toc, 0, 0])).step_s == step_s


@pytest.mark.parametrize("jump_s", [30.0, 0.6, -0.6, -30.0])
def test_a_clock_that_jumped_begins_another_time(jump_s: float) -> None:
    delay = heard([*[0.0] * 300, *[jump_s] * 100], MENDING)
    assert delay.steps(jump_s + 0.022) == 0
    assert delay.steps(jump_s + 0.010) == 1
