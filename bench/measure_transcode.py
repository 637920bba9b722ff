"""What it costs to make a picture anew for a screen, against the least that it can cost.

An encoder at one site sends 720p, a display at the other one wants 1280x1024: so the server decodes, scales, encodes,
whatever it forwards otherwise. The floor does just that in one thread with nothing around it: decode, one swscale
filter graph, encode with the server's own settings, and as many packets through SRTP and a socket.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import av
from pylibsrtp import Policy, Session

from bench import rtp
from bench.clip import Clip, EncodedFrame
from bench.cpu import Meter
from bench.equipment import devices
from bench.hanmaru import Hanmaru
from media.engine.vp8 import Encoder

WIDTH, HEIGHT, FPS = 1280, 1024, 30
FRAMES = 240
SETTLE_S = 3.0
LEAST_FPS = 24.0  # fewer pictures are less work: such a run says nothing


@dataclass(frozen=True, slots=True)
class Transcode:
    """CPU of the server, net of the same booth without a picture; CPU of the floor for 30 pictures a second."""

    server_ms_per_s: float
    floor_ms_per_s: float
    fps: float
    """Pictures that came a second."""

    @property
    def enough(self) -> bool:
        return self.fps >= LEAST_FPS


def floor_ms_per_s(frames: tuple[EncodedFrame, ...], bits_per_s: int) -> float:
    """CPU of this thread for a second of pictures; in a process of its own, so that nothing else is counted."""
    raise NotImplementedError
