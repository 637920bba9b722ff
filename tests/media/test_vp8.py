"""VP8 frame headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.errors import MediaError
from media.vp8 import Header, parse


def key_frame(width: int, height: int, scale: int = 0) -> bytes:
    size = (width | scale << 14).to_bytes(2, "little") + (height | scale << 14).to_bytes(2, "little")
    return b"\x10\x02\x00\x9d\x01\x2a" + size + b"\x00" * 20


@given(st.integers(1, 0x3FFF), st.integers(1, 0x3FFF), st.integers(0, 3))
def test_a_key_frame_tells_its_size(width: int, height: int, scale: int) -> None:
    assert parse(key_frame(width, height, scale)) == Header(True, 0, True, width, height)


def test_a_frame_between_key_frames_tells_no_size() -> None:
    assert parse(b"\x11\x02\x00abc") == Header(False, 0, True, None, None)
    assert not parse(b"\x01\x02\x00").shown


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x10\x02",
        key_frame(640, 512)[:9],
        b"\x10\x02\x00\x9d\x01\x2b" + bytes(9),
        key_frame(0, 512),
        b"\x0f\x00\x00",
    ],
)
def test_what_is_no_frame_is_a_media_error(frame: bytes) -> None:
    with pytest.raises(MediaError):
        parse(frame)


@given(st.binary(max_size=40))
def test_any_bytes_give_a_header_or_a_media_error(frame: bytes) -> None:
    try:
        header = parse(frame)
    except MediaError:
        return
    assert header.key == (header.width is not None)
