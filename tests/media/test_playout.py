"""Playout of encoded packets: order, loss, lateness, pauses, restarts, drift."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.delay import FEWEST, MOST
from media.playout import CAPACITY, Due, Playout

TICK_MS = 20.0
Arrival = tuple[float, int]  # when (ms), which packet


def payload(number: int) -> bytes:
    return b"\x48..." + number.to_bytes(4, "big")  # 20 ms of SILK, one frame


def number_of(due: Due) -> int:
    assert due.payload is not None
    return int.from_bytes(due.payload[4:], "big")


def push(playout: Playout, number: int, *, first: int = 0, offset: int = 0) -> None:
    playout.push((first + number) & 0xFFFF, (offset + number * 960) & 0xFFFFFFFF, payload(number))


def run(
    playout: Playout,
    arrivals: Iterable[Arrival],
    ticks: int,
    *,
    phase_ms: float = 10.0,
    quiet: Callable[[int], bool] = lambda tick: False,
    first: int = 0,
    offset: int = 0,
) -> list[Due]:
    """Push packets when they arrive, pop every 20 ms."""
    queue = sorted(arrivals, reverse=True)
    dues = []
    for tick in range(ticks):
        while queue and queue[-1][0] <= tick * TICK_MS + phase_ms:
            push(playout, queue.pop()[1], first=first, offset=offset)
        dues.append(playout.pop(quiet(tick)))
    return dues


def sent(count: int, *, every_ms: float = TICK_MS, lost: Iterable[int] = ()) -> list[Arrival]:
    gone = set(lost)
    return [(number * every_ms, number) for number in range(count) if number not in gone]


def played(dues: Iterable[Due]) -> list[int]:
    return [number_of(due) for due in dues if due.payload is not None]


def delay_ms(dues: list[Due], tick: int) -> float:
    """How long after it was sent the packet of this tick is played, in the terms of `run`."""
    return (tick - number_of(dues[tick])) * TICK_MS


@given(
    first=st.integers(0, 0xFFFF),
    offset=st.integers(0, 0xFFFFFFFF),
    phase_ms=st.floats(0.0, 19.9),
)
@settings(max_examples=60, deadline=None)
def test_a_clean_line_never_conceals_and_costs_one_packet_of_delay(first: int, offset: int, phase_ms: float) -> None:
    playout = Playout()
    dues = run(playout, sent(400), 400, phase_ms=phase_ms, first=first, offset=offset)
    assert dues[0].idle
    assert played(dues) == list(range(399))
    assert (playout.concealed, playout.late, playout.skipped, playout.dropped, playout.resyncs) == (0, 0, 0, 0, 0)
    assert delay_ms(dues, 300) == TICK_MS


@given(lost=st.integers(3, 150), phase_ms=st.floats(0.0, 19.9), first=st.integers(0, 0xFFFF))
@settings(max_examples=60, deadline=None)
def test_one_lost_packet_costs_one_concealed_frame_and_no_delay(lost: int, phase_ms: float, first: int) -> None:
    playout = Playout()
    dues = run(playout, sent(200, lost=[lost]), 200, phase_ms=phase_ms, first=first)
    assert playout.concealed == 1
    assert dues[lost + 1].missing
    assert delay_ms(dues, 199) == TICK_MS
    assert playout.delay.target == FEWEST


def test_a_packet_lost_while_the_buffer_is_empty_costs_one_concealed_frame_too() -> None:
    playout = Playout()
    push(playout, 0)
    playout.pop()
    push(playout, 1)
    assert number_of(playout.pop()) == 0
    assert number_of(playout.pop()) == 1  # packet 2 is lost, and 3 is not here yet
    assert playout.pop().missing
    push(playout, 3)
    assert number_of(playout.pop()) == 3
    assert playout.concealed == 1
    assert playout.delay.target == FEWEST


@given(
    jitter=st.lists(st.floats(0.0, (FEWEST - 1) * TICK_MS), min_size=150, max_size=150),
    phase_ms=st.floats(0.0, 19.9),
)
@settings(max_examples=80, deadline=None)
def test_jitter_of_one_packet_less_than_the_target_is_never_heard(jitter: list[float], phase_ms: float) -> None:
    playout = Playout()
    arrivals = [(number * TICK_MS + late, number) for number, late in enumerate(jitter)]
    dues = run(playout, arrivals, 150, phase_ms=phase_ms)
    assert playout.concealed == 0
    numbers = played(dues)
    assert numbers == sorted(numbers)
    assert len(numbers) >= 150 - 2 * FEWEST


@given(seed=st.integers(0, 1 << 30), first=st.integers(0, 0xFFFF))
@settings(max_examples=80, deadline=None)
def test_whatever_the_network_does_order_is_kept_and_the_buffer_stays_bounded(seed: int, first: int) -> None:
    playout, rng = Playout(), random.Random(seed)
    arrivals: list[Arrival] = []
    for number in range(300):
        if rng.random() < 0.1:
            continue
        late = rng.choice([0.0, 5.0, 30.0, 120.0, 400.0])
        arrivals.append((number * TICK_MS + late, number))
        if rng.random() < 0.05:
            arrivals.append((number * TICK_MS + late + 3.0, number))
    queue = sorted(arrivals, reverse=True)
    numbers = []
    for tick in range(360):
        while queue and queue[-1][0] <= tick * TICK_MS:
            push(playout, queue.pop()[1], first=first)
            assert len(playout) <= CAPACITY
        due = playout.pop(rng.random() < 0.3)
        if due.payload is not None:
            numbers.append(number_of(due))
        assert FEWEST <= playout.delay.target <= MOST
    assert numbers == sorted(set(numbers))


def test_reordered_packets_are_played_in_order() -> None:
    playout = Playout()
    for number in (1, 0, 2, 2, 3):
        push(playout, number)
    assert playout.duplicates == 1
    playout.delay.target = 4
    assert played(playout.pop() for _ in range(4)) == [0, 1, 2, 3]


def test_a_late_packet_is_counted_and_makes_the_delay_grow_by_one_packet() -> None:
    playout = Playout()
    arrivals = sent(200, lost=[50])
    dues = run(playout, [*arrivals, (50 * TICK_MS + 90.0, 50)], 200)
    assert playout.late == 1
    assert playout.delay.target == FEWEST + 1
    assert 50 not in played(dues)
    assert delay_ms(dues, 199) == 2 * TICK_MS


def test_a_stall_of_100_ms_loses_nothing_and_the_delay_comes_back_in_quiet_moments() -> None:
    playout = Playout()
    arrivals = [
        (max(number * TICK_MS, 1000.0) if 45 <= number <= 50 else number * TICK_MS, number) for number in range(1000)
    ]
    dues = run(playout, arrivals, 1000, quiet=lambda tick: tick % 100 > 80)
    assert played(dues[:200]) == list(range(played(dues[:200])[-1] + 1))
    assert playout.underruns == 1
    assert delay_ms(dues, 199) > 3 * TICK_MS
    assert delay_ms(dues, 999) <= 2 * TICK_MS


def test_a_source_that_stops_is_idle_after_200_ms_and_starts_again_with_a_short_delay() -> None:
    playout = Playout()
    arrivals = [(number * TICK_MS + (2000.0 if number >= 100 else 0.0), number) for number in range(300)]
    dues = run(playout, arrivals, 400)
    silent = dues[101:200]
    assert [due.missing for due in silent[:MOST]] == [True] * MOST
    assert all(due.idle for due in silent[MOST:])
    assert played(dues) == list(range(300))[: len(played(dues))]
    assert playout.concealed == MOST


def test_a_stall_longer_than_200_ms_ends_with_the_newest_packets() -> None:
    playout = Playout()
    arrivals = [(max(number * TICK_MS, 1500.0) if number >= 50 else number * TICK_MS, number) for number in range(150)]
    dues = run(playout, arrivals, 150)
    assert delay_ms(dues, 149) <= 3 * TICK_MS
    assert playout.skipped > 15


def test_a_pause_of_the_sender_is_silence_and_not_concealment() -> None:
    playout = Playout()
    for number in range(5):
        push(playout, number)
        playout.pop()
    playout.push(5, 5 * 960, b"\x48")  # one byte: the encoder's last word before a pause
    dues = [playout.pop() for _ in range(20)]
    assert [due.missing for due in dues] == [False] * 20
    assert dues[-1].idle
    playout.push(6, 25 * 960, payload(25))  # sequence goes on, the timestamp tells the pause
    playout.push(7, 26 * 960, payload(26))
    assert played([playout.pop(), playout.pop()]) == [25, 26]
    assert playout.concealed == 0


def test_a_pause_that_lies_in_the_buffer_is_played_as_long_as_it_was() -> None:
    playout = Playout()
    playout.push(0, 0, payload(0))
    playout.push(1, 960 * 4, payload(4))
    dues = [playout.pop() for _ in range(5)]
    assert [None if due.payload is None else number_of(due) for due in dues] == [0, None, None, None, 4]
    assert all(not due.missing for due in dues)


def test_a_sender_that_paused_without_a_word_gains_no_delay() -> None:
    playout = Playout()
    for number in range(10):
        push(playout, number)
        playout.pop()
    playout.pop()
    assert all(playout.pop().missing for _ in range(4))
    playout.push(10, 960 * 15, payload(15))  # the timestamp says: a pause of five ticks, one of them still to come
    assert playout.pop().idle
    assert number_of(playout.pop()) == 15


@pytest.mark.parametrize(("toc", "ticks_each"), [(0x50 | 0x08, 3), (0x50, 2)])
def test_longer_packets_are_played_without_gaps_when_popped_as_needed(toc: int, ticks_each: int) -> None:
    playout = Playout()
    left = 0
    idle = []
    for tick in range(300):
        if tick % ticks_each == 0:
            playout.push(tick // ticks_each, tick * 960, bytes([toc]) + payload(tick)[1:])
        if not left:
            due = playout.pop()
            assert not due.missing
            if due.idle:
                idle.append(tick)
                continue
            left = ticks_each
        left -= 1
    assert idle == list(range(len(idle)))
    assert len(idle) <= 2 * ticks_each


def test_a_restarted_source_is_heard_again_after_two_packets() -> None:
    playout = Playout()
    run(playout, sent(50), 50)
    for number in range(10):
        push(playout, number, first=30_000, offset=1_000_000_000)
        playout.pop()
    assert playout.resyncs == 1
    assert number_of(playout.pop()) == 9


def test_a_restart_is_understood_even_when_the_new_sequence_numbers_look_late() -> None:
    playout = Playout()
    run(playout, sent(50), 50)
    dues = []
    for number in range(10):
        push(playout, number, first=20, offset=1_000_000_000)
        dues.append(playout.pop())
    assert playout.resyncs == 1
    assert played(dues)[-1] == 8


def test_one_stray_packet_from_long_ago_changes_nothing() -> None:
    playout = Playout()
    arrivals = [(number * TICK_MS, number) for number in range(300)]
    run(playout, arrivals, 150)
    push(playout, 10)
    assert playout.resyncs == 0
    push(playout, 150)
    assert playout.pop().payload is not None


def test_without_a_reader_the_oldest_packets_go_and_are_counted() -> None:
    playout = Playout()
    for number in range(CAPACITY + 15):
        push(playout, number)
    assert len(playout) == CAPACITY
    assert playout.dropped == 15


def test_a_hole_of_a_second_is_skipped_instead_of_played() -> None:
    playout = Playout()
    run(playout, sent(50), 50)
    for number in range(100, 104):
        push(playout, number)
    dues = [playout.pop() for _ in range(4)]
    assert played(dues)[-1] >= 100


@given(ppm=st.sampled_from([-200.0, 200.0]), phase_ms=st.floats(0.0, 19.9))
@settings(max_examples=4, deadline=None)
def test_clocks_200_ppm_apart_stay_together_for_half_an_hour(ppm: float, phase_ms: float) -> None:
    playout = Playout()
    every_ms = TICK_MS * (1.0 - ppm / 1e6)
    ticks = 30 * 60 * 50
    dues = run(playout, sent(ticks, every_ms=every_ms), ticks, phase_ms=phase_ms, quiet=lambda tick: tick % 500 < 50)
    heard = [due for due in dues if due.payload is not None]
    drift_packets = 30 * 60 * 1e-6 * 200 / 0.020
    assert playout.concealed <= drift_packets + 1
    assert playout.skipped <= drift_packets + 1
    assert len(heard) >= ticks - drift_packets - FEWEST
    assert playout.delay.target <= FEWEST + 1
    assert playout.depth <= FEWEST + 2
    assert playout.late == 0
