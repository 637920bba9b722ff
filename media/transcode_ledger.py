"""What one engine tells the others of its machine of the pictures that it makes: a page of bytes each, read by all.

All divide the same budget among the same wishes in the same order, so each finds its own part without asking anybody.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

PAGE_BYTES = 2048
STALE_S = 3.0
"""An engine writes once a second while it has wishes; who does not is gone, or stands still and makes nothing."""

_HEAD = struct.Struct("<IdH")
_WISH = struct.Struct("<dHff")
MOST_WISHES = (PAGE_BYTES - _HEAD.size) // _WISH.size
"""Outputs of one engine that the others hear of: more than its processes have."""


@dataclass(frozen=True, slots=True)
class Told:
    """One output: when it came (monotonic seconds, which all processes of a machine share), of which source, its cores.

    `source` is a number (of 16 bits) of its engine's own.
    """

    arrived_s: float
    source: int
    decode_cores: float
    encode_cores: float


def page(told: Sequence[Told], now: float) -> bytes:
    """An engine's page; what is beyond MOST_WISHES is left out."""
    shown = told[:MOST_WISHES]
    rest = b"".join(_WISH.pack(one.arrived_s, one.source, one.decode_cores, one.encode_cores) for one in shown)
    body = _HEAD.pack(0, now, len(shown))[4:] + rest
    return (struct.pack("<I", zlib.crc32(body)) + body).ljust(PAGE_BYTES, b"\0")


def read(content: bytes, now: float) -> list[Told] | None:
    """What a page tells; nothing when it is old, and None when somebody is writing it."""
    check, at_s, count = _HEAD.unpack_from(content)
    if count > MOST_WISHES or check != zlib.crc32(content[4 : _HEAD.size + count * _WISH.size]):
        return None if check or at_s else []  # a page that nobody has written yet is all zeros
    if not 0 <= now - at_s <= STALE_S:
        return []
    return [Told(*_WISH.unpack_from(content, _HEAD.size + at * _WISH.size)) for at in range(count)]
