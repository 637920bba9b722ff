"""Sizes out of sequence parameter sets, and the sets that a stream has shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.errors import MediaError, SizeError
from media.h264 import START_CODE, units
from media.parameter_sets import LARGEST_SIDE_MBS, LONGEST_SET_BYTES, MOST_SETS, ParameterSets, size
from tests.support.bits import Bits


def sps(
    wide: int,
    high: int,
    *,
    number: int = 0,
    profile: int = 66,
    chroma: int = 1,
    fields: bool = False,
    crop: tuple[int, int, int, int] | None = None,
    order: int = 2,
    lists: bool = False,
) -> bytes:
    """A sequence parameter set of wide x high macroblocks."""
    bits = Bits().put(profile, 8).put(0, 8).put(31, 8).golomb(number)
    if profile == 100:
        bits.golomb(chroma)
        if chroma == 3:
            bits.put(0, 1)
        bits.golomb(0, 0).put(0, 1).put(lists, 1)
        if lists:
            bits.put(1, 1).golomb(*[1] * 16).put(1, 1).golomb(16)  # all written; then none, since the first is 0
            bits.put(0, 6 if chroma != 3 else 10)
    bits.golomb(0).golomb(order)
    if order == 0:
        bits.golomb(4)
    elif order == 1:
        bits.put(0, 1).golomb(1, 2).golomb(2, 3, 4)
    bits.golomb(1).put(0, 1).golomb(wide - 1, (high // 2 if fields else high) - 1).put(not fields, 1)
    if fields:
        bits.put(0, 1)
    bits.put(1, 1).put(crop is not None, 1)
    if crop is not None:
        bits.golomb(*crop)
    return bits.put(0, 1).unit(0x67)


def pps(number: int, of: int, more: bytes = b"") -> bytes:
    return Bits().golomb(number, of).unit(0x68) + more


@given(st.integers(1, 192), st.integers(1, 192), st.sampled_from([66, 77, 100]), st.sampled_from([0, 1, 2]))
def test_an_sps_tells_the_size_in_macroblocks(wide: int, high: int, profile: int, order: int) -> None:
    assert size(sps(wide, high, profile=profile, order=order)) == (16 * wide, 16 * high)


def test_what_is_cropped_away_is_not_counted() -> None:
    assert size(sps(120, 68, crop=(0, 0, 0, 4))) == (1920, 1080)
    assert size(sps(120, 68, fields=True, crop=(0, 0, 0, 2))) == (1920, 1080)
    assert size(sps(86, 48, profile=100, crop=(0, 5, 0, 0))) == (1366, 768)
    assert size(sps(120, 68, profile=100, chroma=2, crop=(1, 1, 4, 4))) == (1916, 1080)
    assert size(sps(120, 68, profile=100, chroma=3, crop=(1, 1, 4, 4), lists=True)) == (1918, 1080)
    assert size(sps(120, 68, profile=100, chroma=0, crop=(1, 1, 4, 4))) == (1918, 1080)


def test_scaling_lists_are_passed_over() -> None:
    assert size(sps(80, 64, profile=100, lists=True)) == (1280, 1024)


@pytest.mark.parametrize(
    "cropped", [None, (0, 16 * (LARGEST_SIDE_MBS - 20) // 2, 0, 16 * (LARGEST_SIDE_MBS - 20) // 2)]
)
def test_a_picture_that_codes_too_much_is_refused_however_little_of_it_is_shown(
    cropped: tuple[int, int, int, int] | None,
) -> None:
    assert size(sps(192, 192)) == (3072, 3072)
    with pytest.raises(SizeError):
        size(sps(LARGEST_SIDE_MBS, LARGEST_SIDE_MBS, crop=cropped))
    with pytest.raises(SizeError):
        size(sps(193, 192))


@pytest.mark.parametrize(
    "unit",
    [
        b"\x67",
        sps(80, 64)[:5],
        b"\x67" + bytes(200),
        sps(LARGEST_SIDE_MBS + 1, 1),
        sps(1, LARGEST_SIDE_MBS + 1),
        sps(80, 64, crop=(320, 320, 0, 0)),
        sps(80, 64, crop=(0, 0, 1000, 1000)),
    ],
)
def test_a_damaged_sps_is_a_media_error(unit: bytes) -> None:
    with pytest.raises(MediaError):
        size(unit)


@given(st.binary(min_size=1, max_size=80))
def test_any_bytes_give_a_size_or_a_media_error(unit: bytes) -> None:
    try:
        width, height = size(unit)
    except MediaError:
        return
    assert 0 < width <= 16 * LARGEST_SIDE_MBS
    assert 0 < height <= 16 * LARGEST_SIDE_MBS


def test_a_key_frame_gets_every_set_in_front_and_no_set_twice() -> None:
    sets, first, second = ParameterSets(), sps(20, 16), sps(40, 32)
    assert not ParameterSets().complete
    sets.learn([first, pps(0, 0)])
    assert sets.complete
    assert units(sets.whole([b"\x65a", b"\x65b"])) == [first, pps(0, 0), b"\x65a", b"\x65b"]
    found = [b"\x09\xf0", second, pps(0, 0), b"\x65c"]
    sets.learn(found)
    assert units(sets.whole(found)) == [second, pps(0, 0), b"\x65c"]
    assert sets.whole([b"\x65c"]).startswith(START_CODE)


def test_a_new_sps_makes_its_picture_sets_forgotten_and_no_others() -> None:
    sets, other = ParameterSets(), sps(10, 10, number=1)
    sets.learn([sps(20, 16), other, pps(0, 0), pps(1, 1), pps(2, 7)])
    assert units(sets.whole([])) == [sps(20, 16), other, pps(0, 0), pps(1, 1)]
    sets.learn([sps(20, 16)])
    assert units(sets.whole([])) == [other, sps(20, 16), pps(0, 0), pps(1, 1)], "the same again changes nothing"
    sets.learn([sps(40, 32)])
    assert units(sets.whole([])) == [other, sps(40, 32), pps(1, 1)]


def test_sets_are_bounded() -> None:
    sets = ParameterSets()
    for number in range(0, 100, 10):
        sets.learn([sps(20, 16, number=number + more) for more in range(10)])
        sets.learn([pps(number + more, 99) for more in range(10)])
    assert len(units(sets.whole([]))) <= 2 * MOST_SETS
    with pytest.raises(MediaError):
        sets.learn([pps(0, 0, more=bytes(LONGEST_SET_BYTES))])
    with pytest.raises(MediaError):
        sets.learn([pps(number, 99) for number in range(2 * MOST_SETS + 1)])


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8))
def test_whatever_is_learned_is_kept_or_a_media_error(found: list[bytes]) -> None:
    sets = ParameterSets()
    try:
        sets.learn(found)
    except MediaError:
        return
    sets.whole(found)
