"""A process that only sleeps and measures: a stall that hits it, too, is the machine's and nobody else's."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

SCRIPT = str(Path(__file__).resolve())
STEP_S = 0.010
LATE_S = 0.010  # half of what a tick of sound may be late


@dataclass(frozen=True, slots=True)
class Stall:
    """One core let nobody run: it was over at `until_s` (monotonic) and had lasted `late_s`."""

    until_s: float
    late_s: float


class Canary:
    """`async with Canary() as canary`: counts the machine's stalls meanwhile, on each core that we may use.

    Where it is allowed (root) it runs before everybody else, so that busy servers and a busy load are no excuse.
    """

    def __init__(self) -> None:
        self.met: list[Stall] = []
        """Every stall, core by core; known when the canaries have ended."""
        self._processes: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> Self:
        for core in sorted(os.sched_getaffinity(0)):
            self._processes.append(
                await asyncio.create_subprocess_exec(
                    *(sys.executable, SCRIPT, str(core)),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                )
            )
        for process in self._processes:
            assert process.stdout is not None
            await process.stdout.readline()  # it watches; what its start cost is over
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.terminate()
            out, _ = await process.communicate()
            for line in out.decode().splitlines():
                until_s, late_s = map(float, line.split())
                self.met.append(Stall(until_s, late_s))

    @property
    def stalls(self) -> int:
        return len(self.met)

    @property
    def longest_ms(self) -> float:
        return max((one.late_s * 1000 for one in self.met), default=0.0)


def main(core: int) -> None:
    """Print a line when it begins; then, of every step that was late, when it came (monotonic s) and how late (s)."""
    os.sched_setaffinity(0, {core})
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    print("watching", flush=True)
    due_s, parent = time.monotonic(), os.getppid()
    while os.getppid() == parent:  # nobody is left to tell when the bench was killed
        due_s += STEP_S
        time.sleep(max(0.0, due_s - time.monotonic()))
        now_s = time.monotonic()
        if now_s - due_s > LATE_S:
            sys.stdout.write(f"{now_s:.4f} {now_s - due_s:.4f}\n")
            sys.stdout.flush()
            due_s = time.monotonic()


if __name__ == "__main__":
    main(int(sys.argv[1]))
