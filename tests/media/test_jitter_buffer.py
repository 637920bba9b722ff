"""Packets put back in order, their counters without wraps, and restarts of the source."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from media.jitter_buffer import CAPACITY, LONGEST_JUMP, JitterBuffer


def push(buffer: JitterBuffer, number: int, *, first: int = 0, offset: int = 0) -> bool:
    """Send packet `number` of 20 ms; whether it was taken."""
    packet = buffer.place((first + number) & 0xFFFF, (offset + number * 960) & 0xFFFFFFFF, b"%d" % number)
    if packet is None:
        return False
    buffer.put(packet)
    return True


def drain(buffer: JitterBuffer) -> list[int]:
    numbers = []
    while (packet := buffer.oldest) is not None:
        buffer.take(packet.number)
        numbers.append(int(packet.payload))
    return numbers


@given(first=st.integers(0, 0xFFFF), offset=st.integers(0, 0xFFFFFFFF), seed=st.integers(0, 1 << 30))
@settings(max_examples=100, deadline=None)
def test_packets_come_out_in_order_whatever_order_they_came_in_and_wherever_they_wrap(
    first: int, offset: int, seed: int
) -> None:
    buffer, rng = JitterBuffer(), random.Random(seed)
    out: list[int] = []
    for start in range(0, 400, 20):
        order = [number for number in range(start, start + 20) if rng.random() > 0.1]
        order += [number for number in order if rng.random() < 0.1]
        rng.shuffle(order)
        assert all(push(buffer, number, first=first, offset=offset) for number in order)
        assert len(buffer) == len(set(order))
        out += drain(buffer)
    assert out == sorted(set(out))
    assert buffer.restarts == 0


def test_a_packet_that_comes_twice_is_counted_and_kept_once() -> None:
    buffer = JitterBuffer()
    for number in (0, 1, 1, 0):
        push(buffer, number)
    assert (drain(buffer), buffer.duplicates) == ([0, 1], 2)


def test_without_a_reader_the_oldest_packets_go_and_are_counted() -> None:
    buffer = JitterBuffer()
    for number in range(CAPACITY + 15):
        push(buffer, number)
    assert (len(buffer), buffer.dropped) == (CAPACITY, 15)
    assert drain(buffer) == list(range(15, CAPACITY + 15))


def test_one_stray_packet_changes_nothing_and_two_that_follow_each_other_are_a_restart() -> None:
    buffer = JitterBuffer()
    for number in range(10):
        push(buffer, number)
    assert not push(buffer, 5000, offset=77)
    assert push(buffer, 10)
    assert buffer.restarts == 0
    assert not push(buffer, 7000)
    assert push(buffer, 7001)
    assert buffer.restarts == 1
    assert buffer.dropped == 11
    assert push(buffer, 7002)
    assert drain(buffer) == [7001, 7002]


def test_a_timestamp_that_runs_against_its_sequence_is_a_restart_too() -> None:
    buffer = JitterBuffer()
    for number in range(50):
        push(buffer, number)
    taken = [push(buffer, number, first=20, offset=1_000_000_000) for number in range(4)]
    assert taken == [False, True, True, True]
    assert buffer.restarts == 1


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)), max_size=200))
@settings(max_examples=60, deadline=None)
def test_whatever_counters_come_the_buffer_is_bounded(counters: list[tuple[int, int]]) -> None:
    buffer = JitterBuffer()
    for sequence, timestamp in counters:
        if (packet := buffer.place(sequence, timestamp, b"x")) is not None:
            assert packet.number & 0xFFFF == sequence
            assert packet.time & 0xFFFFFFFF == timestamp
            buffer.put(packet)
            assert packet.number in buffer or buffer.dropped
        assert len(buffer) <= CAPACITY
    assert LONGEST_JUMP < 0x8000
