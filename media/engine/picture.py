"""One source's pictures on their way to a transcode process and back: the engine's end, which decodes nothing.

The newest picture wins: when the process is behind, it decodes what it must and shows only the last. Without a viewer
nothing is decoded at all: who can take a picture as it is gets it forwarded (`media.engine.showing`).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable
from typing import TypeAlias

import structlog

from media.assembly import EncodedFrame
from media.engine.output import MadeFrame, Outputs, Shape
from media.engine.thinning import Thinning
from media.engine.transcoder import Transcoder
from media.engine.transcoding import Transcoding
from media.retries import Retries
from media.transcode_budget import Price, Spent, Wish
from media.transcode_wire import MOST_FRAME_BYTES, Asked, Done, Made

__all__ = ["BACKLOG_FRAMES", "MadeFrame", "PictureLine", "Shape"]

log = structlog.get_logger("engine.picture")

BACKLOG_FRAMES = 30
"""One second of pictures. Beyond it all of them go and the line starts over from a key frame."""
IDLE_S = 10.0
"""How long a process is kept for a source that nobody needs made any more: sizes may go to and fro at key frames."""

DROPS = (
    *("picture_skipped", "picture_backlog"),  # decoded but not shown; times that the backlog was full
    *("picture_broken",),  # frames that could not be decoded
    *("picture_thinned", "picture_refused"),  # by the budget: pictures left out; times that an output was refused
    *("picture_lost", "picture_given_up"),  # times that the process was lost; that no other was begun
)

Deliver: TypeAlias = Callable[[frozenset[str], MadeFrame], object]
"""Takes the viewers of an output and its next frame."""


class PictureLine:
    """Takes encoded frames of one source and delivers each output's to `deliver(viewers, frame)`.

    A picture hangs on those before it, so after any gap (nobody looked, a fault, another source) frames are taken from
    the next key frame on, and `ask_key_frame` is called for each that comes before. All calls come from the event loop.
    """

    def __init__(self, deliver: Deliver, ask_key_frame: Callable[[], object], transcoding: Transcoding) -> None:
        self._deliver = deliver
        self._ask_key_frame = ask_key_frame
        self._transcoding = transcoding
        self._outputs = Outputs()
        self._frames: deque[EncodedFrame] = deque()  # BACKLOG_FRAMES at most
        self._need_key = True
        self._process: Transcoder | None = None
        self._shown = False
        """Whether the picture under way is to be shown, and not only decoded."""
        self._later: asyncio.TimerHandle | None = None
        """Until the process is begun again after a fault, or let go."""
        self._resting = False
        self._given_up = False
        self._retries = Retries()
        self._price = Price()
        self._spent = Spent()
        self._looked_at = self._looked_cpu_s = 0.0
        self.drops = dict.fromkeys(DROPS, 0)
        """By the door's `QUEUES`."""
        self.counts = {"decoded": 0.0, "encoded": 0.0, "decode_cpu_s": 0.0, "encode_cpu_s": 0.0}
        """By the door's `COUNTS`."""

    @property
    def thinning(self) -> Thinning:
        """Whether pictures are to take less of the machine now."""
        return self._transcoding.thinning

    @property
    def outputs(self) -> int:
        """Distinct shapes that somebody sees."""
        return len(self._outputs)

    def show(self, viewers: dict[str, Shape]) -> None:
        """Set who sees this source, and in which shape; a newcomer gets a key frame."""
        began = bool(viewers) and not self._outputs
        self.drops["picture_refused"] += self._outputs.show(viewers, time.monotonic())
        if viewers and not self._given_up:
            self._transcoding.enter(self)
        elif not viewers:
            self._transcoding.leave(self)
            self._staff()
        if began or not viewers:
            self._again()

    def begin_anew(self) -> None:
        """Another connection of the source, or none: what was before is of no use, and its faults are forgiven."""
        self._retries.forgive()
        if self._given_up:
            self._given_up = False
            if self._outputs:
                self._transcoding.enter(self)
        self._again()

    def offer(self, frame: EncodedFrame) -> None:
        """Hand in the next encoded frame."""
        if not self._is_making or self._resting:
            return
        self._spent.offered += 1
        if len(frame.payload) > MOST_FRAME_BYTES:
            self._broken("too long")
            return
        if len(self._frames) == BACKLOG_FRAMES:
            self._start_over()
            self.drops["picture_backlog"] += 1
        if frame.key:
            self._need_key = False
        if self._need_key:
            self._ask_key_frame()
            return
        self._frames.append(frame)
        self._next()

    def want_key_frame(self, viewer: str) -> None:
        """A viewer lost its picture."""
        self._outputs.want_key_frame(viewer)

    def want_rate(self, viewer: str, bits_per_s: int) -> None:
        """A viewer's line carries this much."""
        self._outputs.want_rate(viewer, bits_per_s)

    def close(self) -> None:
        """Make nothing any more; the process ends."""
        self.show({})
        self._cancel()
        self._dismiss()

    # What the transcoding tells

    def hired(self, process: Transcoder) -> None:
        self._process, self._outputs.told = process, False
        self._spent, self._looked_at, self._looked_cpu_s = Spent(), time.monotonic(), process.cpu_s
        self._next()

    def made(self, made: Made) -> None:
        for output in self._outputs:
            if output.number == made.number:
                self.counts["encoded"] += 1
                self._spent.pixels += output.shape.pixels
                self._deliver(output.viewers, MadeFrame(made.payload, made.timestamp, made.key))

    def done(self, done: Done) -> None:
        decode_s, encode_s = done.decode_us / 1e6, done.encode_us / 1e6
        self.counts["decode_cpu_s"] += decode_s
        self.counts["encode_cpu_s"] += encode_s
        self._spent.decode_s += decode_s
        self._spent.encode_s += encode_s
        self.drops["picture_thinned"] += done.thinned
        if done.decoded:
            self.counts["decoded"] += 1
            self._spent.decoded += 1
            if not self._shown:
                self.drops["picture_skipped"] += 1
        if done.encoded:
            self._retries.worked()
        if done.fault:
            self._broken(done.fault)
        self._next()

    def ended(self, why: str) -> None:
        self._process = None
        self._transcoding.lost(self)
        self.drops["picture_lost"] += 1
        self._start_over()
        pause_s = self._retries.died(time.monotonic())
        if pause_s is None:
            self._given_up = True
            self.drops["picture_given_up"] += 1
            log.error("transcode_given_up", reason=why)
            self._transcoding.leave(self)
            return
        log.warning("transcode_process_lost", reason=why, pause_s=pause_s)
        self._cancel()
        if pause_s:
            self._resting = True
            self._later = asyncio.get_running_loop().call_later(pause_s, self._rested)
        else:
            self._rested()

    def wishes(self) -> list[tuple[float, Wish]]:
        return [
            (output.arrived_s, self._price.wish((self, output.shape), self, output.shape.pixels))
            for output in self._outputs
        ]

    def measure(self, now: float) -> None:
        if self._process is not None:
            span_s, cpu_s = now - self._looked_at, self._process.cpu_s - self._looked_cpu_s
            self._price.learn(span_s, cpu_s, self._spent)
            self._spent, self._looked_at, self._looked_cpu_s = Spent(), now, self._looked_cpu_s + cpu_s

    def give(self, every: dict[Hashable, int]) -> None:
        mine = {output.shape: every[self, output.shape] for output in self._outputs}
        self.drops["picture_refused"] += self._outputs.give(mine)
        self._staff()

    # Inside

    @property
    def _is_making(self) -> bool:
        return not self._given_up and self._outputs.are_made

    def _staff(self) -> None:
        """See that there is a process while one is needed, and for a while after."""
        if self._resting:
            return
        if self._is_making:
            self._cancel()
            if self._process is None:
                self._transcoding.hire(self)
            return
        self._start_over()
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(IDLE_S, self._dismiss)

    def _dismiss(self) -> None:
        self._later = self._process = None
        self._transcoding.release(self)

    def _rested(self) -> None:
        self._cancel()
        self._staff()
        self._again()

    def _cancel(self) -> None:
        if self._later is not None:
            self._later.cancel()
        self._later, self._resting = None, False

    def _again(self) -> None:
        """What was offered before is of no use: go on from a key frame."""
        self._start_over()
        if self._is_making and not self._resting:
            self._ask_key_frame()

    def _broken(self, fault: str) -> None:
        if not self.drops["picture_broken"]:
            log.info("picture_broken", error=fault)
        self.drops["picture_broken"] += 1
        self._again()

    def _start_over(self) -> None:
        self._frames.clear()
        self._need_key = True

    def _next(self) -> None:
        """Hand the process the next frame, if it waits for one."""
        if self._process is None or self._process.is_busy or not self._frames:
            return
        frame = self._frames.popleft()
        if not self._outputs.told:
            self._process.order(self._outputs.order())
        self._shown = not self._frames
        self._process.ask(Asked(frame, self._shown))
