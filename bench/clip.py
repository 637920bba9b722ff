"""The pictures that are sent: test cards on a lively ground, encoded once, kept in a folder that is not committed."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from bench.rtp import TAIL_BYTES
from media.testcard import draw

FPS = 30
TAKES = 3
TAKE_FRAMES = 240  # 8 s: without a PLI a key frame comes so often
PART_BYTES = 1150  # what Chromium puts into a packet, nearly
IVF_HEADER = struct.Struct("<4sHH4sHHIIII")
IVF_FRAME = struct.Struct("<IQ")
GRAIN = 24  # amplitude of the ground's grain, so that the encoder has use for its bits


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One picture: its VP8 data in parts of a packet each, its number on the card, its last bytes."""

    parts: tuple[bytes, ...]
    number: int
    key: bool
    tail: bytes


@dataclass(frozen=True, slots=True)
class Clip:
    """Takes of frames; each begins with its only key frame."""

    width: int
    height: int
    bits_per_s: float
    takes: tuple[tuple[EncodedFrame, ...], ...]
    frame_s: float = 1 / FPS


def clip(folder: Path, width: int = 1280, height: int = 1024, bits_per_s: int = 2_500_000) -> Clip:
    """The clip of that size and rate; encoded now if it is not in `folder` yet (20 s)."""
    takes = []
    for take in range(TAKES):
        path = folder / f"take-{take}-{width}x{height}-{bits_per_s // 1000}.ivf"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _write(path, width, height, list(_encode(take, width, height, bits_per_s)))
        takes.append(tuple(_frame(content, take * TAKE_FRAMES + at) for at, content in enumerate(_read(path))))
    octets = sum(len(part) for take in takes for frame in take for part in frame.parts)
    return Clip(width, height, octets * 8 / (TAKES * TAKE_FRAMES / FPS), tuple(takes))


def encoder(width: int, height: int, bits_per_s: int) -> VideoCodecContext:
    """VP8 as a browser encodes it: real time, constant bit rate, a key frame only when told."""
    codec = av.CodecContext.create("libvpx", "w")
    assert isinstance(codec, VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.bit_rate, codec.bit_rate_tolerance = bits_per_s, bits_per_s // 10
    codec.time_base, codec.framerate, codec.gop_size, codec.thread_count = Fraction(1, FPS), Fraction(FPS), 10_000, 1
    codec.options = {
        "deadline": "realtime",
        "cpu-used": "-6",
        "lag-in-frames": "0",
        "minrate": str(bits_per_s),
        "maxrate": str(bits_per_s),
        "bufsize": str(bits_per_s),
        "noise-sensitivity": "0",
        "static-thresh": "1",
        "qmin": "2",
        "qmax": "56",
    }
    return codec


def pictures(take: int, width: int, height: int) -> Iterator[np.ndarray]:
    """The take's pictures as I420, (height * 3 // 2, width)."""
    grain = np.random.default_rng(take).integers(-GRAIN, GRAIN, (height, width + TAKE_FRAMES), np.int16)
    for at in range(TAKE_FRAMES):
        card = draw(width, height, 7, take * TAKE_FRAMES + at)
        band = height // 4  # above and below the strip, which has to stay readable
        for rows in (slice(0, band), slice(height - band, height)):
            moved = card[rows].astype(np.int16) + grain[rows, at : at + width]
            card[rows] = np.clip(moved, 16, 180).astype(np.uint8)
        yield card


def _encode(take: int, width: int, height: int, bits_per_s: int) -> Iterator[bytes]:
    codec = encoder(width, height, bits_per_s)
    for at, picture in enumerate(pictures(take, width, height)):
        frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
        frame.pts, frame.time_base = at, codec.time_base
        for packet in codec.encode(frame):
            yield bytes(packet)


def _frame(content: bytes, number: int) -> EncodedFrame:
    count = -(-len(content) // PART_BYTES)
    size = -(-len(content) // count)  # equal parts, as browsers cut them
    parts = tuple(content[at : at + size] for at in range(0, len(content), size))
    return EncodedFrame(parts, number, not content[0] & 1, content[-TAIL_BYTES:])


def _write(path: Path, width: int, height: int, frames: list[bytes]) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(IVF_HEADER.pack(b"DKIF", 0, 32, b"VP80", width, height, FPS, 1, len(frames), 0))
        for at, content in enumerate(frames):
            file.write(IVF_FRAME.pack(len(content), at) + content)
    part.replace(path)


def _read(path: Path) -> Iterator[bytes]:
    whole = path.read_bytes()
    at = IVF_HEADER.size
    while at < len(whole):
        size, _ = IVF_FRAME.unpack_from(whole, at)
        yield whole[at + IVF_FRAME.size : at + IVF_FRAME.size + size]
        at += IVF_FRAME.size + size
