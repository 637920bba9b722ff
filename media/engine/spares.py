"""Media processes that are started ahead, so that a booth opens at once."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

import structlog

from media.engine.child import MediaProcess, Recipe, StartError
from media.engine.pauses import Pauses
from media.engine.spawn import spawn

log = structlog.get_logger("engine.pool")

SPARES = 1
MOST_STARTING = 2
"""At a time: each takes a whole processor for a second."""
RETURN_S = 60.0
"""Those for places to which somebody was expected back are ended after that, when nobody came."""
TAKE_S = 8.0
"""Whoever waits for a process gives up after that; the conductor waits 10 s for an answer."""


class Spares:
    """`lost` is told the reason (`door.LOSSES`) of each one that ended before it had a place."""

    def __init__(self, recipe: Recipe, lost: Callable[[str], None]) -> None:
        self._recipe = recipe
        self._lost = lost
        self._ready: deque[MediaProcess] = deque()  # SPARES, and as many as somebody waits for or will
        self._starting: set[asyncio.Task[None]] = set()
        self._loading: dict[asyncio.Task[None] | None, MediaProcess] = {}  # by the task that starts it
        self._waiting = 0
        self._expected = 0
        self._giving_up: asyncio.TimerHandle | None = None
        self._came = asyncio.Event()
        self._pauses = Pauses()
        self._not_before_s = 0.0
        self._closed = False

    @property
    def ready(self) -> tuple[MediaProcess, ...]:
        """Those that wait for a place."""
        return tuple(self._ready)

    @property
    def loading(self) -> tuple[MediaProcess, ...]:
        """Those that are not ready yet."""
        return tuple(self._loading.values())

    def expect(self, places: int) -> None:
        """So many places are about to ask, since their consultations go on: they are not to wait for one another."""
        self._expected = places
        self._giving_up = asyncio.get_running_loop().call_later(RETURN_S, self._expect_nobody)
        self.fill()

    def fill(self) -> None:
        """Have as many started as are to be ready, and as are waited for."""
        missing = SPARES + self._expected + self._waiting - len(self._ready) - len(self._starting)
        for _ in range(0 if self._closed else min(missing, MOST_STARTING - len(self._starting))):
            task = spawn(self._start(), "spare")
            self._starting.add(task)
            task.add_done_callback(self._started)

    async def take(self) -> MediaProcess | None:
        """A process for a place, and the next spare is begun; None when there is none in time."""
        self._expected = max(0, self._expected - 1)
        self._waiting += 1
        self.fill()
        self._hasten()
        try:
            async with asyncio.timeout(TAKE_S):
                while not self._ready:
                    self._came.clear()
                    await self._came.wait()
                self._pauses = Pauses()
                return self._ready.popleft()
        except TimeoutError:
            return None
        finally:
            self._waiting -= 1
            self.fill()

    async def close(self) -> None:
        """End them all, and start no more."""
        self._closed = True
        if self._giving_up is not None:
            self._giving_up.cancel()
        starting = tuple(self._starting)
        for task in starting:
            task.cancel()
        await asyncio.gather(*starting, *(process.end() for process in self._ready), return_exceptions=True)
        self._ready.clear()

    async def _start(self) -> None:
        await asyncio.sleep(max(0.0, self._not_before_s - time.monotonic()))
        task = asyncio.current_task()

        def begun(process: MediaProcess) -> None:
            self._loading[task] = process
            self._hasten()

        try:
            process = await MediaProcess.start(self._recipe, begun)
        except StartError as error:
            self._failed("unready", 0.0, str(error))
            return
        finally:
            self._loading.pop(task, None)

        def gone(reason: str) -> None:
            if process in self._ready:
                self._ready.remove(process)
            self._failed(reason, time.monotonic() - process.since_s, "It ended while it waited for a place.")
            self.fill()

        process.gone = gone
        self._ready.append(process)
        self._came.set()
        self._dismiss()

    def _hasten(self) -> None:
        """Whoever waits is not to wait for a processor, too."""
        for process in self.loading[: max(0, self._expected + self._waiting - len(self._ready))]:
            process.hasten()

    def _expect_nobody(self) -> None:
        """Who has not come back by now finds the spare one, like everybody else."""
        self._expected = 0
        self._dismiss()

    def _dismiss(self) -> None:
        while len(self._ready) > SPARES + self._expected + self._waiting:
            process = self._ready.pop()
            spawn(process.end(), f"end {process.pid}")

    def _started(self, task: asyncio.Task[None]) -> None:
        self._starting.discard(task)
        self.fill()

    def _failed(self, reason: str, lived_s: float, sentence: str) -> None:
        """One failure in a row is told; that it goes on is not told again and again."""
        self._not_before_s = time.monotonic() + self._pauses.failed(lived_s)
        self._lost(reason)
        if self._pauses.failures == 1:
            log.error("media_processes_fail", reason=reason, message=sentence)
