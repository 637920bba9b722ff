"""The picture line of one source: decode -> scale -> encode, fused in one thread, once per distinct output.

The newest picture wins: when the thread is behind, it decodes what it must and shows only the last. Without a viewer
nothing is decoded at all: who can take a picture as it is gets it forwarded (`media.engine.showing`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import av
import structlog

from media.assembly import EncodedFrame
from media.engine.decoding import Decoder
from media.engine.scaling import Scaler
from media.engine.vp8 import TIME_BASE, Encoder
from media.picture_clock import PictureClock

log = structlog.get_logger("engine.picture")

BACKLOG_FRAMES = 30
"""One second of pictures. Beyond it all of them go and the line starts over from a key frame."""


@dataclass(frozen=True, slots=True)
class MadeFrame:
    """One picture encoded here, in VP8; `timestamp` (90 kHz) is the source's own."""

    payload: bytes
    timestamp: int
    key: bool


Deliver: TypeAlias = Callable[[frozenset[str], MadeFrame], object]
"""Takes the viewers of an output and its next frame."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a distinct output is made of."""

    width: int
    height: int
    framing: str


@dataclass(slots=True)
class Output:
    """One encoded output and those who take its packets (called in the event loop)."""

    shape: Shape
    scaler: Scaler
    encoder: Encoder
    viewers: frozenset[str] = frozenset()
    rates: dict[str, int] = field(default_factory=dict)
    """What each viewer's line carries, as far as it said: the slowest counts."""


class PictureLine:
    """Takes encoded frames of one source and delivers each output's to `deliver(viewers, frame)`.

    A picture hangs on those before it, so after any gap (nobody looked, a fault, another source) frames are taken from
    the next key frame on, and `ask_key_frame` is called for each that comes before. `deliver` is called in the line's
    own thread, `ask_key_frame` in that or the caller's.
    """

    def __init__(self, deliver: Deliver, ask_key_frame: Callable[[], object]) -> None:
        self._deliver = deliver
        self._ask_key_frame = ask_key_frame
        self._outputs: dict[Shape, Output] = {}
        self._frames: deque[EncodedFrame] = deque()  # BACKLOG_FRAMES at most
        self._need_key = True
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._decoder = Decoder("vp8")
        self._clock = PictureClock()
        self.drops = {"picture_skipped": 0, "picture_backlog": 0, "picture_broken": 0}
        """Pictures decoded but not shown, times that the backlog was full, frames that could not be decoded."""
        self.counts = {"decoded": 0.0, "encoded": 0.0, "decode_cpu_s": 0.0, "encode_cpu_s": 0.0}
        """By the door's `COUNTS`; the line's thread alone writes them."""

    @property
    def outputs(self) -> int:
        """Distinct shapes that somebody sees."""
        return len(self._outputs)

    def show(self, viewers: dict[str, Shape]) -> None:
        """Set who sees this source, and in which shape; a newcomer gets a key frame."""
        with self._changed:
            began = bool(viewers) and not self._outputs
            outputs: dict[Shape, Output] = {}
            for shape in set(viewers.values()):
                output = self._outputs.get(shape) or Output(
                    shape, Scaler(shape.width, shape.height, shape.framing), Encoder(shape.width, shape.height)
                )
                now = frozenset(viewer for viewer, seen in viewers.items() if seen == shape)
                if now - output.viewers:
                    output.encoder.want_key_frame()
                output.viewers = now
                output.rates = {viewer: rate for viewer, rate in output.rates.items() if viewer in now}
                outputs[shape] = output
            self._outputs = outputs
            if began and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="picture-line", daemon=True)
                self._thread.start()
        if began or not viewers:
            self.begin_anew()

    def begin_anew(self) -> None:
        """What was offered before is of no use: go on from a key frame."""
        with self._changed:
            self._start_over()
            wanted = bool(self._outputs)
        if wanted:
            self._ask_key_frame()

    def offer(self, frame: EncodedFrame) -> None:
        """Hand in the next encoded frame; called in the event loop, never blocks for long."""
        with self._changed:
            if not self._outputs:
                return
            if len(self._frames) == BACKLOG_FRAMES:
                self._start_over()
                self.drops["picture_backlog"] += 1
            if frame.key:
                self._need_key = False
            if not self._need_key:
                self._frames.append(frame)
                self._changed.notify()
                return
        self._ask_key_frame()

    def want_key_frame(self, viewer: str) -> None:
        """A viewer lost its picture."""
        with self._changed:
            for output in self._outputs.values():
                if viewer in output.viewers:
                    output.encoder.want_key_frame()

    def want_rate(self, viewer: str, bits_per_s: int) -> None:
        """A viewer's line carries this much."""
        with self._changed:
            for output in self._outputs.values():
                if viewer in output.viewers:
                    output.rates[viewer] = bits_per_s
                    output.encoder.want_rate(min(output.rates.values()))

    def close(self) -> None:
        """End the thread; it is a daemon and ends after the picture it is at."""
        with self._changed:
            self._closed = True
            self._outputs = {}
            self._changed.notify()

    def _start_over(self) -> None:
        self._frames.clear()
        self._need_key = True

    def _run(self) -> None:
        while self._turn():
            pass

    def _turn(self) -> bool:
        """Wait for a frame and show it; False at the end. What it held is let go before the next wait."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._frames)
            if self._closed:
                return False
            frame = self._frames.popleft()
            behind, outputs = bool(self._frames), tuple(self._outputs.values())
        try:
            self._take(frame, behind, outputs)
        except av.FFmpegError as error:
            if not self.drops["picture_broken"]:
                log.info("picture_broken", error=type(error).__name__)
            self._fault()
        except Exception:
            log.exception("picture_line_failed")
            self._fault()
        return True

    def _fault(self) -> None:
        self.drops["picture_broken"] += 1
        self._decoder = Decoder(self._decoder.codec)
        self.begin_anew()

    def _take(self, encoded: EncodedFrame, behind: bool, outputs: tuple[Output, ...]) -> None:
        """Decode a frame and, unless a newer one waits, encode it for every output."""
        if encoded.codec != self._decoder.codec:  # another connection of the seat: its first frame is a key frame
            self._decoder = Decoder(encoded.codec)
        began_s = time.thread_time()
        picture = self._decoder.decode(encoded.payload, encoded.timestamp)
        decoded_s = time.thread_time()
        self.counts["decode_cpu_s"] += decoded_s - began_s
        if picture is None:
            return
        self.counts["decoded"] += 1
        if behind:
            self.drops["picture_skipped"] += 1
            return
        now = time.monotonic()
        source = encoded.timestamp if picture.pts is None else picture.pts
        stamp = self._clock.stamp(source, now)
        for output in outputs:
            scaled = output.scaler.scale(picture, self._decoder.pixel_aspect)
            scaled.pts, scaled.time_base = stamp, TIME_BASE
            for packet in output.encoder.encode(scaled, now):
                self._deliver(output.viewers, MadeFrame(bytes(packet), source, packet.is_keyframe))
            self.counts["encoded"] += 1
        self.counts["encode_cpu_s"] += time.thread_time() - decoded_s
