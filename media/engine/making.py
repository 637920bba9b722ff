"""The work of a transcode process on one source: decode -> scale -> encode, once per distinct output.

Sizes are read from headers before any decoder sees a frame: what asks for too large a picture is refused unread.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import av
from av.video.frame import VideoFrame

from media.assembly import EncodedFrame
from media.engine.decoding import Decoder
from media.engine.scaling import Scaler
from media.engine.vp8 import TIME_BASE, Encoder
from media.errors import MediaError
from media.picture_clock import PictureClock
from media.picture_in import check_size
from media.transcode_wire import CODECS, Asked, Done, Made, Order, OutputOrder

WARM_PX = (64, 64)


@dataclass(slots=True)
class Output:
    """One encoded output; `turn` counts decoded pictures up to its `every`."""

    scaler: Scaler
    encoder: Encoder
    every: int = 1
    turn: int = 0

    def is_due(self) -> bool:
        """Whether the next picture is one that is shown."""
        due = self.turn == 0
        self.turn = (self.turn + 1) % self.every
        return due


class Making:
    """Takes orders and encoded pictures of one source. Whatever is wrong with a picture is said in its `Done`."""

    def __init__(self) -> None:
        self._outputs: dict[int, Output] = {}
        self._decoder = Decoder("vp8")
        self._clock = PictureClock()

    def order(self, order: Order) -> None:
        """Make these outputs from now on; a new one begins with a key frame."""
        outputs: dict[int, Output] = {}
        for one in order.outputs:
            outputs[one.number] = output = self._outputs.get(one.number) or _output(one)
            if output.every != one.every:
                output.every, output.turn = one.every, 0
            if one.key:
                output.encoder.want_key_frame()
            if one.bits_per_s:
                output.encoder.want_rate(one.bits_per_s)
        self._outputs = outputs

    def take(self, asked: Asked) -> Iterator[Made | Done]:
        """Decode a picture and, unless a newer one waits, encode it for every output whose turn it is."""
        began_s = time.thread_time()
        decoded_s, decoded, encoded, thinned, fault = began_s, False, 0, 0, ""
        try:
            picture = self._decoded(asked.frame)
            decoded_s, decoded = time.thread_time(), picture is not None
            if picture is not None and asked.show:
                due = {number: output for number, output in self._outputs.items() if output.is_due()}
                thinned = len(self._outputs) - len(due)
                for made in self._encoded(picture, asked.frame.timestamp, due):
                    encoded += 1
                    yield made
        except (av.FFmpegError, MediaError, MemoryError, ValueError) as error:
            fault = type(error).__name__
            self._decoder = Decoder(asked.frame.codec)
        if decoded_s == began_s:
            decoded_s = time.thread_time()
        yield Done(decoded, encoded, thinned, _us(decoded_s - began_s), _us(time.thread_time() - decoded_s), fault)

    def _decoded(self, encoded: EncodedFrame) -> VideoFrame | None:
        check_size(encoded)
        if encoded.codec != self._decoder.codec:  # another connection of the seat: its first frame is a key frame
            self._decoder = Decoder(encoded.codec)
        return self._decoder.decode(encoded.payload, encoded.timestamp)

    def _encoded(self, picture: VideoFrame, timestamp: int, outputs: dict[int, Output]) -> Iterator[Made]:
        now = time.monotonic()
        source = timestamp if picture.pts is None else picture.pts
        stamp = self._clock.stamp(source, now)
        for number, output in outputs.items():
            scaled = output.scaler.scale(picture, self._decoder.pixel_aspect)
            scaled.pts, scaled.time_base = stamp, TIME_BASE
            for packet in output.encoder.encode(scaled, now):
                yield Made(number, packet.is_keyframe, source, bytes(packet))


def warm_up() -> None:
    """Have everything loaded that a picture needs: afterwards no file can be opened any more."""
    for codec in CODECS:
        Decoder(codec)
    picture = VideoFrame(*WARM_PX, "yuv420p")
    picture.pts, picture.time_base = 0, TIME_BASE
    scaled = Scaler(2 * WARM_PX[0], WARM_PX[1], "fit").scale(picture)
    scaled.pts, scaled.time_base = 0, TIME_BASE
    for packet in Encoder(2 * WARM_PX[0], WARM_PX[1]).encode(scaled, 0.0):
        making = Making()
        making.order(Order((OutputOrder(0, *WARM_PX, "fill", 0, 1, key=False),)))
        for _ in making.take(Asked(EncodedFrame(bytes(packet), 0, key=True), show=True)):
            pass
        for _ in making.take(Asked(EncodedFrame(b"\x00" * 20, 0, key=True), show=True)):
            pass


def _output(one: OutputOrder) -> Output:
    return Output(Scaler(one.width, one.height, one.framing), Encoder(one.width, one.height))


def _us(seconds: float) -> int:
    return min(0xFFFFFFFF, max(0, round(seconds * 1e6)))
