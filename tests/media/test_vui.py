"""How pictures are shown, as the end of a parameter set says."""

from __future__ import annotations

import pytest

from media.bits import Bits as Reader
from media.errors import MediaError
from media.parameter_sets import read
from media.vui import read_vui
from tests.support.bits import Bits


def reader(bits: Bits) -> Reader:
    return Reader(bits.unit(0x67))


@pytest.mark.parametrize(
    ("sps", "profile", "square", "in_order"),  # written by x264, 320x256
    [
        ("6742c00dda05021a10000003001000000303c8f142aa", 66, True, True),
        ("6742c00dda05021b0e10000003001000000303c8f142aa", 66, False, True),  # pixels of 4:3
        ("674d400dda05021a10000003001000000303c8f142aa", 77, True, True),
        ("674d4014da05021a10000003001000000303ce480030d40061ae4c20078a1550", 77, True, True),  # with buffers
        ("6764000dacb40a043420000003002000000791e28554", 100, True, True),
        ("6764000dacd941408684000003000400000300f03c50a658", 100, True, False),  # with B pictures
    ],
)
def test_a_real_encoder_says_so(sps: str, profile: int, square: bool, in_order: bool) -> None:
    size, coding = read(bytes.fromhex(sps))
    assert size == (320, 256)
    assert (coding.profile, coding.square, coding.in_order) == (profile, square, in_order)
    assert coding.level in (13, 20)


def test_who_says_nothing_has_square_pixels_and_perhaps_another_order() -> None:
    assert read_vui(reader(Bits().put(0, 1))) == (True, None)
    assert read_vui(reader(Bits().put(1, 1).put(0, 1).put(0, 8))) == (True, None)


@pytest.mark.parametrize(
    ("kind", "across", "down", "square"),
    [(0, 0, 0, True), (1, 0, 0, True), (2, 0, 0, False), (255, 7, 7, True), (255, 4, 3, False)],
)
def test_everything_that_may_stand_before_the_order_is_passed_over(
    kind: int, across: int, down: int, square: bool
) -> None:
    bits = Bits().put(1, 1).put(1, 1).put(kind, 8)
    if kind == 255:
        bits.put(across, 16).put(down, 16)
    bits.put(3, 2).put(1, 1).put(5, 3).put(0, 1).put(1, 1).put(0x010203, 24)  # overscan, signal with colours
    bits.put(1, 1).golomb(1, 2).put(1, 1).put(1001, 32).put(60_000, 32).put(1, 1)  # place of chroma, timing
    for _ in range(2):
        bits.put(1, 1).golomb(1).put(0x34, 8).golomb(9, 10).put(1, 1).golomb(11, 12).put(0, 1).put(0, 20)
    bits.put(1, 1).put(0, 1).put(1, 1).put(1, 1).golomb(2, 1, 16, 16, 3, 4)
    assert read_vui(reader(bits)) == (square, 3)


def test_what_is_cut_off_is_damaged_and_the_picture_none_the_less_has_its_size() -> None:
    with pytest.raises(MediaError):
        read_vui(reader(Bits().put(1, 1).put(1, 1)))
    size, coding = read(bytes.fromhex("6742c00dda05021a10")[:9])
    assert size == (320, 256)
    assert not coding.square
