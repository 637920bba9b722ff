"""NAL units of an H.264 stream: out of RTP payloads, and out of and into Annex B streams.

A *unit* is one NAL unit without its start code; an access unit is one picture, here in Annex B form (units behind
start codes), as decoders take it.
"""

from __future__ import annotations

from collections.abc import Iterable

from media.assembly import Fragment
from media.errors import MediaError

START_CODE = b"\x00\x00\x00\x01"

# NAL unit types: ITU-T H.264 table 7-1, and RFC 6184 table 3.
SLICE, IDR, SPS, PPS, DELIMITER, LAST_SINGLE, STAP_A, FU_A = 1, 5, 7, 8, 9, 23, 24, 28
UNKNOWN = (0, 30, 31)
"""Receivers ignore these (RFC 6184 section 5.2)."""


def depacketise(payload: bytes) -> Fragment:
    """Read one RTP payload: a single NAL unit, a STAP-A or an FU-A (RFC 6184 sections 5.6, 5.7.1 and 5.8).

    An unknown type gives a fragment without payload. Raises MediaError for what is none of these.
    """
    if found := begun(payload):
        return _whole_units(found)
    if payload[0] & 31 in UNKNOWN:
        return Fragment(b"", None, False)
    return Fragment(payload[2:], False, False)


def begun(payload: bytes) -> list[bytes]:
    """Return the units that begin in an RTP payload, as far as they are in it. Raises MediaError as `depacketise`."""
    kind = payload[0] & 31 if payload else FU_A
    if kind in UNKNOWN:
        return []
    if kind <= LAST_SINGLE:
        return [payload]
    if kind == STAP_A:
        return _aggregated(payload)
    if kind != FU_A or len(payload) < 2:
        raise MediaError("media_failed", "The H.264 packet is cut off, or of a kind that was not agreed on.")
    header = payload[0] & 0xE0 | payload[1] & 31
    if not 0 < header & 31 <= LAST_SINGLE:
        raise MediaError("media_failed", "The H.264 packet has a fragment of no NAL unit.")
    return [bytes((header,)) + payload[2:]] if payload[1] & 0x80 else []


def aggregate(found: list[bytes]) -> bytes:
    """Return units as the payload of one packet: a STAP-A (RFC 6184 section 5.7.1)."""
    importance = max((unit[0] & 0x60 for unit in found), default=0)
    return bytes((importance | STAP_A,)) + b"".join(len(unit).to_bytes(2, "big") + unit for unit in found)


def units(access_unit: bytes) -> list[bytes]:
    """Return the NAL units of an Annex B stream; what stands before the first start code belongs to none."""
    found: list[bytes] = []
    for piece in access_unit.split(b"\x00\x00\x01")[1:]:
        unit = piece.rstrip(b"\x00")  # zeros behind a unit belong to the next start code (H.264 section B.1)
        if unit:
            found.append(unit)
    return found


def joined(pieces: Iterable[bytes]) -> bytes:
    """Return units as an Annex B stream."""
    return b"".join(START_CODE + piece for piece in pieces)


def kind_of(unit: bytes) -> int:
    """Return the type of a unit."""
    return unit[0] & 31


def shows(unit: bytes) -> bool:
    """Whether a unit holds a part of the picture itself (H.264 table 7-1)."""
    return SLICE <= kind_of(unit) <= IDR


def _whole_units(found: list[bytes]) -> Fragment:
    kinds = [kind_of(unit) for unit in found]
    # Nothing of a picture stands before these two (H.264 section 7.4.1.2.3).
    opens = kinds[0] in (SPS, DELIMITER)
    return Fragment(joined(found), True if opens else None, IDR in kinds)


def _aggregated(payload: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = 1
    while at < len(payload):
        length = int.from_bytes(payload[at : at + 2], "big")
        unit = payload[at + 2 : at + 2 + length]
        at += 2 + length
        if not unit or at > len(payload) or not 0 < kind_of(unit) <= LAST_SINGLE:
            raise MediaError("media_failed", "The H.264 packet aggregates what is no NAL unit.")
        found.append(unit)
    if not found:
        raise MediaError("media_failed", "The H.264 packet aggregates nothing.")
    return found
