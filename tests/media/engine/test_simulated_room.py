"""The drawn room: right shape, moving clock, moving mouth."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from media.engine.simulated_room import draw_room

NOON = datetime(2020, 5, 12, 12, 0, 0)  # noqa: DTZ001 - a wall clock shows local time
WIDTH, HEIGHT = 320, 256


def drawn(now: datetime = NOON, opening: float = 0.0) -> np.ndarray:
    return draw_room(WIDTH, HEIGHT, now, opening, "Hà Nội")


def test_picture_has_the_shape_of_i420_and_is_bright() -> None:
    picture = drawn()
    assert picture.shape == (HEIGHT * 3 // 2, WIDTH)
    assert picture.dtype == np.uint8
    assert picture[:HEIGHT].mean() > 100


def test_clock_moves_every_second() -> None:
    before, after = drawn(), drawn(NOON.replace(second=1))
    right_half = np.abs(before[: HEIGHT // 2, WIDTH // 2 :].astype(int) - after[: HEIGHT // 2, WIDTH // 2 :])
    assert np.count_nonzero(right_half > 40) > 20


def test_open_mouth_shows() -> None:
    assert np.count_nonzero(drawn() != drawn(opening=1.0)) > 50


def test_same_moment_gives_the_same_picture() -> None:
    assert np.array_equal(drawn(), drawn())
