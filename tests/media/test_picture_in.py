"""Packets of a picture into frames that may be decoded: codec facts, parameter sets, and sizes that are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.assembly import EncodedFrame
from media.errors import MediaError, SizeError
from media.h264 import aggregate, joined, units
from media.h264_profiles import NOBODYS, Coding
from media.picture_in import PictureIn, check_size
from tests.support.bits import Bits

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
            frames += self.picture.frames(self.picture.read(self.sequence, self.time, at == len(found) - 1, payload))
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
    assert stream.picture.pictures == 3


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
    assert stream.picture.size == (1280, 1024)


def test_a_key_frame_without_parameter_sets_is_no_beginning_and_another_is_needed() -> None:
    stream = h264()
    assert stream.send(DELIMITER, IDR) == []
    assert stream.send(SLICE) == []
    assert stream.picture.need_key
    assert len(stream.send(SMALL, PPS, IDR)) == 1
    assert not stream.picture.need_key


def test_a_picture_cut_into_fragments_comes_as_a_decoder_takes_it_in_whatever_order_they_arrive() -> None:
    picture = PictureIn("h264", [SMALL, PPS])
    first, between, last = b"\x7c\x85pic", b"\x7c\x05tu", b"\x7c\x45re"
    frames = []
    for number, marker, payload in ((1, True, DELIMITER), (2, False, first), (4, True, last), (3, False, between)):
        frames += picture.frames(picture.read(number, 3000 * (number > 1), marker, payload))
    (frame,) = frames
    assert units(frame.payload) == [SMALL, PPS, b"\x65picture"]


def test_a_change_of_size_in_mid_stream_is_followed() -> None:
    stream = h264()
    stream.send(SMALL, PPS, IDR)
    (frame,) = stream.send(LARGE, PPS, IDR)
    assert units(frame.payload) == [LARGE, PPS, IDR]
    assert stream.picture.size == (1280, 1024)


def test_a_lost_slice_takes_its_picture_and_those_that_hang_on_it() -> None:
    stream = h264()
    stream.send(SMALL, PPS, IDR)
    for number in range(5):
        assert stream.send(SLICE, SLICE, SLICE, lost=1 if number == 0 else None) == []
    before = stream.picture.need_key
    assert stream.picture.lost(5) == []
    assert (before, stream.picture.need_key) == (False, True), "it might still have come"
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
    with pytest.raises(MediaError):
        stream.send(SMALL[:4], PPS, IDR)
    assert stream.picture.size == (320, 256)
    assert stream.picture.lost(stream.sequence) == []
    assert stream.send(IDR) == [], "nobody knows what stood before it in its frame"
    (frame,) = stream.send(IDR)
    assert units(frame.payload) == [SMALL, PPS, IDR]


KEY = b"\x10\x02\x00\x9d\x01\x2a\x40\x01\x00\x01" + bytes(20)  # 320x256


def vp8(picture: PictureIn, number: int, *payloads: bytes, wanted: bool = True) -> list[EncodedFrame]:
    """One picture, a payload a packet."""
    frames: list[EncodedFrame] = []
    for at, payload in enumerate(payloads):
        packet = picture.read(number + at, number * 3000, at == len(payloads) - 1, payload)
        if wanted:
            frames += picture.frames(packet)
    return frames


def test_vp8_is_put_together_as_it_comes_and_its_size_is_read() -> None:
    picture = PictureIn("vp8")
    (frame,) = vp8(picture, 1, b"\x90\x80\x05" + KEY, b"\x80\x80\x05more")
    assert frame == EncodedFrame(KEY + b"more", frame.timestamp, True, "vp8")
    assert picture.size == (320, 256)
    assert picture.pictures == 1
    with pytest.raises(MediaError):
        vp8(picture, 3, b"\x10\x10\x02\x00garbage")
    with pytest.raises(MediaError):
        vp8(picture, 4, b"\x90\x80")
    assert vp8(picture, 5, b"\x10\x11\x02\x00") == [], "what is as good as lost is missing"
    assert picture.lost(4) == []
    assert vp8(picture, 6, b"\x10\x11\x02\x00") == [], "and what hangs on it is of no use"
    (frame,) = vp8(picture, 7, b"\x10" + KEY)
    assert frame.key
    with pytest.raises(SizeError):
        vp8(picture, 8, b"\x10" + KEY[:6] + b"\xff\x3f\xff\x3f" + bytes(20))


def test_what_only_passes_through_is_read_and_not_kept() -> None:
    picture = PictureIn("vp8")
    for number in range(0, 3000, 2):
        vp8(picture, number, b"\x10" + KEY, b"\x00more", wanted=False)
    assert picture.pictures == 1500
    assert picture._assembler._parts == {}


def test_padding_keeps_its_place_in_the_picture() -> None:
    picture = PictureIn("vp8")
    assert len(vp8(picture, 1, b"\x10" + KEY)) == 1
    padding = picture.read(2, 0, False, b"")
    assert padding.descriptor is None
    assert vp8(picture, 3, b"\x10\x11\x02\x00") == [], "it waits for what lies between"
    assert len(picture.frames(padding)) == 1


def test_a_viewer_that_comes_back_needs_no_packet_of_the_time_without_one() -> None:
    picture = PictureIn("vp8")
    assert len(vp8(picture, 1, b"\x10" + KEY)) == 1
    vp8(picture, 2, b"\x10\x11\x02\x00", wanted=False)
    picture.begin_anew()
    (frame,) = vp8(picture, 3, b"\x10" + KEY, b"\x00more")
    assert frame.payload == KEY + b"more"


PAYLOADS = st.one_of(
    st.binary(max_size=40), st.sampled_from([SMALL, LARGE, PPS, IDR, SLICE, b"\x7c\x85\x88", b"\x7c\x05"])
)


@given(
    st.sampled_from(["h264", "vp8"]),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9), st.booleans(), PAYLOADS), max_size=60),
)
def test_whatever_comes_gives_frames_or_refuses_a_size(codec: str, noise: list[tuple[int, int, bool, bytes]]) -> None:
    picture = PictureIn(codec)
    for number, time, marker, payload in noise:
        try:
            frames = picture.frames(picture.read(number, time, marker, payload))
        except SizeError:
            return
        except MediaError:
            frames = picture.lost(number)
        assert all(frame.payload for frame in frames)


def test_what_a_lost_packet_held_back_comes_as_a_decoder_takes_it() -> None:
    stream = h264()
    stream.send(SMALL, PPS, IDR)
    assert stream.send(SLICE, SLICE, lost=0) == []
    gone = stream.sequence - 1
    assert stream.send(IDR) == []
    first, second = stream.picture.lost(gone) + stream.send(SLICE)
    assert (first.codec, first.key, units(first.payload)) == ("h264", True, [SMALL, PPS, IDR])
    assert (second.codec, second.key) == ("h264", False)


@pytest.mark.parametrize(
    ("codec", "payload", "refusal"),
    [
        ("h264", joined([SMALL, PPS, IDR]), None),
        ("h264", joined([SLICE]), None),
        ("h264", joined([SLICE, HUGE]), SizeError),
        ("h264", joined([SMALL[:5]]), MediaError),
        ("vp8", KEY, None),
        ("vp8", b"\x11\x02\x00", None),
        ("vp8", KEY[:6] + b"\xff\x3f\xff\x3f", SizeError),
        ("vp8", KEY[:6] + b"\x01\x00\x01\x00", SizeError),
        ("vp8", b"", MediaError),
    ],
)
def test_the_size_of_a_whole_frame_is_judged_by_its_header(
    codec: str, payload: bytes, refusal: type[MediaError] | None
) -> None:
    frame = EncodedFrame(payload, 0, True, codec)
    if refusal is None:
        check_size(frame)
    else:
        with pytest.raises(refusal):
            check_size(frame)


def seen(picture: PictureIn, number: int, time: int, *payloads: bytes) -> list[tuple[bool, bytes | None, bool]]:
    """Of each packet of one picture: whether somebody may begin with it, the sets for it, whether all need them."""
    last = len(payloads) - 1
    packets = [picture.read(number + at, time, at == last, payload) for at, payload in enumerate(payloads)]
    return [(packet.key, packet.sets, packet.bare) for packet in packets]


NO = (False, None, False)
OPENING = b"\x65\x88\x80picture"  # its first slice, by the PPS with number 0


def test_an_h264_viewer_begins_with_the_first_slice_of_a_key_frame_and_gets_the_sets_that_are_known() -> None:
    picture = PictureIn("h264")
    fragments = b"\x7c\x85\x88\x80pic", b"\x7c\x45ture"
    assert seen(picture, 1, 0, OPENING) == [NO], "without sets nobody can"
    assert seen(picture, 2, 3000, SMALL, PPS, *fragments) == [NO, NO, (True, aggregate([SMALL, PPS]), False), NO]
    assert (picture.size, picture.coding) == ((320, 256), Coding(66, 0xC0, 13, square=True, in_order=True))
    assert seen(picture, 6, 6000, SLICE, b"") == [NO, NO]
    other_slice = b"\x65\x48ture"
    assert seen(picture, 8, 9000, OPENING, other_slice) == [(True, aggregate([SMALL, PPS]), True), NO]
    assert seen(picture, 10, 12_000, aggregate([LARGE, PPS, OPENING])) == [(True, b"", False)]
    assert picture.size == (1280, 1024)
    assert seen(picture, 11, 15_000, SMALL, aggregate([PPS, OPENING])) == [NO, (True, aggregate([SMALL, PPS]), False)]


def test_sets_of_the_offer_are_put_before_a_key_frame_that_has_none() -> None:
    assert seen(PictureIn("h264", [SMALL, PPS]), 1, 0, DELIMITER, OPENING) == [
        NO,
        (True, aggregate([SMALL, PPS]), True),
    ]


def test_behind_a_lost_packet_that_may_have_been_a_set_nobody_begins() -> None:
    picture = PictureIn("h264", [SMALL, PPS])
    assert seen(picture, 1, 0, OPENING)[0][0]
    assert seen(picture, 3, 3000, OPENING) == [NO]
    assert seen(picture, 4, 6000, OPENING)[0][0]
    picture.passed(9, 9000, 2)
    assert picture.pictures == 5
    assert seen(picture, 10, 12_000, OPENING)[0][0]


def test_the_size_is_that_of_the_set_that_a_picture_names_not_of_the_last_that_came() -> None:
    second = Bits().put(66, 8).put(0xC0, 8).put(31, 8).golomb(1, 0, 2, 1).put(0, 1).golomb(79, 63).put(12, 4).unit(0x67)
    picture = PictureIn("h264", [SMALL, PPS, second])
    assert picture.size == (1280, 1024)
    assert seen(picture, 1, 0, OPENING)[0][0]
    assert picture.size == (320, 256)


def test_sets_that_fill_more_than_a_packet_are_for_nobody() -> None:
    picture = PictureIn("h264", [SMALL + bytes(700), PPS + bytes(700)])
    assert seen(picture, 1, 0, OPENING)[0][0], "it is a picture all the same, and can be made"
    assert picture.coding == NOBODYS


def test_a_source_may_turn_to_another_codec() -> None:
    picture = PictureIn("vp8")
    vp8(picture, 1, b"\x10" + KEY)
    assert picture.of("vp8") is picture
    other = picture.of("h264")
    assert (other.codec, other.size, other.pictures) == ("h264", (0, 0), 1)


def test_who_begins_to_look_gets_the_key_frame_that_is_just_coming() -> None:
    picture = PictureIn("h264")
    seen(picture, 1, 0, SMALL, PPS)
    opening = picture.read(3, 0, True, OPENING)
    picture.begin_anew()
    (frame,) = picture.frames(opening)
    assert units(frame.payload) == [SMALL, PPS, OPENING]
