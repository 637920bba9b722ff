"""What is missing of a stream: numbers without wrap, asked for in time, given up in time, never without a bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.loss import GIVE_UP_S, NACK_AFTER_S, NACK_AGAIN_S, NACKS_AT_ONCE, REACH, Gaps


def begun(sequence: int = 100, now: float = 0.0) -> tuple[Gaps, int]:
    """A stream and the number of its first packet."""
    gaps = Gaps()
    first = gaps.arrive(sequence, now)
    assert first is not None
    return gaps, first


@given(st.integers(0, 0xFFFF), st.lists(st.integers(0, 9), min_size=1, max_size=300))
def test_whatever_is_lost_late_or_doubled_each_packet_has_its_own_number(first: int, fates: list[int]) -> None:
    """Fate 0: lost; 1 and 2: late by so many packets; 3: comes twice; others: in time."""
    line: list[tuple[int, int]] = [(0, -1)]
    for at, fate in enumerate(fates, 1):
        if fate:
            line.append((at + (fate if fate in (1, 2) else 0), at))
        if fate == 3:
            line.append((at + 1, at))
    gaps, base = Gaps(), None
    seen: set[int] = set()
    for _, at in sorted(line, key=lambda packet: packet[0]):
        index = max(0, at)
        number = gaps.arrive((first + index) & 0xFFFF, 0.0)
        if base is None:
            assert number is not None
            base = number
            assert base & 0xFFFF == first
        if index in seen:
            assert number is None, "of no use a second time"
        else:
            assert number == base + index
        seen.add(index)
    assert base is not None
    assert gaps.highest == base + max(seen)
    missing = set(range(max(seen))) - seen
    asked = gaps.ask(1.0)
    assert set(asked) == {(first + index) & 0xFFFF for index in sorted(missing)[:NACKS_AT_ONCE]}
    assert bool(gaps) == bool(missing)


def test_the_numbers_go_on_over_many_wraps() -> None:
    gaps, first = begun(65_000)
    for index in range(1, 300_000, 3):
        assert gaps.arrive((65_000 + index) & 0xFFFF, index / 250) == first + index
        gaps.lost(index / 250)
    assert len(gaps._missing) <= REACH


@pytest.mark.parametrize(("round_trip_s", "pause_s"), [(0.0, NACK_AGAIN_S), (0.030, NACK_AGAIN_S), (0.080, 0.120)])
def test_a_lost_packet_is_asked_for_once_it_is_more_than_reordering_and_again_until_it_comes(
    round_trip_s: float, pause_s: float
) -> None:
    gaps, _ = begun()
    assert not gaps
    gaps.arrive(102, 1.0)
    assert gaps
    assert gaps.ask(1.0 + NACK_AFTER_S - 0.001, round_trip_s) == ()
    asked_at = 1.0 + NACK_AFTER_S + 0.001
    assert gaps.ask(asked_at, round_trip_s) == (101,)
    assert gaps.ask(asked_at + pause_s - 0.001, round_trip_s) == ()
    assert gaps.ask(asked_at + pause_s + 0.001, round_trip_s) == (101,)
    assert gaps.arrive(101, 1.3) is not None
    assert not gaps
    assert gaps.ask(2.0) == ()
    assert gaps.late == gaps.given_up == 0


def test_no_more_than_64_are_asked_for_at_once_and_the_others_next() -> None:
    gaps, _ = begun(0)
    gaps.arrive(151, 1.0)
    asked = [gaps.ask(1.02), gaps.ask(1.03), gaps.ask(1.04), gaps.ask(1.045)]
    assert [len(some) for some in asked] == [NACKS_AT_ONCE, NACKS_AT_ONCE, 150 - 2 * NACKS_AT_ONCE, 0]
    assert [number for some in asked for number in some] == list(range(1, 151))


def test_what_does_not_come_in_time_is_given_up_and_of_no_use_later() -> None:
    gaps, first = begun()
    gaps.arrive(102, 1.0)
    gaps.arrive(105, 1.2)
    assert gaps.lost(1.0 + GIVE_UP_S - 0.001) is None
    assert gaps.lost(1.0 + GIVE_UP_S + 0.001) == first + 1
    assert gaps.given_up == 1
    assert gaps.arrive(101, 1.5) is None
    assert gaps.late == 1
    assert gaps.arrive(103, 1.5) == first + 3
    assert gaps.lost(1.2 + GIVE_UP_S + 0.001) == first + 4
    assert not gaps
    assert gaps.lost(9.0) is None


def test_one_packet_from_nowhere_changes_nothing() -> None:
    gaps, first = begun()
    for stray in (20_000, 40_000, 100 - REACH, 100 + REACH):
        assert gaps.arrive(stray & 0xFFFF, 0.0) is None
        assert gaps.highest == first
        assert not gaps
    assert gaps.late == 4
    assert gaps.arrive(101, 0.0) == first + 1


def test_two_packets_from_nowhere_with_others_between_them_change_nothing() -> None:
    gaps, first = begun()
    assert gaps.arrive(20_000, 0.0) is None
    assert gaps.arrive(101, 0.0) == first + 1
    assert gaps.arrive(20_001, 0.0) is None
    assert gaps.arrive(102, 0.0) == first + 2


@given(st.integers(0, 0xFFFF), st.integers(REACH, 0xFFFF - REACH), st.lists(st.integers(1, 3), max_size=20))
def test_a_sender_that_begins_anew_is_followed_far_beyond_what_was_before(
    first: int, leap: int, steps: list[int]
) -> None:
    gaps, before = begun(first)
    gaps.arrive((first + 5) & 0xFFFF, 0.0)
    assert gaps
    again = (first + 5 + leap) & 0xFFFF
    assert gaps.arrive(again, 0.1) is None
    number = gaps.arrive((again + 1) & 0xFFFF, 0.1)
    assert number is not None
    assert number & 0xFFFF == (again + 1) & 0xFFFF
    assert number >= before + 5 + 2 * REACH
    assert not gaps, "nothing of the time before is asked for"
    assert gaps.given_up == 4
    for step in steps:
        number += step
        assert gaps.arrive(number & 0xFFFF, 0.1) == number


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_another_stream_in_its_place_goes_on_far_beyond(first: int, second: int) -> None:
    gaps, before = begun(first)
    number = gaps.begin_anew(second)
    assert number & 0xFFFF == second
    assert number >= before + 2 * REACH
    assert gaps.arrive((second + 1) & 0xFFFF, 0.0) == number + 1


@given(
    st.lists(
        st.tuples(st.sampled_from(["near", "far", "any"]), st.integers(0, 0xFFFF), st.floats(0, 0.3)), max_size=200
    )
)
def test_whatever_arrives_no_more_is_kept_than_lies_within_reach(noise: list[tuple[str, int, float]]) -> None:
    gaps, now = Gaps(), 0.0
    given: set[int] = set()
    for kind, value, pause_s in noise:
        now += pause_s
        sequence = value
        if kind != "any" and gaps.highest is not None:
            sequence = (gaps.highest + (value % 8 - 2 if kind == "near" else value % REACH)) & 0xFFFF
        number = gaps.arrive(sequence, now)
        if number is not None:
            assert number not in given, "a number is given once"
            given.add(number)
        assert len(gaps._missing) <= REACH
        assert gaps._asked.keys() <= gaps._missing.keys()
        assert len(gaps.ask(now)) <= NACKS_AT_ONCE
        gaps.lost(now)
        assert all(now - since <= GIVE_UP_S for since in gaps._missing.values())
