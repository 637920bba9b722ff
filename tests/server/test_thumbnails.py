"""The newest small picture of each room: bounded in size, pace, number and age."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
import pytest

from server.thumbnails import KEPT_S, Thumbnails
from signaling.errors import RemoteError

ROOM, OTHER = ("booth-1", "suwon"), ("booth-2", "suwon")


def jpeg(width: int = 320, height: int = 256, shade: int = 90) -> bytes:
    encoded = cv2.imencode(".jpg", np.full((height, width, 3), shade, np.uint8))[1]
    return encoded.tobytes()


def test_the_newest_takes_the_place_of_the_one_before() -> None:
    kept = Thumbnails(Counter())
    kept.keep(ROOM, 1, jpeg(shade=10), 100.0)
    kept.keep(ROOM, 1, jpeg(shade=200), 101.0)
    found = kept.newest(ROOM, 1, 102.5)
    assert found is not None
    assert (found.jpeg, found.at_s) == (jpeg(shade=200), 101.0)
    assert len(kept) == 1


def test_a_picture_is_forgotten_after_five_seconds_and_with_whoever_sent_it() -> None:
    kept = Thumbnails(Counter())
    kept.keep(ROOM, 3, jpeg(), 100.0)
    assert kept.newest(ROOM, 4, 100.1) is None, "another page has the seat"
    assert kept.newest(ROOM, None, 100.1) is None, "nobody is to be seen"
    assert kept.newest(OTHER, 3, 100.1) is None
    assert kept.newest(ROOM, 3, 100.0 + KEPT_S) is not None
    assert kept.newest(ROOM, 3, 100.1 + KEPT_S) is None
    kept.forget(100.1 + KEPT_S)
    assert len(kept) == 0


@pytest.mark.parametrize(("picture", "code"), [(b"GIF89a", "bad_thumbnail"), (jpeg(513, 8), "too_large")])
def test_what_is_no_small_jpeg_is_refused_and_leaves_the_last_one(picture: bytes, code: str) -> None:
    outcomes: Counter[str] = Counter()
    kept = Thumbnails(outcomes)
    kept.keep(ROOM, 1, jpeg(), 100.0)
    with pytest.raises(RemoteError) as refused:
        kept.keep(ROOM, 1, picture, 101.0)
    assert refused.value.code == code
    assert kept.newest(ROOM, 1, 101.0) is not None
    assert outcomes == {"kept": 1, "refused": 1}


def test_each_room_has_a_pace_of_its_own() -> None:
    kept = Thumbnails(Counter())
    for _ in range(3):
        kept.admit(ROOM, 100.0)
    with pytest.raises(RemoteError) as refused:
        kept.admit(ROOM, 100.1)
    assert refused.value.code == "too_fast"
    kept.admit(OTHER, 100.1)
    for second in range(1, 60):
        kept.admit(ROOM, 100.0 + second)
