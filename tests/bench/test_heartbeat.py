"""The load generator's own lateness."""

from __future__ import annotations

import asyncio
import time

from bench.heartbeat import Heartbeat


async def test_a_loop_that_was_held_up_shows() -> None:
    heart = Heartbeat()
    heart.start()
    await asyncio.sleep(0.05)
    time.sleep(0.1)  # noqa: ASYNC251 the very thing that must not happen to a load
    await asyncio.sleep(0.05)
    heart.stop()
    assert heart.longest_ms >= 80
    assert heart.p99_ms >= 80
