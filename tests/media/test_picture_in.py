"""Packets of a picture into frames that may be decoded: codec facts, parameter sets, and sizes that are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.assembly import EncodedFrame
from media.errors import MediaError, SizeError
from media.h264 import depacketise, units
from media.picture_in import PictureIn

# Written by x264.
SMALL = bytes.fromhex("6742c00dda05021a10000003001000000303c8f142aa")  # 320x256
LARGE = bytes.fromhex("6742c020da0140081a10000003001000000303c8f1832a")  # 1280x1024
HUGE = bytes.fromhex("6742c03cda00400048fe2210000003001000000303c8f08042a0")  # 4096x2306
PPS = bytes.fromhex("68ce0fc8")
IDR, SLICE, DELIMITER = b"\x65\x88picture", b"\x61\xe0difference", b"\x09\xf0"


class Stream:
    """Sends units, one a packet, a frame at a time."""

    def __init__(self, picture: PictureIn) -> None:
        self.picture = picture
        self.sequence = 0
        self.time = 0

    def send(self, *found: bytes, lost: int | None = None) -> list[EncodedFrame]:
        frames: list[EncodedFrame] = []
        self.time += 3000
        for at, payload in enumerate(found):
            self.sequence += 1
            if at == lost:
                continue
            part, last = depacketise(payload), at == len(found) - 1
            frames += self.picture.push(
                self.sequence, self.time, last, part.payload, part.begins, part.key, self.time / 90_000
            )
        return frames


def h264(*sets: bytes) -> Stream:
    return Stream(PictureIn("h264", sets))


def test_frames_carry_their_codec_and_key_frames_their_parameter_sets() -> None:
    stream = h264()
    (first,) = stream.send(DELIMITER, SMALL, PPS, IDR, IDR)
    assert (first.key, first.codec) == (True, "h264")
    assert units(first.payload) == [SMALL, PPS, IDR, IDR]
    (second,) = stream.send(DELIMITER, SLICE)
    assert (second.key, second.codec) == (False, "h264")
    (third,) = stream.send(IDR)
    assert units(third.payload) == [SMALL, PPS, IDR], "said once, needed by whoever begins here"
    assert stream.picture.size == (320, 256)
    assert stream.picture.frames == 3


def test_parameter_sets_of_the_offer_are_as_good_as_those_of_the_stream() -> None:
    stream = h264(SMALL, PPS)
    assert stream.send(SLICE) == [], "nobody knows where this begins"
    (frame,) = stream.send(IDR)
    assert units(frame.payload) == [SMALL, PPS, IDR]


def test_parameter_sets_may_come_as_a_frame_of_their_own() -> None:
    stream = h264()
    assert stream.send(SMALL, PPS) == []
    (frame,) = stream.send(IDR)
    assert units(frame.payload) == [SMALL, PPS, IDR]
    assert stream.send(LARGE, PPS) == []
    assert stream.picture.frames == 1


def test_a_key_frame_without_parameter_sets_is_no_beginning_and_another_is_asked_for() -> None:
    stream = h264()
    assert stream.send(DELIMITER, IDR) == []
    assert stream.send(SLICE) == []
    assert stream.picture.assembler.ask(1.0).key_frame
    assert len(stream.send(SMALL, PPS, IDR)) == 1


def test_a_change_of_size_in_mid_stream_is_followed() -> None:
    stream = h264()
    stream.send(SMALL, PPS, IDR)
    (frame,) = stream.send(LARGE, PPS, IDR)
    assert units(frame.payload) == [LARGE, PPS, IDR]
    assert stream.picture.size == (1280, 1024)


def test_a_lost_slice_takes_its_picture_and_those_that_hang_on_it() -> None:
    stream = h264()
    stream.send(SMALL, PPS, IDR)
    asked = []
    for number in range(15):
        assert stream.send(SLICE, SLICE, SLICE, lost=1 if number == 0 else None) == []
        asked.append(stream.picture.assembler.ask(stream.time / 90_000))
    assert (5,) in [ask.again for ask in asked]
    assert any(ask.key_frame for ask in asked)
    assert stream.picture.dropped == 1
    (frame,) = stream.send(IDR)
    assert frame.key


@pytest.mark.parametrize("found", [(HUGE, PPS, IDR), (SLICE, HUGE)])
def test_a_decode_bomb_is_refused_wherever_it_stands(found: tuple[bytes, ...]) -> None:
    stream = h264()
    stream.send(SMALL, PPS, IDR)
    with pytest.raises(SizeError):
        stream.send(*found)
    assert PictureIn("h264", [HUGE, PPS]).size == (0, 0), "nor is it taken from an offer"


def test_a_damaged_parameter_set_is_as_good_as_lost() -> None:
    stream = h264()
    stream.send(SMALL, PPS, IDR)
    assert stream.send(SMALL[:4], PPS, IDR) == []
    assert stream.picture.assembler.ask(stream.time / 90_000 + 0.02).again == (4,)


def test_vp8_passes_as_it_comes_and_its_size_is_read() -> None:
    stream = PictureIn("vp8")
    key = b"\x10\x02\x00\x9d\x01\x2a\x40\x01\x00\x01" + bytes(20)
    (frame,) = stream.push(1, 0, True, key, True, True, 0.0)
    assert frame == EncodedFrame(key, frame.timestamp, True, "vp8")
    assert stream.size == (320, 256)
    assert stream.push(2, 3000, True, b"\x10\x02\x00garbage", True, True, 0.0) == []
    assert stream.push(3, 6000, True, b"\x11\x02\x00", True, False, 0.0) == []
    assert stream.assembler.waiting
    with pytest.raises(SizeError):
        stream.push(4, 9000, True, key[:6] + b"\xff\x3f\xff\x3f" + bytes(20), True, True, 0.0)


PAYLOADS = st.one_of(
    st.binary(max_size=40), st.sampled_from([SMALL, LARGE, PPS, IDR, SLICE, b"\x7c\x85\x88", b"\x7c\x05"])
)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9), st.booleans(), PAYLOADS), max_size=60))
def test_whatever_comes_gives_frames_or_refuses_a_size(noise: list[tuple[int, int, bool, bytes]]) -> None:
    picture = PictureIn("h264")
    for at, (sequence, time, marker, payload) in enumerate(noise):
        try:
            part = depacketise(payload)
        except MediaError:
            continue
        try:
            frames = picture.push(sequence, time, marker, part.payload, part.begins, part.key, at / 100)
        except SizeError:
            return
        assert all(frame.payload for frame in frames)
        picture.assembler.ask(at / 100)
