"""Frames out of packets that already have their place: order, ends, and where the picture goes on after a loss."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from media.assembly import CAPACITY, Assembler, EncodedFrame

PER_FRAME = 4
FIRST = 65_530

Packet = tuple[int, int, bool, bytes, bool | None, bool]


def packets(frames: int, first: int = FIRST, key_every: int = 1000, time: int = 0) -> list[Packet]:
    """(number, timestamp, marker, payload, begins, key) of a stream."""
    stream: list[Packet] = []
    for number in range(frames):
        for part in range(PER_FRAME):
            begins = part == 0
            key = begins and number % key_every == 0
            payload = b"%d.%d " % (number, part)
            timestamp = (time + number * 3000) & 0xFFFFFFFF
            stream.append((first + number * PER_FRAME + part, timestamp, part == PER_FRAME - 1, payload, begins, key))
    return stream


def push(assembler: Assembler, packet: Packet) -> list[EncodedFrame]:
    number, timestamp, marker, payload, begins, key = packet
    return assembler.push(number, timestamp, marker, payload, begins=begins, key=key)


def take(assembler: Assembler, stream: list[Packet]) -> list[bytes]:
    return [frame.payload.partition(b".")[0] for packet in stream for frame in push(assembler, packet)]


def test_a_frame_is_released_on_its_marker_bit() -> None:
    assembler = Assembler()
    released = [push(assembler, packet) for packet in packets(1)]
    assert released[:-1] == [[], [], []]
    assert [frame.payload for frame in released[-1]] == [b"0.0 0.1 0.2 0.3 "]
    assert released[-1][0].key


def test_nothing_is_released_before_a_key_frame() -> None:
    assembler = Assembler()
    assert take(assembler, packets(3)[PER_FRAME:]) == []
    assert assembler.need_key
    assert take(assembler, packets(1, first=FIRST + 3 * PER_FRAME)) == [b"0"]
    assert not assembler.need_key


@given(st.integers(0, 2**31))
def test_reordering_changes_nothing(seed: int) -> None:
    stream = packets(12)
    shuffled = stream[:1]
    for start in range(1, len(stream), 6):
        window = stream[start : start + 6]
        random.Random(seed).shuffle(window)
        shuffled += window
    assembler = Assembler()
    frames = [frame for packet in shuffled for frame in push(assembler, packet)]
    assert [frame.payload.split(b".")[0] for frame in frames] == [b"%d" % n for n in range(12)]
    assert [frame.timestamp - frames[0].timestamp for frame in frames] == [n * 3000 for n in range(12)]
    assert assembler._parts == {}


def test_timestamps_go_on_where_theirs_wrap() -> None:
    assembler = Assembler()
    frames = [frame for packet in packets(6, time=2**32 - 7000) for frame in push(assembler, packet)]
    assert [frame.timestamp - frames[0].timestamp for frame in frames] == [n * 3000 for n in range(6)]


def test_what_is_missing_holds_up_what_lies_behind_it_and_nothing_else() -> None:
    assembler, stream = Assembler(), packets(3)
    assert take(assembler, stream[:5] + stream[6:]) == [b"0"]
    assert take(assembler, stream[5:6]) == [b"1", b"2"]


def test_behind_what_was_given_up_the_picture_goes_on_at_the_next_key_frame() -> None:
    assembler, stream = Assembler(), packets(30, key_every=10)
    assert take(assembler, stream[:9] + stream[10:44]) == [b"0", b"1"]
    gone_on = [frame.payload.partition(b".")[0] for frame in assembler.give_up(stream[9][0])]
    assert gone_on == [b"10"], "held back until now, and whole"
    assert take(assembler, stream[44:52]) == [b"11", b"12"]


def test_what_was_given_up_and_comes_after_all_is_of_no_use() -> None:
    assembler, stream = Assembler(), packets(4, key_every=2)
    take(assembler, stream[:5] + stream[6:8])
    assert assembler.give_up(stream[5][0]) == []
    assert take(assembler, stream[5:6]) == []
    assert assembler.give_up(stream[2][0]) == [], "nor is what was taken given up"
    assert take(assembler, stream[8:]) == [b"2", b"3"]


def test_a_source_that_begins_anew_is_followed_from_its_next_key_frame() -> None:
    assembler = Assembler()
    take(assembler, packets(2))
    again = FIRST + 2 * PER_FRAME + CAPACITY
    assert take(assembler, packets(4, first=again, key_every=2)[PER_FRAME:]) == [b"2", b"3"]


def test_frames_that_nobody_wanted_for_a_while_hold_up_none_that_are_wanted_again() -> None:
    assembler, stream = Assembler(), packets(12, key_every=4)
    assert take(assembler, stream[:6]) == [b"0"]
    assembler.begin_anew()
    assert take(assembler, stream[20:]) == [b"8", b"9", b"10", b"11"]


def test_a_packet_without_payload_only_fills_its_place() -> None:
    assembler, stream = Assembler(), packets(3)
    take(assembler, stream[:4])
    padding: Packet = (stream[4][0], 0, False, b"", False, False)
    later = [(number + 1, *rest) for number, *rest in stream[4:]]
    assert take(assembler, [padding, *later]) == [b"1", b"2"]  # type: ignore[list-item]


def test_after_a_frame_that_was_of_no_use_the_picture_goes_on_at_the_next_key_frame() -> None:
    assembler, stream = Assembler(), packets(4, key_every=3)
    take(assembler, stream[:4])
    assembler.start_over()
    assert take(assembler, stream[4:]) == [b"3"]


@given(
    st.lists(
        st.tuples(st.integers(0, 4 * CAPACITY), st.booleans(), st.booleans(), st.booleans(), st.booleans()),
        max_size=300,
    )
)
def test_whatever_arrives_the_buffer_stays_bounded(noise: list[tuple[int, bool, bool, bool, bool]]) -> None:
    assembler = Assembler()
    for at, (number, marker, begins, key, gives_up) in enumerate(noise):
        if gives_up:
            assembler.give_up(number)
        assembler.push(number, at, marker, b"x", begins=begins, key=key and begins)
        assert assembler._next is not None
        assert all(0 <= held - assembler._next < CAPACITY for held in assembler._parts)


def silent(stream: list[Packet], *, markers: bool = True) -> list[Packet]:
    """The same packets in a codec that says where a frame begins only for the first, and that a frame is a key late."""
    quiet: list[Packet] = []
    for at, (number, timestamp, marker, payload, _, _) in enumerate(stream):
        key = at % PER_FRAME == 2 and stream[at - 2][5]
        quiet.append((number, timestamp, marker and markers, payload, True if at == 0 else None, key))
    return quiet


def test_where_the_codec_does_not_say_a_frame_begins_behind_the_one_before() -> None:
    assert take(Assembler(), silent(packets(4))) == [b"0", b"1", b"2", b"3"]


def test_without_marker_bits_a_frame_ends_where_the_next_one_begins() -> None:
    assert take(Assembler(), silent(packets(4), markers=False)) == [b"0", b"1", b"2"]


def test_a_stream_that_is_joined_in_the_middle_is_taken_from_its_next_whole_key_frame() -> None:
    for first in range(1, PER_FRAME):
        stream = silent(packets(4, key_every=2))[first:]
        assert take(Assembler(), stream) == [b"2", b"3"]
        assert take(Assembler(), silent(packets(4, key_every=2), markers=False)[first:]) == [b"2"]


def test_behind_a_gap_that_was_given_up_no_half_frame_is_taken() -> None:
    for lost in range(PER_FRAME, 2 * PER_FRAME):
        assembler, stream = Assembler(), silent(packets(4, key_every=2))
        assert take(assembler, stream[:lost] + stream[lost + 1 : 10]) == [b"0"]
        assert assembler.give_up(stream[lost][0]) == []
        assert take(assembler, stream[10:]) in ([b"2", b"3"], []), "whole, or not at all"
