"""The test card: read back after scaling, letterboxing, cropping, stretching and VP8."""

from __future__ import annotations

import time
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from media.testcard import ASPECTS, Luma, circle_ratio, draw, read

SCREENS = [(1280, 1024), (640, 512), (320, 256)]
CARDS = [(1280, 1024), (640, 512), (1280, 720), (640, 480)]


def luma_of(width: int, height: int, source: int = 7, number: int = 1234) -> Luma:
    return draw(width, height, source, number)[:height]


def scaled(luma: Luma, width: int, height: int) -> Luma:
    how = cv2.INTER_AREA if width < luma.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(luma, (width, height), interpolation=how), np.uint8)


def fitted(luma: Luma, width: int, height: int) -> Luma:
    share = min(width / luma.shape[1], height / luma.shape[0])
    inner = scaled(luma, round(luma.shape[1] * share / 2) * 2, round(luma.shape[0] * share / 2) * 2)
    picture = np.full((height, width), 16, np.uint8)
    top, left = (height - inner.shape[0]) // 2, (width - inner.shape[1]) // 2
    picture[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return picture


def filled(luma: Luma, width: int, height: int) -> Luma:
    share = max(width / luma.shape[1], height / luma.shape[0])
    outer = scaled(luma, round(luma.shape[1] * share / 2) * 2, round(luma.shape[0] * share / 2) * 2)
    top, left = (outer.shape[0] - height) // 2, (outer.shape[1] - width) // 2
    return np.ascontiguousarray(outer[top : top + height, left : left + width])


def through_vp8(frames: list[Luma], bit_rate: int) -> list[Luma]:
    """Encode cards in real time at 15 frames per second and decode them."""
    height, width = frames[0].shape[0] * 2 // 3, frames[0].shape[1]
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.bit_rate = width, height, "yuv420p", bit_rate
    encoder.time_base = Fraction(1, 15)
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    decoder = av.CodecContext.create("vp8", "r")
    seen: list[Luma] = []
    for at, card in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(card, format="yuv420p")
        frame.pts, frame.time_base = at, encoder.time_base
        for packet in encoder.encode(frame):
            seen += [np.asarray(decoded.to_ndarray()[:height], np.uint8) for decoded in decoder.decode(packet)]
    return seen


@pytest.mark.parametrize(("source", "number"), [(0, 0), (255, 65535), (1, 4660), (170, 21845)])
def test_source_and_number_are_read_back(source: int, number: int) -> None:
    reading = read(luma_of(640, 512, source, number))
    assert reading is not None
    assert (reading.source, reading.number) == (source, number)


def test_numbers_wrap_after_65535() -> None:
    reading = read(luma_of(320, 256, 1, 65536 + 5))
    assert reading is not None
    assert reading.number == 5


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("screen", SCREENS)
def test_letterboxed_card_is_read_with_its_place_and_true_shape(card: tuple[int, int], screen: tuple[int, int]) -> None:
    picture = fitted(luma_of(*card), *screen)
    reading = read(picture)
    assert reading is not None
    assert (reading.source, reading.number) == (7, 1234)
    share = min(screen[0] / card[0], screen[1] / card[1])
    assert reading.width == pytest.approx(card[0] * share, rel=0.01)
    assert reading.height == pytest.approx(card[1] * share, rel=0.01)
    assert reading.left == pytest.approx((screen[0] - card[0] * share) / 2, abs=0.005 * screen[0])
    assert reading.top == pytest.approx((screen[1] - card[1] * share) / 2, abs=0.005 * screen[1])
    assert reading.stretch == pytest.approx(1, abs=0.01)
    assert circle_ratio(picture) == pytest.approx(1, abs=0.004)


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("screen", [*SCREENS, (1280, 720), (320, 180)])
def test_cropped_card_is_read_and_known_to_fill_the_picture(card: tuple[int, int], screen: tuple[int, int]) -> None:
    picture = filled(luma_of(*card), *screen)
    reading = read(picture)
    assert reading is not None
    assert (reading.source, reading.number) == (7, 1234)
    slack = 0.006 * screen[0]
    assert reading.left < slack
    assert reading.top < slack
    assert reading.left + reading.width > screen[0] - slack
    assert reading.top + reading.height > screen[1] - slack
    assert reading.stretch == pytest.approx(1, abs=0.01)
    assert circle_ratio(picture) == pytest.approx(1, abs=0.006)


@pytest.mark.parametrize("ratio", [0.7, 0.97, 1.02, 1.42])
def test_stretched_circle_is_measured_to_half_a_percent(ratio: float) -> None:
    width = round(640 * ratio / 2) * 2
    picture = scaled(luma_of(640, 512), width, 512)
    assert circle_ratio(picture) == pytest.approx(width / 640, rel=0.005)
    reading = read(picture)
    assert reading is not None
    assert reading.stretch == pytest.approx(width / 640, rel=0.01)


@pytest.mark.parametrize(("size", "bit_rate"), [((320, 256), 60_000), ((640, 512), 150_000), ((1280, 720), 300_000)])
def test_card_survives_vp8_at_low_bitrate(size: tuple[int, int], bit_rate: int) -> None:
    cards = [draw(*size, 9, number) for number in range(20)]
    pictures = through_vp8(cards, bit_rate)
    readings = [read(picture) for picture in pictures]
    assert [(r.source, r.number) for r in readings if r] == [(9, number) for number in range(len(pictures))]
    assert len(pictures) >= 18
    ratios = [circle_ratio(picture) for picture in pictures]
    assert all(ratio == pytest.approx(1, abs=0.01) for ratio in ratios)


def test_blurred_and_noisy_card_is_read_or_refused_but_never_misread() -> None:
    noise = np.random.default_rng(1)
    for spread in range(0, 90, 3):
        blurred = cv2.GaussianBlur(luma_of(320, 256), (0, 0), 0.5 + spread / 15).astype(float)
        picture = np.clip(blurred + noise.normal(0, spread, blurred.shape), 0, 255).astype(np.uint8)
        reading = read(picture)
        assert reading is None or (reading.source, reading.number) == (7, 1234)
        assert spread > 6 or reading is not None


@pytest.mark.parametrize("level", [0, 16, 128, 235, 255])
def test_plain_picture_holds_no_card(level: int) -> None:
    picture = np.full((512, 640), level, np.uint8)
    assert read(picture) is None
    assert circle_ratio(picture) is None


def test_noise_holds_no_card() -> None:
    noise = np.random.default_rng(2)
    assert all(read(noise.integers(0, 256, (256, 320), np.uint8)) is None for _ in range(50))


def test_card_moves_from_frame_to_frame_outside_the_strip_too() -> None:
    first, second = luma_of(640, 512, number=1), luma_of(640, 512, number=2)
    assert np.abs(first[:60].astype(int) - second[:60]).mean() > 0.5


def test_sources_differ_in_colour() -> None:
    assert not np.array_equal(draw(320, 256, 1, 0)[256:], draw(320, 256, 2, 0)[256:])


@pytest.mark.parametrize(("width", "height", "source"), [(641, 512, 1), (640, 512, 256), (640, 512, -1), (700, 100, 1)])
def test_impossible_card_is_refused(width: int, height: int, source: int) -> None:
    with pytest.raises(ValueError, match="card"):
        draw(width, height, source, 0)


def test_every_shape_of_the_table_can_be_drawn_and_read() -> None:
    for aspect in ASPECTS:
        height = 360
        width = round(height * aspect / 2) * 2
        reading = read(luma_of(width, height))
        assert reading is not None
        assert (reading.width, reading.height) == pytest.approx((width, height), rel=0.012)


def test_reading_costs_less_than_2_ms() -> None:
    picture = luma_of(1280, 1024)
    costs_s = []
    for _ in range(30):
        begun_s = time.thread_time()
        read(picture)
        costs_s.append(time.thread_time() - begun_s)
    assert min(costs_s) < 0.002
