"""A simulated camera: VP8 (or H.264) frames from a looped clip or drawn live, at the pace of a real one."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from media import testcard
from media.engine.simulated_encoder import encode, encoder, usual_bits_per_s

VIDEO_CLOCK_HZ = 90_000  # RFC 7741 section 4.1
VIDEO_TIME_BASE = Fraction(1, VIDEO_CLOCK_HZ)
LATE_S = 0.25  # further behind than this, a camera drops frames instead of sending a burst
REMEMBERED = 512  # pictures: 17 s at 30 frames/s, oldest goes

Draw = Callable[[int], np.ndarray]
"""Frame number -> I420 picture, uint8 of shape (height * 3 // 2, width)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded frame and the number that can be read in it (None: no number)."""

    payload: bytes
    number: int | None


class Camera(Protocol):
    """What a `CameraTrack` films: `next` gives the next frame, a key frame when one is wanted."""

    frames_per_s: int
    codec: str
    """`vp8` or `h264`."""

    async def next(self, key_wanted: bool) -> Frame:
        """Encoded frame; must not raise while the connection lives."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip that loops without a seam in time: its first frame, and one each second, are key frames."""

    frames: tuple[Frame, ...]
    frames_per_s: int
    key_every: int
    codec: str = "vp8"


def record(
    pictures: Iterable[tuple[int, np.ndarray]], width: int, height: int, frames_per_s: int, codec: str = "vp8"
) -> Clip:
    """Encode numbered I420 pictures as a clip."""
    bits_per_s = usual_bits_per_s(width, height, frames_per_s)
    context = encoder(width, height, frames_per_s, bits_per_s, key_every=frames_per_s, codec=codec)
    frames = tuple(
        Frame(encode(context, picture, index, index % frames_per_s == 0), number)
        for index, (number, picture) in enumerate(pictures)
    )
    return Clip(frames, frames_per_s, frames_per_s, codec)


@lru_cache(maxsize=16)
def card_clip(
    width: int, height: int, source: int, frames_per_s: int = 30, seconds: int = 2, codec: str = "vp8"
) -> Clip:
    """A looped test card of `source`: numbers 0 ... seconds * frames_per_s - 1. Encoding takes a moment: cached."""
    count = seconds * frames_per_s
    pictures = ((number, testcard.draw(width, height, source, number)) for number in range(count))
    return record(pictures, width, height, frames_per_s, codec)


class LoopedCamera:
    """Plays a clip for ever at almost no cost; a wanted key frame is the clip's next one, at once."""

    def __init__(self, clip: Clip) -> None:
        self.frames_per_s = clip.frames_per_s
        self.codec = clip.codec
        self._clip = clip
        self._index = 0

    async def next(self, key_wanted: bool) -> Frame:
        if key_wanted and self._index % self._clip.key_every:
            self._index += self._clip.key_every - self._index % self._clip.key_every
        self._index %= len(self._clip.frames)
        frame = self._clip.frames[self._index]
        self._index += 1
        return frame


class LiveCamera:
    """Draws and encodes every frame as it goes, in a thread, for a picture with a real clock in it."""

    def __init__(self, draw: Draw, width: int, height: int, frames_per_s: int, bits_per_s: int | None = None) -> None:
        self.frames_per_s = frames_per_s
        self.codec = "vp8"
        self._draw = draw
        self._codec = encoder(
            width,
            height,
            frames_per_s,
            bits_per_s or usual_bits_per_s(width, height, frames_per_s),
            key_every=frames_per_s * 10,
        )
        self._index = 0

    async def next(self, key_wanted: bool) -> Frame:
        index, self._index = self._index, self._index + 1
        payload = await asyncio.to_thread(self._film, index, key_wanted)
        return Frame(payload, None)

    def _film(self, index: int, key_wanted: bool) -> bytes:
        return encode(self._codec, self._draw(index), index, key_wanted)


class CameraTrack(MediaStreamTrack):
    """The outgoing picture of a simulated peer: encoded packets at the camera's pace; `recv` never ends by itself."""

    kind = "video"

    def __init__(self, camera: Camera) -> None:
        super().__init__()
        self.frames_sent = 0
        self.codec = camera.codec
        self._camera = camera
        self._key_wanted = True
        self._running = asyncio.Event()
        self._running.set()
        self._started_s: float | None = None
        self._slot = 0
        self._sent: deque[tuple[int, float]] = deque(maxlen=REMEMBERED)

    def want_key_frame(self) -> None:
        """The far side cannot go on without a key frame: the next one is."""
        self._key_wanted = True

    def hold(self) -> None:
        """Send nothing until `go`, as a camera that was pulled out."""
        self._running.clear()

    def go(self) -> None:
        """Send again, beginning with a key frame."""
        self._key_wanted = True
        self._running.set()

    def sent_before_s(self, number: int, seen_s: float) -> float | None:
        """When the picture with this number, seen at `seen_s`, went out (monotonic seconds); None for one long ago."""
        times = (sent_s for sent, sent_s in reversed(self._sent) if sent == number and sent_s <= seen_s)
        return next(times, None)

    async def recv(self) -> Any:
        await self._running.wait()
        if self.readyState != "live":
            raise MediaStreamError
        now = time.monotonic()
        if self._started_s is None:
            self._started_s = now
        due_s = self._started_s + self._slot / self._camera.frames_per_s
        if now - due_s > LATE_S:
            self._slot = int((now - self._started_s) * self._camera.frames_per_s) + 1
            due_s = self._started_s + self._slot / self._camera.frames_per_s
        if due_s > now:
            await asyncio.sleep(due_s - now)
        key_wanted, self._key_wanted = self._key_wanted, False
        frame = await self._camera.next(key_wanted)
        packet = av.Packet(frame.payload)
        packet.pts = self._slot * VIDEO_CLOCK_HZ // self._camera.frames_per_s
        packet.time_base = VIDEO_TIME_BASE
        self._slot += 1
        self.frames_sent += 1
        if frame.number is not None:
            self._sent.append((frame.number, time.monotonic()))
        return packet
