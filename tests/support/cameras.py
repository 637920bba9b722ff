"""Files for Chromium's fake devices: a camera that shows the test card, a microphone that speaks with one voice."""

from __future__ import annotations

import os
import wave
from pathlib import Path

import numpy as np

from media.testcard import draw
from media.voice import RATE_HZ, voice


def camera(folder: Path, source: int, width: int, height: int, fps: int = 15, frames: int = 30) -> Path:
    """A .y4m film of the card of `source`; Chromium plays it in a loop. Written once per folder."""
    path = folder / f"camera-{source}-{width}x{height}-{fps}.y4m"
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}")
        with part.open("wb") as film:
            film.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420\n".encode())
            for number in range(frames):
                film.write(b"FRAME\n")
                film.write(draw(width, height, source, number).tobytes())
        part.replace(path)
    return path


def microphone(folder: Path, fundamental_hz: int) -> Path:
    """A .wav file of two seconds of one voice; Chromium plays it in a loop without a seam. Written once per folder."""
    path = folder / f"microphone-{fundamental_hz}.wav"
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}")
        with part.open("wb") as file, wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(RATE_HZ)
            sound.writeframes((voice(fundamental_hz, 2) * 32767).astype(np.int16).tobytes())
        part.replace(path)
    return path
