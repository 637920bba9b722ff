"""The canary on a real core: it ends with the bench, and tells when a stall was."""

from __future__ import annotations

import asyncio
import os
import signal
import time

from bench.canary import Canary


async def test_a_canary_that_was_stopped_tells_when_and_how_long() -> None:
    async with Canary() as canary:
        await asyncio.sleep(0.3)
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
