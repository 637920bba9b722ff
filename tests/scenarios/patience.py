"""How long to be patient with a machine that has other things to do: measured, not guessed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

STEP_S = 0.010
SHARED_BY = 4  # server, decoders and we wait for the same processor, one after the other


class Stalls:
    """The longest time for which this process, which has next to nothing to do, was kept from going on."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    def allow_s(self, limit_s: float) -> float:
        """A limit for something that passes through several processes on this machine."""
        return limit_s + SHARED_BY * self.longest_s


@asynccontextmanager
async def watching_stalls() -> AsyncIterator[Stalls]:
    """Watch for as long as the block lasts."""
    stalls = Stalls()
    watching = asyncio.create_task(_watch(stalls))
    try:
        yield stalls
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _watch(stalls: Stalls) -> None:
    while True:
        before_s = time.monotonic()
        await asyncio.sleep(STEP_S)
        stalls.longest_s = max(stalls.longest_s, time.monotonic() - before_s - STEP_S)
