"""The picture line of one source: decode -> scale -> encode, fused in one thread, once per distinct output.

The newest picture wins: when the thread is behind, it decodes what it must and shows only the last. Without a viewer
nothing is decoded at all. This is the place where a later `forward` output hands encoded frames on as they are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import av
import structlog
from av.packet import Packet

from media.assembly import EncodedFrame
from media.engine.scaling import Scaler
from media.engine.vp8 import TIME_BASE, Decoder, Encoder
from media.picture_clock import PictureClock
from media.ring import Ring

log = structlog.get_logger("engine.picture")

BACKLOG_FRAMES = 30
"""One second of pictures. Beyond it the line starts over from a key frame."""


Deliver: TypeAlias = "Callable[[frozenset[str], Packet[Any]], object]"
"""Takes the viewers of an output and its next packet."""


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


@dataclass(slots=True)
class _Inbox:
    frames: Ring[EncodedFrame] = field(default_factory=lambda: Ring(BACKLOG_FRAMES))
    closed: bool = False


class PictureLine:
    """Takes encoded frames of one source and delivers each output's packets to `deliver(viewers, packet)`.

    `deliver` and `broken` are called in the line's own thread.
    """

    def __init__(self, deliver: Deliver, broken: Callable[[], object]) -> None:
        self._deliver = deliver
        self._broken = broken
        self._outputs: dict[Shape, Output] = {}
        self._inbox = _Inbox()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self.skipped = 0
        self.overflows = 0

    @property
    def wanted(self) -> bool:
        """Whether anybody looks: if not, frames need not be offered."""
        return bool(self._outputs)

    def show(self, viewers: dict[str, Shape]) -> None:
        """Set who sees this source, and in which shape; a newcomer gets a key frame."""
        with self._changed:
            before = {viewer for output in self._outputs.values() for viewer in output.viewers}
            outputs: dict[Shape, Output] = {}
            for shape in set(viewers.values()):
                output = self._outputs.get(shape) or Output(
                    shape, Scaler(shape.width, shape.height, shape.framing), Encoder(shape.width, shape.height)
                )
                now = frozenset(viewer for viewer, seen in viewers.items() if seen == shape)
                if now - output.viewers:
                    output.encoder.want_key_frame()
                output.viewers = now
                outputs[shape] = output
            self._outputs = outputs
            if not outputs:
                self._inbox.frames.clear()
            elif self._thread is None:
                self._thread = threading.Thread(target=self._run, name="picture-line", daemon=True)
                self._thread.start()
        if outputs and not before:
            self._broken()  # decoding begins: a key frame is needed

    def offer(self, frame: EncodedFrame) -> None:
        """Hand in the next encoded frame; called in the event loop, never blocks for long."""
        with self._changed:
            if not self._outputs:
                return
            if len(self._inbox.frames) == BACKLOG_FRAMES:
                self._inbox.frames.clear()
                self.overflows += 1
                self._broken()
            self._inbox.frames.push(frame)
            self._changed.notify()

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
                    output.encoder.want_rate(bits_per_s)

    def close(self) -> None:
        """End the thread; it is a daemon and ends after the picture it is at."""
        with self._changed:
            self._inbox.closed = True
            self._outputs = {}
            self._changed.notify()

    def _next(self) -> tuple[EncodedFrame, bool, tuple[Output, ...]] | None:
        """The next frame, whether a newer one waits behind it, and the outputs; None at the end."""
        with self._changed:
            while not self._inbox.closed and not len(self._inbox.frames):
                self._changed.wait()
            if self._inbox.closed:
                return None
            frame = self._inbox.frames.pop()
            assert frame is not None
            return frame, len(self._inbox.frames) > 0, tuple(self._outputs.values())

    def _run(self) -> None:
        course = _Course(self._deliver)
        while (turn := self._next()) is not None:
            try:
                if not course.take(*turn):
                    self._broken()
            except av.FFmpegError as error:
                log.info("picture_broken", error=type(error).__name__)
                course = _Course(self._deliver)
                self._broken()
            except Exception:
                log.exception("picture_line_failed")
                course = _Course(self._deliver)
                self._broken()
            self.skipped += course.skipped
            course.skipped = 0


class _Course:
    """One unbroken run of the decoder, from a key frame to the next fault."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._decoder = Decoder()
        self._clock = PictureClock()
        self._begun = False
        self.skipped = 0

    def take(self, encoded: EncodedFrame, behind: bool, outputs: tuple[Output, ...]) -> bool:
        """Decode a frame and, unless a newer one waits, encode it for every output; False: a key frame is needed."""
        if not self._begun and not encoded.key:
            return False
        self._begun = True
        picture = self._decoder.decode(encoded.payload, encoded.timestamp)
        if picture is None:
            return True
        if behind:
            self.skipped += 1
            return True
        now = time.monotonic()
        stamp = self._clock.stamp(encoded.timestamp, now)
        for output in outputs:
            scaled = output.scaler.scale(picture)
            scaled.pts, scaled.time_base = stamp, TIME_BASE
            for packet in output.encoder.encode(scaled, now):
                self._deliver(output.viewers, packet)
        return True
