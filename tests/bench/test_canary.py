"""The canary on a real core: it ends with the bench, and tells when a stall was."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from bench.canary import SCRIPT, Canary


async def test_a_canary_that_was_stopped_tells_when_and_how_long() -> None:
    async with Canary() as canary:
        pid = canary._processes[0].pid
        since_s = time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(0.2)
        os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(0.1)
    longest = max(canary.met, key=lambda stall: stall.late_s)
    assert longest.late_s >= 0.15
    assert since_s + 0.15 <= longest.until_s <= time.monotonic()
    assert canary.longest_ms == longest.late_s * 1000


def test_a_canary_ends_when_the_bench_was_killed() -> None:
    starting = "import subprocess, sys; print(subprocess.Popen([sys.executable, *sys.argv[1:]]).pid)"
    core = str(min(os.sched_getaffinity(0)))
    with subprocess.Popen(
        [sys.executable, "-c", f"{starting}; sys.stdout.flush(); sys.stdin.read()", SCRIPT, core],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as bench:
        assert bench.stdout is not None
        canary = int(bench.stdout.readline())
        bench.kill()
    until_s = time.monotonic() + 10.0
    while is_running(canary) and time.monotonic() < until_s:
        time.sleep(0.01)
    assert not is_running(canary)


def is_running(pid: int) -> bool:
    """Whether it is there, and no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
