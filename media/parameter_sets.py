"""What the parameter sets of an H.264 stream say, and keeping them: a decoder needs them before any picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from media.errors import MediaError, SizeError
from media.h264 import DELIMITER, PPS, SPS, joined, kind_of

# Profiles whose SPS says how colour is coded (H.264 section 7.3.2.1.1).
HIGH_PROFILES = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
MOST_SETS = 16
"""Parameter sets of one kind that are kept; equipment has one or two, the standard allows 32 and 256."""
LONGEST_SET_BYTES = 1024
"""Two or three times what every scaling list written out takes."""
LONGEST_GOLOMB_BITS = 32
LARGEST_SIDE_MBS = 1055  # of any level: the square root of 8 x 139,264 macroblocks (H.264 section A.3.1)
MOST_MBS = 36_864
"""Macroblocks of a picture at levels 5.1 and 5.2 (table A-1): 4096x2304. More is not decoded, however it is cropped."""
T = TypeVar("T")


def size(sps: bytes) -> tuple[int, int]:
    """Return width and height in pixels, cropped, from a sequence parameter set (H.264 section 7.3.2.1.1).

    Raises MediaError for one that is damaged, SizeError for one that codes more than is decoded here.
    """
    bits = _Bits(sps)
    profile = bits.take(8)
    bits.take(16)  # constraints, level
    bits.golomb()  # its number
    chroma, separate = 1, 0
    if profile in HIGH_PROFILES:
        chroma, separate = _read_colour(bits)
    bits.golomb()  # log2_max_frame_num_minus4
    _skip_picture_order(bits)
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
    return across, down


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
            bits = _Bits(unit)
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

    def whole(self, found: Iterable[bytes]) -> bytes:
        """Return a key frame of these units with every set in front, as an Annex B stream."""
        rest = (unit for unit in found if kind_of(unit) not in (SPS, PPS, DELIMITER))
        return joined((*self._sps.values(), *(unit for _, unit in self._pps.values()), *rest))


def _keep(sets: dict[int, T], number: int, one: T) -> None:
    sets.pop(number, None)
    sets[number] = one
    if len(sets) > MOST_SETS:
        del sets[next(iter(sets))]


class _Bits:
    """Reads a unit's bits behind its header byte (H.264 sections 7.3.1 and 9.1). Raises MediaError at the end."""

    def __init__(self, unit: bytes) -> None:
        raw = unit[1 : LONGEST_SET_BYTES + 1].replace(b"\x00\x00\x03", b"\x00\x00")  # emulation prevention
        self._rest = int.from_bytes(raw, "big")
        self._left = 8 * len(raw)

    def take(self, count: int) -> int:
        """Read one u(count)."""
        if count > self._left:
            raise MediaError("media_failed", "The H.264 parameter set is cut off.")
        self._left -= count
        taken = self._rest >> self._left
        self._rest &= (1 << self._left) - 1
        return taken

    def golomb(self) -> int:
        """Read one ue(v)."""
        zeros = self._left - self._rest.bit_length()
        if zeros > LONGEST_GOLOMB_BITS:
            raise MediaError("media_failed", "The H.264 parameter set has a number without end.")
        self.take(zeros)
        return self.take(zeros + 1) - 1

    def signed_golomb(self) -> int:
        """Read one se(v)."""
        number = self.golomb()
        return (number + 1) // 2 if number & 1 else -(number // 2)


def _read_colour(bits: _Bits) -> tuple[int, int]:
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


def _skip_scaling_list(bits: _Bits, length: int) -> None:
    """Pass over a scaling list (H.264 section 7.3.2.1.1.1)."""
    last = following = 8
    for _ in range(length):
        if following:
            following = (last + bits.signed_golomb()) % 256
        last = following or last


def _skip_picture_order(bits: _Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.take(1)
        bits.golomb()
        bits.golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.golomb()
