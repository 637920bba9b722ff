"""What a dying transcode process costs: `python -m bench.measure_kills [--times 20]`, ten minutes at most.

An encoder at one site sends 720p, a display at the other plays it at 1280x1024 with both voices. The process that makes
the picture is killed (SIGKILL) or stopped (SIGSTOP) again and again: how long until the display gets a key frame, and
what became of the sound meanwhile, as its packets arrive.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from bench import hanmaru, rtp
from bench.canary import Canary
from bench.clip import clip
from bench.cpu import PROC, cpu_s, tree
from bench.equipment import Devices, devices
from bench.figures import percentile
from bench.hanmaru import Hanmaru
from bench.opus import encode
from bench.receiving import Arrival
from media.voice import FUNDAMENTALS_HZ, voice

MODULE = b"media.engine.transcode"
SETTLE_S = 3.0
LOOK_S = 0.3
VOICE_S = 4.0  # then it begins again
AFTER_S = 3.0  # what belongs to one death; then the next
BEFORE_S = 0.2
MOST_BACK_S = 1.0
MOST_GAP_S = 0.1
CLIPS = Path(__file__).resolve().parent / "clips"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@dataclass(frozen=True, slots=True)
class Death:
    """One: how long until a key frame came; the longest time between two packets of sound, and packets missing.

    `stall_ms`: the longest time for which the machine let nobody run meanwhile.
    """

    back_s: float
    sound_gap_s: float
    sound_missing: int
    stall_ms: float

    def __str__(self) -> str:
        return (
            f"picture back after {self.back_s:.3f} s, longest gap in the sound {self.sound_gap_s * 1000:.0f} ms, "
            f"{self.sound_missing} packets missing; longest stall of the machine {self.stall_ms:.0f} ms"
        )


async def busiest(server: int) -> int:
    """The transcode process that works. Raises LookupError when none does."""
    candidates = [pid for pid in tree(server) if MODULE in (PROC / str(pid) / "cmdline").read_bytes()]
    before = {pid: cpu_s(pid) for pid in candidates}
    await asyncio.sleep(LOOK_S)
    pid = max(candidates, key=lambda one: cpu_s(one) - before[one], default=0)
    if not pid or cpu_s(pid) <= before[pid]:
        raise LookupError("no transcode process is at work")
    return pid


async def one(held: Devices, number: signal.Signals) -> Death:
    """Kill the process once, and watch."""
    screen, hearing = held.display.screen, held.display.hearing
    assert screen is not None
    assert hearing is not None
    pid = await busiest(held.server.pid)
    held.display.forget()
    async with Canary() as canary:
        await asyncio.sleep(BEFORE_S)
        os.kill(pid, number)
        died_s = time.monotonic()
        await asyncio.sleep(AFTER_S)
    keys = [arrival.at_s for arrival in screen.arrivals if arrival.at_s > died_s and is_key(arrival)]
    gaps = [later.at_s - earlier.at_s for earlier, later in pairwise(hearing.arrivals)]
    numbers = {arrival.number for arrival in hearing.arrivals}
    back_s = keys[0] - died_s if keys else float("inf")
    return Death(
        back_s, max(gaps, default=float("inf")), max(numbers) - min(numbers) + 1 - len(numbers), canary.longest_ms
    )


def is_key(arrival: Arrival) -> bool:
    """Whether a packet begins a key frame."""
    content, begins = rtp.vp8_content(arrival.payload) if len(arrival.payload) > 4 else (b"", False)
    return begins and rtp.is_key_frame(content)


async def measure(server: Hanmaru, times: int, say: Callable[[str], None]) -> dict[str, list[Death]]:
    """So many of both kinds."""
    held = await devices(server, clip(CLIPS, 1280, 720, 2_000_000), keep=True)
    found: dict[str, list[Death]] = {}
    try:
        assert held.encoder.camera is not None
        held.encoder.camera.start()
        for participant, fundamental_hz in zip((held.encoder, held.voice), FUNDAMENTALS_HZ, strict=False):
            participant.speak(tuple(encode(voice(fundamental_hz, VOICE_S))))
        await asyncio.sleep(SETTLE_S)
        for number in (signal.SIGKILL, signal.SIGSTOP):
            before = await server.figures()
            deaths = found[number.name] = []
            for count in range(times):
                deaths.append(await one(held, number))
                say(f"{number.name} {count + 1}: {deaths[-1]}")
            after = await server.figures()
            late, skipped = (
                after[name] - before[name] for name in ("hanmaru_ticks_late_total", "hanmaru_ticks_skipped_total")
            )
            say(f"{number.name}: ticks late by over 20 ms: {late:.0f}, skipped: {skipped:.0f}")
    finally:
        await held.leave()
    return found


@app.command()
def main(times: Annotated[int, typer.Option("--times", min=1, help="Deaths of each kind.")] = 20) -> None:
    """Kill and stop the transcode process of a picture that is being watched; exit code 1 when a bar is missed."""

    async def run() -> dict[str, list[Death]]:
        with tempfile.TemporaryDirectory(prefix="hanmaru-bench-") as folder:
            server = await hanmaru.start(Path(folder) / "hanmaru")
            try:
                return await measure(server, times, lambda text: print(text, flush=True))
            finally:
                await server.stop()

    missed = False
    for name, deaths in uvloop.run(run()).items():
        back, gaps = [one.back_s for one in deaths], [one.sound_gap_s for one in deaths]
        missing = sum(one.sound_missing for one in deaths)
        print(
            f"{name}, {len(deaths)} times: picture back after {percentile(back, 0.5):.3f} s p50, {max(back):.3f} s at "
            f"most (bar {MOST_BACK_S} s); longest gap between packets of sound {max(gaps) * 1000:.0f} ms, "
            f"{missing} missing"
        )
        missed = missed or max(back) > MOST_BACK_S or max(gaps) > MOST_GAP_S or missing > 0
    if missed:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
