"""VP8 and H.264 into plain pictures, set for live talk: one thread, no lag, nothing shown that is not whole."""

from __future__ import annotations

from fractions import Fraction

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from media.engine.vp8 import TIME_BASE
from media.picture_in import MAX_PIXELS

DECODERS = {"vp8": "libvpx", "h264": "h264"}
STRICT = {
    "flags": "low_delay",  # out as soon as its turn has come: at once, unless the stream says that it reorders
    "err_detect": "explode",  # FFmpeg would paint over what is missing and call it a picture
    "max_pixels": str(MAX_PIXELS),
}
SQUARE = Fraction(1)
FLATTEST = 3
"""Pixels wider or higher than this are no television's (H.264 table E-1), but a way to ask for a huge picture."""


class Decoder:
    """One stream of `codec` to frames. Raises av.FFmpegError for a broken picture; go on from the next key frame."""

    def __init__(self, codec: str) -> None:
        self.codec = codec
        context = av.CodecContext.create(DECODERS[codec], "r")
        assert isinstance(context, VideoCodecContext)
        context.thread_count = 1
        context.options = STRICT
        self._context = context

    @property
    def pixel_aspect(self) -> Fraction:
        """Width over height of the last picture's pixels; equipment for television has some that are not square."""
        aspect = self._context.sample_aspect_ratio
        return aspect if aspect and Fraction(1, FLATTEST) <= aspect <= FLATTEST else SQUARE

    def decode(self, payload: bytes, timestamp: int) -> VideoFrame | None:
        """The picture that is due after one more encoded frame, with the timestamp (90 kHz) that it came with."""
        packet = Packet(payload)
        packet.pts = timestamp
        packet.time_base = TIME_BASE
        last: VideoFrame | None = None
        for frame in self._context.decode(packet):
            if frame.is_corrupt:
                raise av.InvalidDataError(0, "A picture with holes in it.")
            last = frame
        return last
