"""What the parameter sets of an H.264 stream say, and keeping them: a decoder needs them before any picture."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from media.bits import LONGEST_UNIT_BYTES, Bits
from media.errors import MediaError, SizeError
from media.h264 import DELIMITER, PPS, SPS, aggregate, joined, kind_of
from media.h264_profiles import BASELINE, Coding
from media.vui import read_vui

# Profiles whose SPS says how colour is coded (H.264 section 7.3.2.1.1).
HIGH_PROFILES = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
SLICE_HEADER_BYTES = 28
"""Enough of a slice for its first three numbers, which take 65 bits each at most, and 03 bytes among them."""
MOST_SETS = 16
"""Parameter sets of one kind that are kept; equipment has one or two, the standard allows 32 and 256."""
LONGEST_SET_BYTES = LONGEST_UNIT_BYTES
"""Two or three times what every scaling list written out takes."""
LARGEST_SIDE_MBS = 1055  # of any level: the square root of 8 x 139,264 macroblocks (H.264 section A.3.1)
MOST_MBS = 36_864
"""Macroblocks of a picture at levels 5.1 and 5.2 (table A-1): 4096x2304. More is not decoded, however it is cropped."""
OUTPUT_ORDER = 2
"""pic_order_cnt_type of a stream whose pictures are shown in the order in which they come (section 8.2.1)."""
T = TypeVar("T")


def size(sps: bytes) -> tuple[int, int]:
    """Return width and height in pixels, as `read` does."""
    return read(sps)[0]


def read(sps: bytes) -> tuple[tuple[int, int], Coding]:
    """Return width and height in pixels, cropped, and how they are coded (H.264 section 7.3.2.1.1).

    Raises MediaError for a set that is damaged, SizeError for one that codes more than is decoded here.
    """
    bits = Bits(sps)
    profile, constraints, level = bits.take(8), bits.take(8), bits.take(8)
    bits.golomb()  # its number
    chroma, separate = 1, 0
    if profile in HIGH_PROFILES:
        chroma, separate = _read_colour(bits)
    bits.golomb()  # log2_max_frame_num_minus4
    ordered = _read_picture_order(bits) == OUTPUT_ORDER
    bits.golomb()  # max_num_ref_frames
    bits.take(1)
    width, height = bits.golomb() + 1, bits.golomb() + 1
    frames_only = bits.take(1)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    left, right, top, bottom = (bits.golomb() for _ in range(4)) if bits.take(1) else (0, 0, 0, 0)
    rows = 2 - frames_only
    if max(width, height * rows) > LARGEST_SIDE_MBS:
        raise MediaError("media_failed", "The H.264 picture is larger than any level allows.")
    if width * height * rows > MOST_MBS:
        raise SizeError
    unit_x = 2 if chroma in (1, 2) and not separate else 1
    unit_y = (2 if chroma == 1 and not separate else 1) * rows
    across, down = 16 * width - unit_x * (left + right), 16 * height * rows - unit_y * (top + bottom)
    if across < 1 or down < 1:
        raise MediaError("media_failed", "The H.264 picture is cropped to nothing.")
    square, reordered = False, None  # what is damaged from here on is no fault of the picture
    with suppress(MediaError):
        square, reordered = read_vui(bits)
    in_order = ordered or profile == BASELINE or reordered == 0
    return (across, down), Coding(profile, constraints, level, square=square, in_order=in_order)


@dataclass(slots=True)
class ParameterSets:
    """The sets that a stream has shown so far: encoders that were not built for joining late send them once."""

    _sps: dict[int, bytes] = field(default_factory=dict)
    _pps: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    """With the number of the SPS that each is written for."""

    def learn(self, found: Iterable[bytes]) -> None:
        """Keep the parameter sets among these units. Raises MediaError for a damaged one, and for too many."""
        sets = [unit for unit in found if kind_of(unit) in (SPS, PPS)]
        if len(sets) > 2 * MOST_SETS or any(len(unit) > LONGEST_SET_BYTES for unit in sets):
            raise MediaError("media_failed", "The H.264 stream has too many parameter sets, or too long ones.")
        for unit in sets:
            bits = Bits(unit)
            if kind_of(unit) == SPS:
                bits.take(24)
                number = bits.golomb()
                if self._sps.get(number) != unit:  # decoders forget what was written for the one before, too
                    self._pps = {key: one for key, one in self._pps.items() if one[0] != number}
                _keep(self._sps, number, unit)
            else:
                number, sps = bits.golomb(), bits.golomb()
                if sps in self._sps:
                    _keep(self._pps, number, (sps, unit))

    @property
    def complete(self) -> bool:
        """Whether a key frame can be decoded with them."""
        return bool(self._sps and self._pps)

    def opened_by(self, unit: bytes) -> bytes | None:
        """The SPS of the picture that this slice opens (section 7.3.3); None for another slice, and without its sets.

        The first bytes of the slice are enough.
        """
        bits = Bits(unit[:SLICE_HEADER_BYTES])
        try:
            first, _, number = bits.golomb(), bits.golomb(), bits.golomb()
        except MediaError:
            return None
        if first or number not in self._pps:
            return None
        return self._sps.get(self._pps[number][0])

    def aggregated(self) -> bytes:
        """Return every set in the payload of one packet."""
        return aggregate([*self._sps.values(), *(unit for _, unit in self._pps.values())])

    def whole(self, found: Iterable[bytes]) -> bytes:
        """Return a key frame of these units with every set in front, as an Annex B stream."""
        rest = (unit for unit in found if kind_of(unit) not in (SPS, PPS, DELIMITER))
        return joined((*self._sps.values(), *(unit for _, unit in self._pps.values()), *rest))


def _keep(sets: dict[int, T], number: int, one: T) -> None:
    sets.pop(number, None)
    sets[number] = one
    if len(sets) > MOST_SETS:
        del sets[next(iter(sets))]


def _read_colour(bits: Bits) -> tuple[int, int]:
    chroma = bits.golomb()
    separate = bits.take(1) if chroma == 3 else 0
    bits.golomb()  # bits of luma
    bits.golomb()  # bits of chroma
    bits.take(1)
    if bits.take(1):
        for index in range(12 if chroma == 3 else 8):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma, separate


def _skip_scaling_list(bits: Bits, length: int) -> None:
    """Pass over a scaling list (H.264 section 7.3.2.1.1.1)."""
    last = following = 8
    for _ in range(length):
        if following:
            following = (last + bits.signed_golomb()) % 256
        last = following or last


def _read_picture_order(bits: Bits) -> int:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.take(1)
        bits.golomb()
        bits.golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.golomb()
    return kind
