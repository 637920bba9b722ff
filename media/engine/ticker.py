"""The 20 ms clock of the sound: monotonic, at most five ticks catch up in a burst, and it knows how late it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from media.lateness import Lateness, Tick, next_tick


class Ticker:
    """Calls `work(number)` every 20 ms; it must not raise. Timers and no task: half the cost of a sleep."""

    def __init__(self, work: Callable[[int], None]) -> None:
        self.lateness = Lateness()
        """Of each tick, from when it was due until its packets had left."""
        self._work = work
        self._start_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Tick from now on, if it does not already."""
        if self._start_s is None:
            self._start_s = time.monotonic()
            self._wait_for(0)

    def stop(self) -> None:
        """Tick no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _wait_for(self, index: int) -> None:
        assert self._start_s is not None
        now = time.monotonic()
        tick = next_tick(self._start_s, index, now)
        self.lateness.skip(tick.skipped)
        self._timer = asyncio.get_running_loop().call_later(max(0.0, tick.due_s - now), self._tick, tick)

    def _tick(self, tick: Tick) -> None:
        self._work(tick.index)
        asyncio.get_running_loop().call_soon(self._note, tick)  # what was sent leaves in this turn of the loop
        self._wait_for(tick.index + 1)

    def _note(self, tick: Tick) -> None:
        self.lateness.add(time.monotonic() - tick.due_s)
