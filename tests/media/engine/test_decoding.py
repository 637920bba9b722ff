"""Decoders: a picture out for each one in, pictures in the order of their time, and nothing that is not whole."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from media.engine import decoding
from media.engine.decoding import SQUARE, Decoder
from media.h264 import START_CODE, joined, kind_of, units
from media.picture_in import MAX_PIXELS
from media.testcard import draw, read

WIDTH, HEIGHT = 320, 256


def film(count: int, aspect: Fraction = SQUARE, **options: str) -> list[tuple[int, bytes]]:
    """(timestamp, Annex B access unit) of a numbered card in H.264, in the order of sending."""
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.time_base, context.bit_rate, context.thread_count = Fraction(1, 90_000), 800_000, 1
    context.framerate, context.sample_aspect_ratio = Fraction(30), aspect
    context.options = {"preset": "ultrafast", **{name.replace("_", "-"): value for name, value in options.items()}}
    stream = []
    for number in range(count):
        frame = VideoFrame.from_ndarray(draw(WIDTH, HEIGHT, source=5, number=number), format="yuv420p")
        frame.pts, frame.time_base, frame.pict_type = number * 3000, context.time_base, PictureType.NONE
        stream += context.encode(frame)
    stream += context.encode(None)
    return [(packet.pts or 0, bytes(packet)) for packet in stream]


def number_in(frame: VideoFrame | None) -> int | None:
    if frame is None:
        return None
    plane = frame.planes[0]
    luma = np.asarray(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
    reading = read(luma)
    return None if reading is None else reading.number


@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
def test_without_reordering_each_picture_comes_out_at_once(profile: str) -> None:
    decoder = Decoder("h264")
    for number, (time, frame) in enumerate(film(8, profile=profile, tune="zerolatency")):
        picture = decoder.decode(frame, time)
        assert number_in(picture) == number
        assert picture is not None
        assert picture.pts == time


def test_a_stream_that_reorders_comes_out_in_the_order_of_its_time() -> None:
    decoder, stream = Decoder("h264"), film(20, preset="veryfast", bf="3", rc_lookahead="4")
    assert [time for time, _ in stream] != sorted(time for time, _ in stream)
    pictures = [decoder.decode(frame, time) for time, frame in stream]
    shown = [picture for picture in pictures if picture is not None]
    assert [number_in(picture) for picture in shown] == list(range(len(shown)))
    assert [picture.pts for picture in shown] == [number * 3000 for number in range(len(shown))]
    assert len(shown) >= 16, "held back for as long as it has to be, and no longer"


@pytest.mark.parametrize(
    "damage",
    [
        lambda frame: frame[: len(frame) // 2],
        lambda frame: frame[: len(frame) // 2] + bytes(byte ^ 0x5A for byte in frame[len(frame) // 2 :]),
        lambda frame: START_CODE + b"\x41" + bytes(range(1, 200)),
        lambda frame: joined([unit for unit in units(frame) if kind_of(unit) == 1][:1]),
        lambda frame: b"garbage",
    ],
    ids=["cut off", "garbled", "noise", "without a slice", "nothing at all"],
)
def test_a_picture_that_is_not_whole_is_an_error_and_not_shown(damage: Callable[[bytes], bytes]) -> None:
    decoder, stream = Decoder("h264"), film(3, slices="4", tune="zerolatency")
    assert number_in(decoder.decode(stream[0][1], 0)) == 0
    with pytest.raises(av.FFmpegError):
        decoder.decode(damage(stream[1][1]), stream[1][0])


def test_a_picture_without_those_before_it_is_an_error() -> None:
    with pytest.raises(av.FFmpegError):
        Decoder("h264").decode(film(2, tune="zerolatency")[1][1], 0)


def test_a_picture_larger_than_any_screen_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_PIXELS > WIDTH * HEIGHT
    monkeypatch.setitem(decoding.STRICT, "max_pixels", "80000")
    with pytest.raises(av.FFmpegError):
        Decoder("h264").decode(film(1, tune="zerolatency")[0][1], 0)


def test_pixels_that_are_not_square_are_told_unless_they_are_absurd() -> None:
    for aspect, told in ((Fraction(16, 11), Fraction(16, 11)), (SQUARE, SQUARE), (Fraction(200), SQUARE)):
        decoder = Decoder("h264")
        for time, frame in film(2, aspect, tune="zerolatency"):
            decoder.decode(frame, time)
        assert decoder.pixel_aspect == told
