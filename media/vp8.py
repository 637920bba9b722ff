"""What the first bytes of a VP8 frame say: whether it is a key frame, and how large the picture is."""

from __future__ import annotations

from dataclasses import dataclass

from media.errors import MediaError

START_CODE = b"\x9d\x01\x2a"
HEADER_BYTES = 10  # 3 of every frame, 7 more of a key frame


@dataclass(frozen=True, slots=True)
class Header:
    """The uncompressed part of a frame (RFC 6386 section 9.1)."""

    key: bool
    version: int
    shown: bool
    width: int | None
    """Pixels, in key frames only."""
    height: int | None


def parse(frame: bytes) -> Header:
    """Read the header of a whole VP8 frame, without RTP payload descriptor. Raises MediaError for what is none."""
    if len(frame) < 3:
        raise MediaError("media_failed", "The VP8 frame is cut off.")
    key = not frame[0] & 1
    version, shown = frame[0] >> 1 & 7, bool(frame[0] >> 4 & 1)
    if version > 3:
        raise MediaError("media_failed", "The VP8 frame has an unknown version.")
    if not key:
        return Header(False, version, shown, None, None)
    if len(frame) < HEADER_BYTES or frame[3:6] != START_CODE:
        raise MediaError("media_failed", "The VP8 key frame lacks its start code.")
    width = int.from_bytes(frame[6:8], "little") & 0x3FFF  # the upper two bits ask for enlarging, which nobody does
    height = int.from_bytes(frame[8:10], "little") & 0x3FFF
    if not width or not height:
        raise MediaError("media_failed", "The VP8 key frame has no size.")
    return Header(True, version, shown, width, height)
