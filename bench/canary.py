"""A process that only sleeps and measures: a stall that hits it, too, is the machine's and nobody else's."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

SCRIPT = str(Path(__file__).resolve())
STEP_S = 0.010
LATE_S = 0.010  # half of what a tick of sound may be late


class Canary:
    """`async with Canary() as canary`: counts the machine's stalls meanwhile, on each core that we may use."""

    def __init__(self) -> None:
        self.stalls = 0
        self.longest_ms = 0.0
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
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.terminate()
            out, _ = await process.communicate()
            late = [float(line) for line in out.decode().split()]
            self.stalls += len(late)
            self.longest_ms = max([self.longest_ms, *late])


def main(core: int) -> None:
    """Print the lateness in ms of every step that was late."""
    os.sched_setaffinity(0, {core})
    due_s = time.monotonic()
    while True:
        due_s += STEP_S
        time.sleep(max(0.0, due_s - time.monotonic()))
        late_s = time.monotonic() - due_s
        if late_s > LATE_S:
            sys.stdout.write(f"{late_s * 1000:.1f}\n")
            sys.stdout.flush()
            due_s = time.monotonic()


if __name__ == "__main__":
    main(int(sys.argv[1]))
