"""The size that a JPEG declares, read from its header: what a stranger sends is looked at without being decoded.

Markers and segments as in ITU-T T.81 (JPEG), annex B.
"""

from __future__ import annotations

from media.errors import MediaError

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_WITHOUT_LENGTH = range(0xD0, 0xDA)
"""Restarts, beginning and end: none of them comes before the picture's own bytes (T.81 table B.1)."""
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive DCT, in Huffman code: what browsers write and read (T.81 table B.1)."""
_OTHER_FRAMES = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
"""Lossless, hierarchical, arithmetic: nobody's canvas."""
_COMPONENTS = frozenset({1, 3})
"""Grey, or colour; four would be a printer's."""


def jpeg_size(picture: bytes) -> tuple[int, int]:
    """Width and height in pixels as the frame header declares them.

    Raises MediaError `bad_thumbnail` for whatever is not one whole JPEG of 8 bits from beginning to end.
    """
    if picture[:2] != bytes((0xFF, _SOI)) or picture[-2:] != bytes((0xFF, _EOI)):
        raise _broken("does not begin and end as a JPEG does")
    size: tuple[int, int] | None = None
    at = 2
    while at + 4 <= len(picture):
        if picture[at] != 0xFF:
            raise _broken("has no marker where one has to be")
        marker = picture[at + 1]
        if marker == 0xFF:  # a fill byte (B.1.1.2)
            at += 1
            continue
        end = at + 2 + int.from_bytes(picture[at + 2 : at + 4])
        if marker in _OTHER_FRAMES or not 0xC0 <= marker <= 0xFE or marker in _WITHOUT_LENGTH:
            raise _broken("is of a kind that is not taken here")
        if end < at + 4 or end > len(picture):
            raise _broken("has a segment that does not fit into it")
        if marker in _FRAMES:
            if size is not None:
                raise _broken("has two frames")
            size = _frame(picture[at + 4 : end])
        if marker == _SOS:
            if size is None:
                raise _broken("has no size before its picture")
            return size
        at = end
    raise _broken("holds no picture")


def _frame(header: bytes) -> tuple[int, int]:
    """Width and height of a frame header without its marker and length (B.2.2)."""
    if len(header) < 6 or len(header) != 6 + 3 * header[5]:
        raise _broken("has a frame header of a wrong length")
    height, width = int.from_bytes(header[1:3]), int.from_bytes(header[3:5])
    if header[0] != 8 or header[5] not in _COMPONENTS:
        raise _broken("is of a kind that is not taken here")
    if not width or not height:
        raise _broken("has no size")
    return width, height


def _broken(what: str) -> MediaError:
    return MediaError("bad_thumbnail", f"The picture {what}.")
