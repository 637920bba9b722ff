"""What a simulated peer hears: the last seconds of decoded sound, each sample at its place in time."""

from __future__ import annotations

import asyncio
import time

import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

RATE_HZ = 48_000
KEPT_S = 12.0
LONGEST_JUMP_SAMPLES = 60 * RATE_HZ  # a timestamp that is further off begins a new count
SILENT = 1e-4  # -80 dBFS: below this, a sample counts as nothing


class SoundSink:
    """Reads one incoming track for as long as it lives; a lost packet is a hole of silence, at its place.

    `position` counts samples at 48 kHz since the first packet. The oldest samples go when `kept_s` are full.
    """

    def __init__(self, kept_s: float = KEPT_S) -> None:
        self._ring = np.zeros(int(kept_s * RATE_HZ), np.float32)
        self._first_pts: int | None = None
        self.position = 0
        self.packets = 0
        self._heard = asyncio.Event()
        self._newest_s = 0.0

    @property
    def silent_s(self) -> float | None:
        """Seconds since the last packet; None before the first."""
        return time.monotonic() - self._newest_s if self.packets else None

    async def listen(self, track: MediaStreamTrack) -> None:
        """Drain `track` until it ends; unread frames would pile up in the library without a bound."""
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, AudioFrame):
                self._take(frame)

    def samples(self, seconds: float) -> np.ndarray:
        """The newest `seconds` of sound: mono float32 of shape (n,), shorter when less has arrived."""
        return self.between(self.position - int(seconds * RATE_HZ), self.position)

    def between(self, start: int, end: int) -> np.ndarray:
        """Sound from sample `start` to `end` (positions), as far as it is still kept: mono float32, a copy."""
        size = self._ring.size
        end = min(end, self.position)
        start = max(start, 0, self.position - size)
        if end <= start:
            return np.zeros(0, np.float32)
        return self._ring[np.arange(start, end) % size]

    def heard_s(self, position: int) -> float:
        """When the sample at `position` arrived (monotonic seconds), reckoned back from the newest packet."""
        return self._newest_s - (self.position - position) / RATE_HZ

    async def heard(self, seconds: float, timeout_s: float) -> np.ndarray:
        """Wait for `seconds` of sound that has not arrived yet; raises TimeoutError."""
        start = self.position
        end = start + int(seconds * RATE_HZ)
        async with asyncio.timeout(timeout_s):
            while self.position < end:
                self._heard.clear()
                await self._heard.wait()
        return self.between(start, end)

    def longest_gap_s(self, start: int) -> float:
        """The longest stretch of (digital) silence since position `start`."""
        kept = self.between(start, self.position)
        loud = np.flatnonzero(np.abs(kept) > SILENT)
        return float(np.max(np.diff(loud, prepend=-1, append=kept.size)) - 1) / RATE_HZ

    def _take(self, frame: AudioFrame) -> None:
        mono = to_mono(frame)
        pts = frame.pts or 0
        if self._first_pts is None or not 0 <= pts - self._first_pts - self.position < LONGEST_JUMP_SAMPLES:
            self._first_pts = pts - self.position
        place = pts - self._first_pts
        size = self._ring.size
        hole = np.arange(self.position, place)[-size:]
        self._ring[hole % size] = 0.0
        self._ring[np.arange(place, place + mono.size) % size] = mono
        self.position = place + mono.size
        self.packets += 1
        self._newest_s = time.monotonic()
        self._heard.set()


def to_mono(frame: AudioFrame) -> np.ndarray:
    """Decoded sound as mono float32 in -1 ... 1, shape (samples,)."""
    samples = frame.to_ndarray()
    channels = frame.layout.nb_channels
    planar = samples if frame.format.is_planar else samples.reshape(-1, channels).T
    scale = 32768.0 if samples.dtype == np.int16 else 1.0
    mono: np.ndarray = planar.astype(np.float32).mean(axis=0) / np.float32(scale)
    return mono
