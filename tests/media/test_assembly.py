"""Frames out of packets: order, loss, what is asked of the sender."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from media.assembly import CAPACITY, GIVE_UP_S, NACK_AFTER_S, NACK_AGAIN_S, Assembler, EncodedFrame

PER_FRAME = 4


def packets(frames: int, first: int = 65_530, key_every: int = 1000) -> list[tuple[int, int, bool, bytes, bool, bool]]:
    """(sequence, timestamp, marker, payload, begins, key) of a stream that wraps its sequence numbers."""
    stream = []
    for number in range(frames):
        for part in range(PER_FRAME):
            sequence = (first + number * PER_FRAME + part) & 0xFFFF
            begins = part == 0
            key = begins and number % key_every == 0
            marker = part == PER_FRAME - 1
            stream.append((sequence, (number * 3000) & 0xFFFFFFFF, marker, b"%d.%d " % (number, part), begins, key))
    return stream


def push(
    assembler: Assembler, packet: tuple[int, int, bool, bytes, bool, bool], now: float = 0.0
) -> list[EncodedFrame]:
    sequence, timestamp, marker, payload, begins, key = packet
    return assembler.push(sequence, timestamp, marker, payload, begins=begins, key=key, now=now)


def test_a_frame_is_released_on_its_marker_bit() -> None:
    assembler = Assembler()
    released = [push(assembler, packet) for packet in packets(1)]
    assert released[:-1] == [[], [], []]
    assert [frame.payload for frame in released[-1]] == [b"0.0 0.1 0.2 0.3 "]
    assert released[-1][0].key


def test_nothing_is_released_before_a_key_frame_and_one_is_asked_for() -> None:
    assembler = Assembler()
    for packet in packets(3)[PER_FRAME:]:
        assert push(assembler, packet) == []
    assert assembler.ask(1.0).key_frame
    assert not assembler.ask(1.1).key_frame, "asked again within 300 ms"
    assert assembler.ask(1.4).key_frame


@given(st.integers(0, 2**31))
def test_reordering_within_a_frame_changes_nothing(seed: int) -> None:
    stream = packets(12)
    shuffled: list[tuple[int, int, bool, bytes, bool, bool]] = stream[:1]
    for start in range(1, len(stream), 6):
        window = stream[start : start + 6]
        random.Random(seed).shuffle(window)
        shuffled += window
    assembler = Assembler()
    frames = [frame for packet in shuffled for frame in push(assembler, packet)]
    assert [frame.payload.split(b".")[0] for frame in frames] == [b"%d" % n for n in range(12)]
    assert [frame.timestamp - frames[0].timestamp for frame in frames] == [n * 3000 for n in range(12)]


def test_a_lost_packet_is_asked_for_once_it_is_more_than_reordering_and_again_until_it_comes() -> None:
    assembler, stream = Assembler(), packets(3)
    for packet in stream[:5] + stream[6:]:
        push(assembler, packet, now=1.0)
    lost = stream[5][0]
    assert assembler.ask(1.0 + NACK_AFTER_S / 2).again == ()
    assert assembler.ask(1.0 + NACK_AFTER_S).again == (lost,)
    assert assembler.ask(1.0 + NACK_AFTER_S + NACK_AGAIN_S / 2).again == ()
    assert assembler.ask(1.0 + NACK_AFTER_S + NACK_AGAIN_S).again == (lost,)
    frames = push(assembler, stream[5], now=1.2)
    assert [frame.payload[:1] for frame in frames] == [b"1", b"2"]
    assert not assembler.waiting


def test_a_packet_that_never_comes_is_given_up_and_the_picture_goes_on_at_the_next_key_frame() -> None:
    assembler, stream = Assembler(), packets(30, key_every=10)
    frames = []
    for at, packet in enumerate(stream):
        if at == 9:
            continue
        now = at / PER_FRAME / 30
        frames += push(assembler, packet, now=now)
        assembler.ask(now)
    numbers = [int(frame.payload.split(b".")[0]) for frame in frames]
    assert numbers[:2] == [0, 1]
    assert numbers[2] in (10, 20), "the first picture after the hole is a key frame"
    assert numbers[2] * (1 / 30) <= GIVE_UP_S + 10 / 30 + 0.1
    assert assembler.given_up == 1


def test_a_source_that_jumps_is_followed_from_its_next_key_frame() -> None:
    assembler = Assembler()
    for packet in packets(2):
        push(assembler, packet)
    frames = [frame for packet in packets(2, first=30_000) for frame in push(assembler, packet)]
    assert len(frames) == 2


def test_one_packet_from_nowhere_changes_nothing() -> None:
    assembler, stream = Assembler(), packets(4)
    frames = [frame for packet in stream[:8] for frame in push(assembler, packet)]
    assert push(assembler, (20_000, 77, True, b"x", True, True)) == []
    frames += [frame for packet in stream[8:] for frame in push(assembler, packet)]
    assert len(frames) == 4
    assert assembler.late == 1


def test_a_source_that_begins_again_far_behind_is_followed_from_its_next_key_frame() -> None:
    assembler = Assembler()
    for packet in packets(2, first=30_000):
        push(assembler, packet)
    frames = [frame for packet in packets(2, first=20_000) for frame in push(assembler, packet)]
    assert len(frames) == 2


def test_a_packet_without_payload_only_fills_its_place() -> None:
    assembler, stream = Assembler(), packets(3)
    for packet in stream[:4]:
        push(assembler, packet)
    padding = (stream[4][0], 0, False, b"", False, False)
    later = [((sequence + 1) & 0xFFFF, *rest) for sequence, *rest in stream[4:]]
    frames = [frame for packet in (padding, *later) for frame in push(assembler, packet)]  # type: ignore[arg-type]
    assert [frame.payload[:1] for frame in frames] == [b"1", b"2"]
    assert not assembler.waiting


def test_after_a_frame_that_was_of_no_use_the_picture_goes_on_at_the_next_key_frame() -> None:
    assembler, stream = Assembler(), packets(4, key_every=3)
    for packet in stream[:4]:
        push(assembler, packet)
    assembler.start_over()
    frames = [frame for packet in stream[4:] for frame in push(assembler, packet)]
    assert [frame.payload[:1] for frame in frames] == [b"3"]


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.booleans(), st.booleans(), st.booleans()), max_size=300))
def test_whatever_arrives_the_buffer_stays_bounded(noise: list[tuple[int, bool, bool, bool]]) -> None:
    assembler = Assembler()
    for at, (sequence, marker, begins, key) in enumerate(noise):
        assembler.push(sequence, at, marker, b"x", begins=begins, key=key and begins, now=at / 200)
        assembler.ask(at / 200)
        assert len(assembler._parts) <= CAPACITY
        assert len(assembler._gaps) <= CAPACITY


Packet = tuple[int, int, bool, bytes, bool | None, bool]


def silent(stream: list[tuple[int, int, bool, bytes, bool, bool]], *, markers: bool = True) -> list[Packet]:
    """The same packets in a codec that says where a frame begins only for the first, and that a frame is a key late."""
    quiet: list[Packet] = []
    for at, (sequence, timestamp, marker, payload, _, _) in enumerate(stream):
        key = at % PER_FRAME == 2 and stream[at - 2][5]
        quiet.append((sequence, timestamp, marker and markers, payload, True if at == 0 else None, key))
    return quiet


def take(assembler: Assembler, stream: list[Packet], now: float = 0.0) -> list[bytes]:
    frames: list[EncodedFrame] = []
    for sequence, timestamp, marker, payload, begins, key in stream:
        frames += assembler.push(sequence, timestamp, marker, payload, begins=begins, key=key, now=now)
    return [frame.payload[:1] for frame in frames]


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
        assembler.ask(GIVE_UP_S + 0.1)
        assert take(assembler, stream[10:], GIVE_UP_S + 0.1) in ([b"2", b"3"], []), "whole, or not at all"
        assert assembler.given_up == 1
