"""What it costs to make a picture anew for a screen, against the least that it can cost.

An encoder at one site sends 720p, a display at the other one wants 1280x1024: so the server decodes, scales and
encodes, whatever it forwards otherwise. The floor (`bench.floor`) does just that in one thread.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.clip import Clip
from bench.cpu import Meter
from bench.equipment import devices
from bench.hanmaru import CHECKOUT, Hanmaru

SETTLE_S = 2.0
IDLE_S = 2.0
LEAST_FPS = 24.0  # fewer pictures are less work: such a run says nothing


@dataclass(frozen=True, slots=True)
class Transcode:
    """CPU of the server, net of the same booth without a picture; CPU of the floor for as many pictures."""

    server_ms_per_s: float
    floor_ms_per_s: float
    fps: float
    """Pictures that came a second."""

    @property
    def enough(self) -> bool:
        return self.fps >= LEAST_FPS


async def run(server: Hanmaru, small: Clip, clips: Path, seconds: float) -> Transcode:
    """The server, then the floor."""
    held = await devices(server, small)
    try:
        camera, screen = held.encoder.camera, held.display.screen
        assert camera is not None
        assert screen is not None
        await asyncio.sleep(SETTLE_S)
        idle = Meter(server.pid)
        await asyncio.sleep(IDLE_S)
        idle_ms_per_s = idle.ms_per_s()
        camera.start()
        await asyncio.sleep(SETTLE_S)
        screen.forget()
        meter = Meter(server.pid)
        await asyncio.sleep(seconds)
        spent = meter.ms_per_s() - idle_ms_per_s
        fps = sum(one.marker for one in screen.arrivals) / seconds
    finally:
        await held.leave()
    return Transcode(spent, await floor_ms_per_s(clips, seconds), fps)


async def floor_ms_per_s(clips: Path, seconds: float) -> float:
    """In a process of its own, so that nothing else of ours is in its way."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.floor", str(clips), str(seconds)), cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError("the floor of transcoding could not be measured")
    return float(out)


async def measure(
    server: Hanmaru, small: Clip, clips: Path, runs: int, seconds: float, say: Callable[[str], None]
) -> list[Transcode]:
    """Server and floor in turn."""
    found = []
    for number in range(runs):
        one = await run(server, small, clips, seconds)
        found.append(one)
        say(
            f"transcode, run {number + 1} of {runs}: {one.server_ms_per_s:.0f} ms/s at {one.fps:.0f} fps, "
            f"floor {one.floor_ms_per_s:.0f}"
        )
    return found
