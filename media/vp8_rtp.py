"""VP8 in RTP packets (RFC 7741): what a packet says of its frame, its numbers written anew, frames cut into packets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from media import vp8
from media.errors import MediaError

LARGEST_PAYLOAD = 1180
"""Bytes: with RTP header, extensions, SRTP, UDP and IPv6 it stays under 1280, which every path carries (RFC 8200)."""
LONG_ID = 0x8000  # the M bit: a PictureID of 15 bits
ID_RANGE = 1 << 15
LEVEL_RANGE = 1 << 8


@dataclass(slots=True)
class Descriptor:
    """The payload descriptor of one packet (section 4.2). Positions in bytes; 0 for what it does not have."""

    body: int
    """Where the frame's own bytes begin."""
    begins: bool
    """Whether the packet opens a frame."""
    key: bool
    """Whether it opens a key frame."""
    picture_id: int = 0
    id_at: int = 0
    id_bytes: int = 0
    level_at: int = 0
    """Where TL0PICIDX stands, which counts the frames of the lowest temporal layer."""


def describe(payload: bytes) -> Descriptor:
    """Read the descriptor of a packet that is not empty. Raises MediaError for one that is cut off."""
    try:
        first, at = payload[0], 1
        opens = first & 0x17 == 0x10  # S set, partition index 0
        if not first & 0x80:
            return Descriptor(at, opens, opens and not payload[at] & 1)
        flags, at = payload[1], 2
        picture_id = id_at = id_bytes = level_at = 0
        if flags & 0x80:
            id_at, id_bytes, picture_id = at, 1, payload[at]
            if picture_id & 0x80:
                id_bytes, picture_id = 2, (picture_id & 0x7F) << 8 | payload[at + 1]
            at += id_bytes
        if flags & 0x40:
            level_at = at
            at += 1
        if flags & 0x30:
            at += 1
        if at > len(payload):
            raise IndexError
        return Descriptor(at, opens, opens and not payload[at] & 1, picture_id, id_at, id_bytes, level_at)
    except IndexError:
        raise MediaError("media_failed", "The VP8 packet is cut off.") from None


def size(payload: bytes, body: int) -> tuple[int, int]:
    """Width and height in pixels, from the packet that opens a key frame. Raises MediaError for one that is none."""
    header = vp8.parse(payload[body : body + vp8.HEADER_BYTES])
    if header.width is None or header.height is None:
        raise MediaError("media_failed", "The VP8 frame is no key frame.")
    return header.width, header.height


def renumbered(payload: bytes, descriptor: Descriptor, picture_id: int, level: int) -> bytes:
    """The payload with another PictureID (15 bits) and TL0PICIDX (8 bits), where it has them."""
    if descriptor.level_at:
        at = descriptor.level_at
        payload = payload[:at] + bytes((level,)) + payload[at + 1 :]
    if descriptor.id_at:
        at, end = descriptor.id_at, descriptor.id_at + descriptor.id_bytes
        payload = payload[:at] + (LONG_ID | picture_id).to_bytes(2, "big") + payload[end:]
    return payload


def packetise(frame: bytes, picture_id: int) -> Iterator[bytes]:
    """Payloads of about equal size, none above LARGEST_PAYLOAD, for one frame with a PictureID of 15 bits."""
    most = LARGEST_PAYLOAD - 4
    count = max(1, -(-len(frame) // most))
    step = max(1, -(-len(frame) // count))
    rest = (LONG_ID | picture_id).to_bytes(2, "big")
    for at in range(0, max(len(frame), 1), step):
        yield (b"\x80\x80" if at else b"\x90\x80") + rest + frame[at : at + step]
