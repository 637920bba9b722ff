"""A beat that never drifts: each due time is reckoned from the start."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Clockwork:
    """Calls `beat(index, due_s)` every `period_s`, each due time reckoned from the start, until stopped."""

    def __init__(self, period_s: float, beat: Callable[[int, float], None]) -> None:
        self._period_s = period_s
        self._beat = beat
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._start_s = 0.0
        self._index = 0

    @property
    def running(self) -> bool:
        return self._handle is not None

    def start(self, start_s: float | None = None) -> None:
        """Begin at `start_s` on the monotonic clock, or now."""
        self._start_s = time.monotonic() if start_s is None else start_s
        self._index = 0
        self._schedule()

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _schedule(self) -> None:
        wait_s = self._start_s + self._index * self._period_s - time.monotonic()
        self._handle = self._loop.call_later(max(0.0, wait_s), self._run)

    def _run(self) -> None:
        index, self._index = self._index, self._index + 1
        self._schedule()
        self._beat(index, self._start_s + index * self._period_s)
