"""The size that a JPEG declares: true of good ones, and an error of ours for whatever else comes."""

from __future__ import annotations

import contextlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.errors import MediaError
from media.jpeg import jpeg_size


def jpeg(width: int, height: int, *, progressive: bool = False, grey: bool = False) -> bytes:
    shape = (height, width) if grey else (height, width, 3)
    picture = np.random.default_rng(5).integers(0, 255, shape, dtype=np.uint8)
    done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)])
    assert done
    return encoded.tobytes()


GOOD = jpeg(320, 256)
FRAME = GOOD.index(b"\xff\xc0")


def test_the_declared_size_is_the_size_of_the_picture() -> None:
    assert jpeg_size(GOOD) == (320, 256)
    assert jpeg_size(jpeg(31, 500, progressive=True)) == (31, 500)
    assert jpeg_size(jpeg(8, 9, grey=True)) == (8, 9)


def test_a_bomb_is_known_by_what_it_declares() -> None:
    bomb = GOOD[: FRAME + 5] + b"\xff\xff\xff\xff" + GOOD[FRAME + 9 :]
    assert jpeg_size(bomb) == (65535, 65535)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\xff\xd8\xff\xd9",
        b"\x89PNG\r\n\x1a\n" + GOOD,
        b"<html>" + GOOD,
        GOOD + b"<script>",
        GOOD[:-2],
        GOOD[:FRAME] + b"\xff\xd9",
        GOOD[:FRAME] + b"\xff\xc3" + GOOD[FRAME + 2 :],
        GOOD[:FRAME] + b"\xff\xd0" + GOOD[FRAME:],
        GOOD[: FRAME + 2] + b"\xff\xff" + GOOD[FRAME + 4 :],
        GOOD[: FRAME + 2] + b"\x00\x00" + GOOD[FRAME + 4 :],
        GOOD[: FRAME + 4] + b"\x0c" + GOOD[FRAME + 5 :],
        GOOD[: FRAME + 5] + b"\x00\x00" + GOOD[FRAME + 7 :],
        GOOD[: FRAME + 9] + b"\x04" + GOOD[FRAME + 10 :],
        GOOD[:FRAME] + GOOD[FRAME : FRAME + 19] + GOOD[FRAME:],
    ],
)
def test_what_is_not_one_whole_jpeg_is_refused(broken: bytes) -> None:
    with pytest.raises(MediaError) as refused:
        jpeg_size(broken)
    assert refused.value.code == "bad_thumbnail"


@given(st.binary(max_size=600), st.integers(0, len(GOOD)), st.integers(0, 40))
def test_any_bytes_give_a_size_or_our_error(noise: bytes, at: int, cut: int) -> None:
    for picture in (noise, GOOD[:at] + noise + GOOD[at + cut :], b"\xff\xd8" + noise + b"\xff\xd9"):
        with contextlib.suppress(MediaError):
            width, height = jpeg_size(picture)
            assert 0 < width < 2**16
            assert 0 < height < 2**16
