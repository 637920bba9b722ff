"""What a simulated peer sees: size, rate, whose picture it is, how old, how long it froze, and whether it is black."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from media import testcard

BLACK_MEAN = 24.0  # studio black is 16; a dark room with a lamp in it is brighter
BLACK_SPREAD = 4.0
STILL_DIFFERENCE = 0.35  # mean change per pixel of a thumbnail; codec noise on a still picture stays under it
THUMBNAIL_PX = (80, 64)
KEPT_SIGHTINGS = 900  # 30 s at 30 frames/s, oldest goes


@dataclass(frozen=True, slots=True)
class Sighting:
    """One picture as it arrived; `source` and `number` are None when no strip can be read in it.

    `left`, `top`, `card_width`, `card_height` say where the test card lies, in pixels; `stretch` is horizontal over
    vertical enlargement.
    """

    at_s: float
    width: int
    height: int
    source: int | None
    number: int | None
    left: float
    top: float
    card_width: float
    card_height: float
    stretch: float
    black: bool


class PictureSink:
    """Reads one incoming track for as long as it lives and keeps what was seen, never the pictures themselves.

    `look` of a caller gets every luma plane (uint8, height x width, valid during the call).
    """

    def __init__(self) -> None:
        self.sightings: deque[Sighting] = deque(maxlen=KEPT_SIGHTINGS)
        self.frames = 0
        self.black_frames = 0
        self.sizes: set[tuple[int, int]] = set()
        self.look: Callable[[np.ndarray], None] | None = None
        self._began_s = time.monotonic()
        self._changed_s: float | None = None
        self._longest_freeze_s = 0.0
        self._thumbnail: np.ndarray | None = None
        self._last: Sighting | None = None
        self._seen = asyncio.Event()

    @property
    def last(self) -> Sighting | None:
        """The newest picture."""
        return self._last

    def begin(self) -> None:
        """Count anew from now: frames, freezes, sizes."""
        self.frames = self.black_frames = 0
        self.sizes = set()
        self.sightings.clear()
        self._began_s = self._changed_s = time.monotonic()
        self._longest_freeze_s = 0.0

    def frames_per_s(self) -> float:
        """Mean rate since `begin`."""
        return self.frames / max(1e-6, time.monotonic() - self._began_s)

    def longest_freeze_s(self) -> float:
        """The longest time without a changed picture since `begin`, the present moment included."""
        changed_s = self._began_s if self._changed_s is None else self._changed_s
        return max(self._longest_freeze_s, time.monotonic() - changed_s)

    async def watch(self, track: MediaStreamTrack) -> None:
        """Drain `track` until it ends; unread frames would pile up in the library without a bound."""
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, VideoFrame):
                self._take(frame, time.monotonic())

    async def seen(self, fact: Callable[[Sighting], bool], timeout_s: float) -> Sighting:
        """Wait for a picture of which `fact` holds; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while True:
                self._seen.clear()
                await self._seen.wait()
                if self._last is not None and fact(self._last):
                    return self._last

    def _take(self, frame: VideoFrame, now_s: float) -> None:
        luma = luma_of(frame)
        height, width = luma.shape
        thumbnail = cv2.resize(luma, THUMBNAIL_PX, interpolation=cv2.INTER_AREA)
        self._watch_freeze(thumbnail, now_s)
        mean, spread = cv2.meanStdDev(thumbnail)
        black = float(mean[0, 0]) < BLACK_MEAN and float(spread[0, 0]) < BLACK_SPREAD
        reading = None if black else testcard.read(luma)
        if reading is None:
            sighting = Sighting(now_s, width, height, None, None, 0, 0, 0, 0, 1.0, black)
        else:
            place = (reading.left, reading.top, reading.width, reading.height, reading.stretch)
            sighting = Sighting(now_s, width, height, reading.source, reading.number, *place, black)
        self.frames += 1
        self.black_frames += black
        self.sizes.add((width, height))
        self._last = sighting
        self.sightings.append(sighting)
        if self.look is not None:
            self.look(luma)
        self._seen.set()

    def _watch_freeze(self, thumbnail: np.ndarray, now_s: float) -> None:
        before, self._thumbnail = self._thumbnail, thumbnail
        if before is not None and float(np.mean(cv2.absdiff(before, thumbnail))) < STILL_DIFFERENCE:
            return
        if self._changed_s is not None:
            self._longest_freeze_s = max(self._longest_freeze_s, now_s - self._changed_s)
        self._changed_s = now_s


def luma_of(frame: VideoFrame) -> np.ndarray:
    """The luma plane without its padding: uint8, height x width, a view on the frame's memory."""
    plane = frame.planes[0]
    return np.asarray(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
