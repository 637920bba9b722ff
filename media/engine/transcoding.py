"""All transcode processes of an engine: one for each source that somebody needs made anew, one kept ready ahead.

A source has its process to itself, so that a hostile picture reaches no other source; a process that has seen one
source's pictures is never given to another. An engine that only forwards has none.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Hashable
from typing import Protocol

import structlog

from media.engine.ledger import Ledger
from media.engine.spawn import spawn
from media.engine.thinning import Thinning
from media.engine.transcoder import Client, Transcoder
from media.errors import MediaError
from media.transcode_budget import EVERY, REFUSED, Budget, Wish, cost
from media.transcode_ledger import Told
from media.transcode_wire import Done, Made

log = structlog.get_logger("engine.transcoding")

MOST_PROCESSES = 8
"""Of one engine, the one ahead included; each takes 30 to 90 MB (measured), and the budget ends before."""
REVIEW_S = 1.0
"""How often what is spent is measured, and the budget divided anew."""
LINGER_S = 30.0
"""How long a process is kept ready when nobody needs one."""
AGAIN_S, MOST_AGAIN_S = 1.0, 30.0
"""Before another start, when one failed; twice as long after each further one."""
REAP_S = 2.0


class Line(Client, Protocol):
    """A source's pictures."""

    def hired(self, process: Transcoder) -> None:
        """Here is the process that was wanted."""

    def wishes(self) -> list[tuple[float, Wish]]:
        """What each output would take, and when it came (monotonic seconds)."""

    def measure(self, now: float) -> None:
        """Learn what its pictures cost, from what was spent since the last time."""

    def give(self, every: dict[Hashable, int]) -> None:
        """What the budget gives each output."""


class Transcoding:
    """`cores`: what may be spent on making pictures anew, by all engines that share `ledger` (None: by this one).

    All calls come from the event loop.
    """

    def __init__(self, cores: float, ledger: Ledger | None = None) -> None:
        self._budget = Budget(cores)
        self._ledger = ledger
        self.thinning = Thinning()
        self.thinning.append(self._thin)
        self._hired: dict[Line, Transcoder] = {}
        self._waiting: deque[Line] = deque()  # a line is in it once
        self._spares: deque[Transcoder] = deque()  # MOST_PROCESSES at most, of all together
        self._starting = 0
        self._lines: list[Line] = []
        self._review: asyncio.TimerHandle | None = None
        self._retire: asyncio.TimerHandle | None = None
        self._hold_until = 0.0
        self._failures = 0
        self._closed = False
        self._told = (0, 0)
        self._reaping: set[asyncio.Task[None]] = set()

    @property
    def processes(self) -> list[int]:
        """Process ids of all, those ahead included."""
        return [process.pid for process in (*self._hired.values(), *self._spares)]

    def enter(self, line: Line) -> None:
        """A line has other outputs than before: divide the budget now, and from time to time."""
        if line not in self._lines:
            self._lines.append(line)
        self._divide()
        if self._review is None and not self._closed:
            self._review = asyncio.get_running_loop().call_later(REVIEW_S, self._look)

    def leave(self, line: Line) -> None:
        """A line has no outputs any more."""
        if line in self._lines:
            self._lines.remove(line)
            self._divide()

    def hire(self, line: Line) -> None:
        """Have `line.hired` called with a fresh process: now, or when there is one."""
        if self._retire is not None:
            self._retire.cancel()
            self._retire = None
        if line not in self._waiting and line not in self._hired and not self._closed:
            self._waiting.append(line)
            self._serve()

    def lost(self, line: Line) -> None:
        """The line's process has ended, and was told so."""
        if (process := self._hired.pop(line, None)) is not None:
            self._forget(process)
        self._stock()

    def release(self, line: Line) -> None:
        """The line needs no process any more: end it, since it has seen that line's pictures."""
        if line in self._waiting:
            self._waiting.remove(line)
        if (process := self._hired.pop(line, None)) is not None:
            process.client = _Nobody(self)
            process.kill()
            self._forget(process)
        if not (self._hired or self._waiting or self._retire or self._closed) and (self._spares or self._starting):
            self._retire = asyncio.get_running_loop().call_later(LINGER_S, self._let_go)

    async def close(self) -> None:
        """End every process; returns when they are gone, or within 2 s."""
        self._closed = True
        for handle in (self._review, self._retire):
            if handle is not None:
                handle.cancel()
        for line in list(self._hired):
            self.release(line)
        self._waiting.clear()
        self._let_go()
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
        if self._reaping:
            await asyncio.wait(self._reaping, timeout=REAP_S)

    # Inside

    def _thin(self) -> None:
        """Every second picture is the best, or each again."""
        self._budget.best = EVERY[int(self.thinning.on)]
        self._divide()

    def _serve(self) -> None:
        while self._waiting and self._spares:
            line, process = self._waiting.popleft(), self._spares.popleft()
            self._hired[line] = process
            process.client = line
            line.hired(process)
        self._stock()

    def _stock(self) -> None:
        """Start as many as are waited for; then one ahead, behind everybody who waits."""
        if self._closed or not (self._hired or self._waiting):
            return
        wanted = len(self._waiting) or 1
        while (
            self._starting + len(self._spares) < wanted
            and self._starting + len(self._spares) + len(self._hired) < MOST_PROCESSES
        ):
            self._starting += 1
            spawn(self._start(), "transcode-start")

    async def _start(self) -> None:
        try:
            await asyncio.sleep(max(0.0, self._hold_until - time.monotonic()))
            process = await Transcoder.start(_Nobody(self))
        except MediaError as error:
            log.warning("transcode_start_failed", reason=error.message)
            self._hold()
        else:
            self._failures = 0
            self._spares.append(process)
            if self._closed:  # meanwhile
                self._let_go()
        finally:
            self._starting -= 1
        self._serve()

    def spare_lost(self, why: str) -> None:
        """One that nobody had hired yet has ended."""
        for process in [one for one in self._spares if one.has_ended]:
            log.warning("spare_transcode_process_lost", reason=why)
            self._spares.remove(process)
            self._forget(process)
            self._hold()
        self._stock()

    def _hold(self) -> None:
        self._hold_until = time.monotonic() + min(MOST_AGAIN_S, AGAIN_S * 2**self._failures)
        self._failures = min(self._failures + 1, 16)

    def _let_go(self) -> None:
        self._retire = None
        while self._spares:
            process = self._spares.popleft()
            process.kill()
            self._forget(process)

    def _forget(self, process: Transcoder) -> None:
        """It has ended, or is about to; `close` waits for that."""
        if process.reaped is not None and not process.reaped.done():
            self._reaping.add(process.reaped)
            process.reaped.add_done_callback(self._reaping.discard)

    def _look(self) -> None:
        self._review = None
        if self._lines and not self._closed:
            now = time.monotonic()
            for line in self._lines:
                line.measure(now)
            self._divide()
            self._review = asyncio.get_running_loop().call_later(REVIEW_S, self._look)

    def _divide(self) -> None:
        now = time.monotonic()
        own = [one for line in self._lines for one in line.wishes()]
        wished = sorted([*own, *self._wished_elsewhere(own, now)], key=_arrived)
        wishes = [wish for _, wish in wished]
        every = self._budget.review(wishes, now)
        for line in list(self._lines):
            line.give(every)
        given = [every[wish.output] for _, wish in own]
        thinned, refused = sum(1 for one in given if one > 1), given.count(REFUSED)
        if (thinned, refused) != self._told:
            self._told = (thinned, refused)
            log.info(
                "transcode_budget",
                outputs=len(given),
                thinned=thinned,
                refused=refused,
                spent_cores=round(cost(wishes, every), 2),
                cores=round(self._budget.cores, 2),
            )

    def _wished_elsewhere(self, own: list[tuple[float, Wish]], now: float) -> list[tuple[float, Wish]]:
        """Tell the other engines of ours, and hear of theirs."""
        if self._ledger is None:
            return []
        sources = {wish.source: number for number, (_, wish) in enumerate(own)}
        told = [Told(at, sources[wish.source], wish.decode_cores, wish.encode_cores) for at, wish in own]
        self._ledger.tell(told, now)
        return [
            (one.arrived_s, Wish((engine, number), (engine, one.source), one.decode_cores, one.encode_cores))
            for engine, others in self._ledger.others(now).items()
            for number, one in enumerate(others)
        ]


class _Nobody:
    """The client of a process that is kept ready."""

    def __init__(self, transcoding: Transcoding) -> None:
        self._transcoding = transcoding

    def made(self, made: Made) -> None:
        """It was not asked for any."""

    def done(self, done: Done) -> None:
        """It was not asked for any."""

    def ended(self, why: str) -> None:
        self._transcoding.spare_lost(why)


def _arrived(one: tuple[float, Wish]) -> float:
    return one[0]
