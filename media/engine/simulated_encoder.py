"""What a simulated camera encodes with: real-time VP8 as a browser makes it, or H.264 as equipment does."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

BITS_PER_PIXEL = 0.05  # a moving test card keeps its strip readable from here on
LEAST_BITS_PER_S = 300_000
ENCODERS = {"vp8": "libvpx", "h264": "libx264"}


def encoder(
    width: int, height: int, frames_per_s: int, bits_per_s: int, key_every: int, codec: str = "vp8"
) -> VideoCodecContext:
    """A real-time encoder: no look-ahead, one thread, a key frame at least every `key_every` frames."""
    context = av.CodecContext.create(ENCODERS[codec], "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = Fraction(1, frames_per_s)
    context.framerate = Fraction(frames_per_s)
    context.bit_rate = bits_per_s
    context.gop_size = key_every
    context.thread_count = 1
    context.options = {
        "vp8": {
            "deadline": "realtime",
            "cpu-used": "-12",
            "lag-in-frames": "0",
            "minrate": str(bits_per_s),
            "maxrate": str(bits_per_s),
            "bufsize": str(bits_per_s),
            "undershoot-pct": "100",
        },
        "h264": {
            "preset": "veryfast",
            "profile": "baseline",
            "tune": "zerolatency",
            "forced-idr": "1",
            "maxrate": str(bits_per_s),
            "bufsize": str(bits_per_s),
        },
    }[codec]
    return context


def usual_bits_per_s(width: int, height: int, frames_per_s: int) -> int:
    """A bit rate at which a test card of this size stays readable."""
    return max(LEAST_BITS_PER_S, int(width * height * frames_per_s * BITS_PER_PIXEL))


def encode(codec: VideoCodecContext, picture: np.ndarray, index: int, key: bool) -> bytes:
    """Encode one I420 picture, uint8 of shape (height * 3 // 2, width)."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="yuv420p")
    frame.pts, frame.time_base = index, codec.time_base
    frame.pict_type = PictureType.I if key else PictureType.NONE
    return b"".join(bytes(packet) for packet in codec.encode(frame))
