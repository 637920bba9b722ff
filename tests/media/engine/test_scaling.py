"""A picture reaches a screen cropped or letterboxed, never stretched."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from av.video.frame import VideoFrame

from media.engine.scaling import Scaler
from media.testcard import circle_ratio, draw


def card(width: int, height: int) -> VideoFrame:
    frame = VideoFrame.from_ndarray(draw(width, height, source=7, number=1), format="yuv420p")
    frame.pts = 0
    return frame


def luma(frame: VideoFrame) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width]


@pytest.mark.parametrize("framing", ["fill", "fit"])
@pytest.mark.parametrize("source", [(1280, 720), (640, 512), (720, 1280), (1000, 562), (1280, 1024)])
@pytest.mark.parametrize("screen", [(1280, 1024), (640, 512)])
def test_the_size_is_the_screens_and_a_circle_stays_a_circle(
    source: tuple[int, int], screen: tuple[int, int], framing: str
) -> None:
    scaled = Scaler(*screen, framing).scale(card(*source))
    assert (scaled.width, scaled.height, scaled.format.name) == (*screen, "yuv420p")
    ratio = circle_ratio(luma(scaled))
    if ratio is not None or framing == "fit":
        assert ratio == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("framing", ["fill", "fit"])
@pytest.mark.parametrize("aspect", [Fraction(16, 11), Fraction(8, 9)])
def test_a_circle_of_television_pixels_becomes_round(aspect: Fraction, framing: str) -> None:
    squeezed = card(1280, 720).reformat(width=round(1280 / aspect), height=720)
    scaled = Scaler(1280, 1024, framing).scale(squeezed, aspect)
    assert (scaled.width, scaled.height) == (1280, 1024)
    assert circle_ratio(luma(scaled)) == pytest.approx(1.0, abs=0.01)


def test_fit_puts_black_bars_above_and_below_a_wide_picture() -> None:
    scaled = luma(Scaler(1280, 1024, "fit").scale(card(1280, 720)))
    assert scaled[:140].max() <= 18
    assert scaled[-140:].max() <= 18
    assert scaled[160:-160].std() > 20


def test_a_picture_that_already_has_the_size_is_not_touched() -> None:
    frame = card(640, 512)
    assert Scaler(640, 512, "fill").scale(frame) is frame


def test_a_source_that_changes_its_size_is_followed() -> None:
    scaler = Scaler(640, 512, "fill")
    for width, height in ((1280, 720), (640, 480), (1280, 720)):
        scaled = scaler.scale(card(width, height))
        assert (scaled.width, scaled.height) == (640, 512)
