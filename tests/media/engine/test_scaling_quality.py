"""Pictures that are made anew stay as good as a Lanczos scale and the library's own encoder at the same rate."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext

from media.engine.scaling import Scaler
from media.engine.vp8 import Encoder, bits_per_s
from media.geometry import plan

WIDTH, HEIGHT, FPS = 1280, 1024, 30
FRAMES, SETTLED = 36, 12  # the first frames pay for the key frame
WORST_DB = 0.5
Pictures = list[np.ndarray]
"""Luma, (height, width), uint8."""


def film(width: int, height: int) -> list[av.VideoFrame]:
    """A camera that pans over something with the spectrum of a natural scene: detail at every scale."""
    random = np.random.default_rng(1)
    size = (height, width + FRAMES)
    octaves = [
        cv2.GaussianBlur(random.normal(0, 1, size).astype(np.float32), (0, 0), sigma) * sigma**2
        for sigma in (1.5, 4.0, 12.0, 36.0)
    ]
    scene = np.sum(octaves, axis=0)
    scene = np.clip(126 + 38 * scene / scene.std(), 16, 235).astype(np.uint8)
    frames = []
    for number in range(FRAMES):
        picture = np.full((height * 3 // 2, width), 128, np.uint8)
        picture[:height] = scene[:, number : number + width]
        frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
        frame.pts, frame.time_base = number * 3000, Fraction(1, 90_000)
        frames.append(frame)
    return frames


def luma(frame: av.VideoFrame) -> np.ndarray:
    return frame.to_ndarray()[: frame.height].copy()


def lanczos(frame: av.VideoFrame, framing: str) -> av.VideoFrame:
    """The reference: OpenCV's Lanczos on the planes of the part that is shown; the rest stays black."""
    at = plan(frame.width, frame.height, WIDTH, HEIGHT, framing)
    planes = frame.to_ndarray()
    picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    picture[:HEIGHT] = 16
    cut = planes[at.crop_top : at.crop_top + at.crop_height, at.crop_left : at.crop_left + at.crop_width]
    # A larger kernel where it shrinks, as swscale's Lanczos has: OpenCV's alone would alias.
    ratio = max(1.0, cut.shape[1] / at.scaled_width)
    soft = cv2.GaussianBlur(cut, (0, 0), 0.42 * ratio) if ratio > 1 else cut
    scaled = cv2.resize(soft, (at.scaled_width, at.scaled_height), interpolation=cv2.INTER_LANCZOS4)
    picture[at.pad_top : at.pad_top + at.scaled_height, at.pad_left : at.pad_left + at.scaled_width] = scaled
    result = av.VideoFrame.from_ndarray(picture, "yuv420p")
    result.pts, result.time_base = frame.pts, frame.time_base
    return result


def stock_encoder() -> VideoCodecContext:
    """VP8 as aiortc sets it up, at our rate."""
    codec = av.CodecContext.create("libvpx", "w")
    assert isinstance(codec, VideoCodecContext)
    rate = bits_per_s(WIDTH, HEIGHT)
    codec.width, codec.height, codec.pix_fmt, codec.time_base = WIDTH, HEIGHT, "yuv420p", Fraction(1, 90_000)
    codec.bit_rate, codec.gop_size, codec.qmin, codec.qmax, codec.thread_count = rate, 3000, 2, 56, 1
    codec.options = {
        "deadline": "realtime",
        "cpu-used": "-6",
        "lag-in-frames": "0",
        "minrate": str(rate),
        "maxrate": str(rate),
        "bufsize": str(rate),
        "overshoot-pct": "15",
        "undershoot-pct": "100",
        "static-thresh": "1",
        "partitions": "0",
    }
    return codec


def decoded(packets: list[bytes]) -> Pictures:
    codec = av.CodecContext.create("vp8", "r")
    assert isinstance(codec, VideoCodecContext)
    return [luma(frame) for packet in packets for frame in codec.decode(av.Packet(packet))]


def psnr_db(truth: Pictures, seen: Pictures) -> float:
    """Over the settled frames together."""
    pairs = list(zip(truth, seen, strict=True))[SETTLED:]
    error = np.mean([np.mean(np.square(one.astype(np.float64) - other)) for one, other in pairs])
    return float(10 * np.log10(255**2 / error))


@pytest.mark.parametrize(
    ("width", "height", "framing"), [(1280, 720, "fill"), (1280, 720, "fit"), (1920, 1080, "fill"), (1920, 1080, "fit")]
)
def test_a_picture_made_anew_is_within_half_a_decibel_of_lanczos_at_the_same_rate(
    width: int, height: int, framing: str
) -> None:
    frames = film(width, height)
    truth = [lanczos(frame, framing) for frame in frames]
    scaler, ours, stock = Scaler(WIDTH, HEIGHT, framing), Encoder(WIDTH, HEIGHT), stock_encoder()
    made: list[bytes] = []
    for number, frame in enumerate(frames):
        scaled = scaler.scale(frame)
        scaled.pts, scaled.time_base = number * 3000, Fraction(1, 90_000)
        made += [bytes(packet) for packet in ours.encode(scaled, number / FPS)]
    reference = [bytes(packet) for frame in truth for packet in stock.encode(frame)]
    targets = [luma(frame) for frame in truth]
    ours_db, reference_db = psnr_db(targets, decoded(made)), psnr_db(targets, decoded(reference))
    assert sum(map(len, made)) <= 1.05 * sum(map(len, reference)), "more bits are no fair comparison"
    assert ours_db >= reference_db - WORST_DB, f"{ours_db:.2f} dB against {reference_db:.2f} dB"
    assert reference_db > 25, "a film that the encoder could not follow shows nothing"
