"""Pictures that mean harm, and plain ones beside them: too large, of another size each time, cut off, random."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import TypeAlias

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from media.assembly import EncodedFrame
from media.engine.vp8 import TIME_BASE, Encoder
from media.h264 import SPS, joined, kind_of, units
from media.testcard import draw

Encode: TypeAlias = Callable[[VideoFrame, float], list[tuple[bytes, bool]]]
HUGE_PX = 16_383  # VP8 has 14 bits for each side
SIZES = ((320, 256), (64, 64), (640, 512), (1280, 1024), (16, 240), (962, 2))
HUGE_MBS = 1024
"""Macroblocks each way: 16384x16384 in H.264."""


@cache
def film(frames: int, width: int = 320, height: int = 256, codec: str = "vp8") -> tuple[EncodedFrame, ...]:
    """The numbered test card; the first frame alone is a key frame."""
    found = []
    encode = _vp8(width, height) if codec == "vp8" else _h264(width, height)
    for number in range(frames):
        picture = VideoFrame.from_ndarray(draw(width, height, 5, number), format="yuv420p")
        picture.pts, picture.time_base = number * 3000, TIME_BASE
        for payload, key in encode(picture, number / 30):
            found.append(EncodedFrame(payload, number * 3000, key, codec))
    return tuple(found)


def bomb(codec: str = "vp8") -> EncodedFrame:
    """A key frame that says it is larger than any memory; what follows its header is plausible."""
    frame = film(1, codec=codec)[0]
    if codec == "vp8":
        side = HUGE_PX.to_bytes(2, "little")
        return EncodedFrame(frame.payload[:6] + side + side + frame.payload[10:], 0, True)
    found = [_huge_sps() if kind_of(unit) == SPS else unit for unit in units(frame.payload)]
    return EncodedFrame(joined(found), 0, True, "h264")


def _huge_sps() -> bytes:
    """Baseline, level 5.1 (H.264 section 7.3.2.1.1)."""

    def golomb(value: int) -> str:
        digits = f"{value + 1:b}"
        return "0" * (len(digits) - 1) + digits

    head = f"{0x67:08b}{66:08b}{0xC0:08b}{51:08b}"
    bits = head + "".join(map(golomb, (0, 0, 2, 1))) + "0" + 2 * golomb(HUGE_MBS - 1) + "1" + "1" + "0" + "0" + "1"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def resizing(frames: int) -> list[EncodedFrame]:
    """Key frames, each of another size than the one before."""
    return [EncodedFrame(_plain(*SIZES[number % len(SIZES)]), number * 1500, True) for number in range(frames)]


@cache
def _plain(width: int, height: int) -> bytes:
    picture = VideoFrame.from_ndarray(np.full((height * 3 // 2, width), 90, np.uint8), format="yuv420p")
    picture.pts, picture.time_base = 0, TIME_BASE
    ((payload, _),) = _vp8(width, height)(picture, 0.0)
    return payload


def _vp8(width: int, height: int) -> Encode:
    encoder = Encoder(width, height)

    def encode(picture: VideoFrame, now: float) -> list[tuple[bytes, bool]]:
        return [(bytes(packet), packet.is_keyframe) for packet in encoder.encode(picture, now)]

    return encode


def _h264(width: int, height: int) -> Encode:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate, context.thread_count = Fraction(1, 90_000), Fraction(30), 1
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "g": "3000"}

    def encode(picture: VideoFrame, now: float) -> list[tuple[bytes, bool]]:
        return [(bytes(packet), packet.is_keyframe) for packet in context.encode(picture)]

    return encode
