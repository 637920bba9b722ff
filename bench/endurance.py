"""Five consultations for half an hour: `python -m bench.endurance [--minutes 30] [--booths 5]`.

Printed for each process of the server: private memory (USS) at the beginning and at the end, how it grows in ten
minutes (the median slope between any two looks, after Theil and Sen), and the handles that are open.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import speech
from bench.cast import INTERPRETER, LANGUAGE_OF, ROOMS, VOICE_S, Visit, Wish, meeting
from bench.clip import clip
from bench.containment import CLIP
from bench.cpu import tree
from bench.hanmaru import Consultation, start
from tests.soak.memory import growth_mb, own_mb

WARM_UP_S = 120.0
"""Buffers and pools have grown to their size by then."""
LOOK_S = 10.0
TEN_MINUTES_S = 600.0
CLIPS = Path(__file__).resolve().parent / "clips"
MOST_GROWTH_MB = 1.0
"""In ten minutes, of any process."""


@dataclass
class Process:
    """What was seen of one process of the server."""

    name: str
    looks: list[tuple[float, float]] = field(default_factory=list)
    """Seconds and MB of its own."""
    handles: list[int] = field(default_factory=list)

    @property
    def growth_mb(self) -> float:
        """In ten minutes."""
        return growth_mb(self.looks, TEN_MINUTES_S) if len(self.looks) > 1 else 0.0

    def look(self, pid: int, now_s: float) -> None:
        self.looks.append((now_s, own_mb(pid)))
        self.handles.append(sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()))

    def __str__(self) -> str:
        return (
            f"{self.name:44} {self.looks[0][1]:7.1f} -> {self.looks[-1][1]:7.1f} MB  {self.growth_mb:+6.2f} MB in ten"
            f" minutes  {min(self.handles)} to {max(self.handles)} handles"
        )


def name_of(pid: int) -> str:
    """What a process is, by its command line."""
    words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
    module = words[words.index("-m") + 1] if "-m" in words else words[0]
    return f"{pid} {module}"


async def watch(pid: int, visits: Sequence[Visit], seconds: float) -> dict[int, Process]:
    """Look at every process that lives from the first to the last look."""
    processes = {one: Process(name_of(one)) for one in tree(pid)}
    until_s = time.monotonic() + seconds
    while (now_s := time.monotonic()) < until_s:
        await asyncio.sleep(LOOK_S)
        for visit in visits:
            for person in visit.people.values():
                person.forget()
        living = set(tree(pid))
        if came := living - processes.keys():
            sys.stdout.write(f"{len(came)} processes came: {', '.join(map(name_of, came))}\n")
            processes |= {one: Process(name_of(one)) for one in came}
        for one, process in processes.items():
            if one in living:
                process.look(one, now_s)
    return processes


async def measure(booths: int, minutes: float) -> bool:
    """Whether no process grows."""
    for participant in (*ROOMS, INTERPRETER):
        speech.packets(LANGUAGE_OF[participant], VOICE_S)
    small = clip(CLIPS, *CLIP)
    async with AsyncExitStack() as leaving:
        folder = leaving.enter_context(tempfile.TemporaryDirectory())
        server = await start(Path(folder))
        leaving.push_async_callback(server.stop)
        visits: list[Visit] = []
        for place in range(booths):
            visits.append(await meeting(server, Wish((*ROOMS, INTERPRETER), clip=small), place))
            leaving.push_async_callback(visits[-1].leave)
        listening = [asyncio.create_task(read(visit)) for visit in visits if isinstance(visit, Consultation)]
        leaving.callback(lambda: [task.cancel() for task in listening])
        for visit in visits:
            for person in visit.people.values():
                person.speak()
                if person.camera is not None:
                    person.camera.start()
        await asyncio.sleep(WARM_UP_S)
        before = await server.figures()
        processes = await watch(server.pid, visits, minutes * 60 - WARM_UP_S)
        after = await server.figures()
    sys.stdout.write("\n".join(map(str, processes.values())) + "\n")
    for name in ("hanmaru_ticks_total", "hanmaru_ticks_late_total", "hanmaru_ticks_skipped_total"):
        sys.stdout.write(f"{name} {after.get(name, 0.0) - before.get(name, 0.0):.0f}\n")
    return all(process.growth_mb < MOST_GROWTH_MB for process in processes.values())


async def read(visit: Consultation) -> None:
    """What pages do with levels and lamps: take them."""
    await asyncio.gather(*(robot.until(lambda _: False, timeout_s=86_400.0) for robot in visit.robots))


def main() -> None:
    """Read the arguments, and watch."""
    arguments = argparse.ArgumentParser(prog="bench.endurance", description=__doc__)
    arguments.add_argument("--minutes", type=float, default=30.0)
    arguments.add_argument("--booths", type=int, default=5)
    given = arguments.parse_args()
    sys.exit(0 if asyncio.run(measure(given.booths, given.minutes)) else 1)


if __name__ == "__main__":
    main()
