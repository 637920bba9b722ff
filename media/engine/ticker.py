"""The 20 ms clock of the sound: monotonic, at most five ticks catch up in a burst, and it knows how late it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from media.lateness import Lateness, next_tick


class Ticker:
    """Calls `work(number)` every 20 ms; it must not raise."""

    def __init__(self, work: Callable[[int], None]) -> None:
        self._work = work
        self.lateness = Lateness()

    async def run(self) -> None:
        """Tick until cancelled."""
        start_s = time.monotonic()
        index = 0
        while True:
            tick = next_tick(start_s, index, time.monotonic())
            self.lateness.skip(tick.skipped)
            await asyncio.sleep(max(0.0, tick.due_s - time.monotonic()))
            self._work(tick.index)
            self.lateness.add(time.monotonic() - tick.due_s)
            index = tick.index + 1
