"""A simulated microphone: Opus packets of exactly 20 ms, from a loop without a seam or from a voice made as it goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av.audio.codeccontext import AudioCodecContext

RATE_HZ = 48_000
PACKET_SAMPLES = 960  # 20 ms: longer input would give packets with the same RTP timestamp
PACKET_S = PACKET_SAMPLES / RATE_HZ
AUDIO_TIME_BASE = Fraction(1, RATE_HZ)
BITS_PER_S = 64_000  # mono, transparent: what a test measures is the server, not the codec
LATE_S = 0.25  # further behind than this, sound is left out instead of sent in a burst

Speak = Callable[[int], np.ndarray]
"""Packet index -> 960 mono samples, float32 in -1 ... 1."""


class Microphone(Protocol):
    """What a `MicrophoneTrack` hears: the Opus packet of 20 ms with this index."""

    def packet(self, index: int) -> bytes:
        """Opus packet; must not raise while the connection lives."""


def encoder() -> AudioCodecContext:
    """An Opus encoder, 48 kHz mono, full band, constant bit rate."""
    codec = av.CodecContext.create("libopus", "w")
    assert isinstance(codec, AudioCodecContext)
    codec.format, codec.layout, codec.sample_rate = "flt", "mono", RATE_HZ
    codec.bit_rate = BITS_PER_S
    codec.options = {"application": "audio", "vbr": "off", "frame_duration": "20"}
    return codec


def encode(codec: AudioCodecContext, samples: np.ndarray, index: int) -> bytes:
    """Encode 960 mono samples, float32; `index` counts packets of this encoder."""
    frame = av.AudioFrame.from_ndarray(samples.astype(np.float32, copy=False).reshape(1, -1), "flt", "mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, index * PACKET_SAMPLES, AUDIO_TIME_BASE
    return b"".join(bytes(packet) for packet in codec.encode(frame))


@dataclass(frozen=True, slots=True)
class SoundLoop:
    """Opus packets that follow each other for ever: the codec's state at the end is the one at the beginning."""

    packets: tuple[bytes, ...]

    def packet(self, index: int) -> bytes:
        return self.packets[index % len(self.packets)]


def record(samples: np.ndarray) -> SoundLoop:
    """Encode mono float32 samples of shape (n,), n a multiple of 960, as a loop.

    The loop is encoded twice and the second pass kept, so that its first packet follows its last one.
    """
    if samples.ndim != 1 or samples.size == 0 or samples.size % PACKET_SAMPLES:
        raise ValueError(f"A loop of sound is whole packets of {PACKET_SAMPLES} samples, not {samples.shape}.")
    codec = encoder()
    blocks = samples.reshape(-1, PACKET_SAMPLES)
    packets = [encode(codec, block, index) for index, block in enumerate(np.concatenate((blocks, blocks)))]
    return SoundLoop(tuple(packets[len(blocks) :]))


def silence() -> SoundLoop:
    """A microphone in a quiet room: packets arrive, nothing is heard."""
    return record(np.zeros(PACKET_SAMPLES * 5, np.float32))


class LiveMicrophone:
    """Encodes what `speak` says, packet by packet: for a voice that starts and stops."""

    def __init__(self, speak: Speak) -> None:
        self._speak = speak
        self._codec = encoder()
        self._count = 0

    def packet(self, index: int) -> bytes:
        self._count += 1
        return encode(self._codec, self._speak(index), self._count - 1)


class MicrophoneTrack(MediaStreamTrack):
    """The outgoing sound of a simulated peer; `recv` never ends by itself."""

    kind = "audio"

    def __init__(self, microphone: Microphone) -> None:
        super().__init__()
        self._microphone = microphone
        self._running = asyncio.Event()
        self._running.set()
        self._started_s: float | None = None
        self._index = 0

    def hold(self) -> None:
        """Send nothing until `go`, as a line that went dead."""
        self._running.clear()

    def go(self) -> None:
        """Send again, at the place where time has got to."""
        self._running.set()

    def spoken_samples(self, at_s: float) -> float:
        """How many samples have gone out at `at_s` (monotonic): what was said when, for measuring a delay."""
        return 0.0 if self._started_s is None else (at_s - self._started_s) * RATE_HZ

    async def recv(self) -> Any:
        await self._running.wait()
        if self.readyState != "live":
            raise MediaStreamError
        now = time.monotonic()
        if self._started_s is None:
            self._started_s = now
        # A packet is ready once its 20 ms have been spoken.
        due_s = self._started_s + (self._index + 1) * PACKET_S
        if now - due_s > LATE_S:
            self._index = int((now - self._started_s) / PACKET_S)
            due_s = self._started_s + (self._index + 1) * PACKET_S
        if due_s > now:
            await asyncio.sleep(due_s - now)
        packet = av.Packet(self._microphone.packet(self._index))
        packet.pts = self._index * PACKET_SAMPLES
        packet.time_base = AUDIO_TIME_BASE
        self._index += 1
        return packet
