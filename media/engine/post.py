"""The media of one place, whichever process has them: what a process must be told when it takes over from another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from media.candidates import NO_CONNECTION
from media.engine.child import MediaProcess
from media.engine.door import (
    AddCandidate,
    Answered,
    Connect,
    Disconnect,
    Done,
    Event,
    Failed,
    Measure,
    Measured,
    Outcome,
    Refused,
    Route,
    Show,
    Thin,
)
from media.engine.pauses import Pauses
from media.engine.pipe import GONE
from media.engine.spawn import spawn

log = structlog.get_logger("engine.pool")

IDLE_S = 30.0
"""A place where nobody is connected gives its process back after that: longer than a page takes to come back."""
LAST_FIGURES_S = 0.5
TRIES = 2
"""An offer that two processes died of is not given to a third."""
STOPPED = "The media process of this booth stopped; another one takes its place."
CLOSED = Refused("media_failed", "This place is closed.")
NO_FIGURES = Measured((), 0, 0, 0, 0.0, 0.0, 0.0, {})

Taken = MediaProcess | Refused
Words = Connect | AddCandidate | Disconnect | Route | Show | Thin | Measure


class Post:
    """`take` finds a process; `given_back` gets each that is the place's no longer, and why, if it was lost."""

    def __init__(
        self,
        place: str,
        take: Callable[[], Awaitable[Taken]],
        tell: Callable[[Event], None],
        given_back: Callable[[str, MediaProcess, str | None], None],
    ) -> None:
        self.place = place
        self.process: MediaProcess | None = None
        self._take = take
        self._tell = tell
        self._given_back = given_back
        self._arranged: dict[type[Route | Show | Thin], Route | Show | Thin] = {}
        """The newest gains and views, and how much pictures may take: a process that takes over is told them."""
        self._connections: set[tuple[str, int]] = set()
        """Seats and generations that were answered."""
        self._connecting = 0
        self._one_at_a_time = asyncio.Lock()
        self._pauses = Pauses()
        self._not_before_s = 0.0
        self._idle: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def perform(self, command: Words) -> Outcome:
        """Carry out a command. Gains and views need no process: it is told them when there is one."""
        match command:
            case Connect():
                return await self._connect(command)
            case Route() | Show() | Thin():
                return await self._arrange(command)
            case Disconnect(_, seat, generation):
                self._connections.discard((seat, generation))
                self._rest_later()
        return await self._forward(command)

    async def close(self) -> None:
        """Forget the place, and end its process; what it counted is asked for before."""
        self._is_closed = True
        async with self._one_at_a_time:
            await self._give_back()

    async def abandon(self) -> None:
        """End its process at once, and take none any more."""
        self._is_closed = True
        if self._idle is not None:
            self._idle.cancel()
        process, self.process = self.process, None
        if process is not None:
            await process.end()

    async def _arrange(self, word: Route | Show | Thin) -> Outcome:
        """Have gains or views from now on, in whichever process; a bad word changes nothing."""
        before = self._arranged.get(type(word))
        self._arranged[type(word)] = word
        outcome = await self._forward(word)
        if isinstance(outcome, Refused) and self._arranged.get(type(word)) is word:
            self._arranged.pop(type(word))
            if before is not None:
                self._arranged[type(word)] = before
        return outcome

    async def _forward(self, command: AddCandidate | Disconnect | Route | Show | Thin | Measure) -> Outcome:
        nothing = NO_FIGURES if isinstance(command, Measure) else Done()
        if self.process is None:
            return Refused("no_offer", NO_CONNECTION) if isinstance(command, AddCandidate) else nothing
        outcome = await self.process.engine.perform(command)
        return nothing if outcome is GONE else outcome  # its connections are told that they failed

    async def _connect(self, connect: Connect) -> Outcome:
        self._connecting += 1
        try:
            for _ in range(TRIES):
                process = await self._manned()
                if isinstance(process, Refused):
                    return process
                outcome = await process.engine.perform(connect)
                if outcome is GONE or process is not self.process:
                    await process.over()
                    continue
                if isinstance(outcome, Answered):
                    self._connections.add((connect.seat, connect.generation))
                return outcome
            return Refused("media_failed", STOPPED)
        finally:
            self._connecting -= 1
            self._rest_later()

    async def _manned(self) -> Taken:
        """The process of this place, found and told what it must know when there is none yet."""
        async with self._one_at_a_time:
            if self.process is not None:
                return self.process
            await asyncio.sleep(max(0.0, self._not_before_s - time.monotonic()))
            process = await self._take() if not self._is_closed else CLOSED
            if isinstance(process, Refused):
                return process
            if self._is_closed:  # meanwhile
                await process.end()
                return CLOSED
            self.process = process
            process.since_s = time.monotonic()
            process.gone = lambda reason: self._gone(process, reason)
            process.engine.listen(self._heard)
            log.info("media_process_taken", place=self.place, process=process.pid)
            for word in tuple(self._arranged.values()):
                outcome = await process.engine.perform(word)
                if isinstance(outcome, Refused) and outcome is not GONE:
                    log.error("engine_refused", command=type(word).__name__, place=self.place, code=outcome.code)
            return process

    def _gone(self, process: MediaProcess, reason: str) -> None:
        """The process ended by itself: whoever was connected is told at once, and another one is made ready."""
        if process is not self.process:
            return
        self.process = None
        self._not_before_s = time.monotonic() + self._pauses.failed(time.monotonic() - process.since_s)
        self._given_back(self.place, process, reason)
        if self._pauses.failures == 1:  # what goes on and on is not told again and again
            log.error("media_process_lost", place=self.place, process=process.pid, reason=reason, code=process.code)
        failed, self._connections = sorted(self._connections), set()
        if failed:
            spawn(self._man_again(), f"post {self.place}")
        for seat, generation in failed:
            self._tell(Failed(self.place, seat, generation, "media_failed", STOPPED))

    async def _man_again(self) -> None:
        self._connecting += 1
        try:
            await self._manned()
        finally:
            self._connecting -= 1
            self._rest_later()

    def _heard(self, event: Event) -> None:
        if event.place != self.place:  # whatever goes on in a process, it speaks for its own place
            log.error("foreign_event", place=self.place, told=type(event).__name__)
            return
        if isinstance(event, Failed):
            self._connections.discard((event.seat, event.generation))
            self._rest_later()
        self._tell(event)

    def _rest_later(self) -> None:
        """Give the process back when nobody is connected for a while."""
        if self._idle is not None:
            self._idle.cancel()
        if self.process is None:
            return
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, lambda: spawn(self._rest(), f"rest {self.place}"))

    async def _rest(self) -> None:
        async with self._one_at_a_time:
            if not self._connections and not self._connecting:
                await self._give_back()

    async def _give_back(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        if self.process is not None:
            await self.process.survey(LAST_FIGURES_S)
        process, self.process = self.process, None
        if process is not None:  # it may have ended meanwhile
            self._given_back(self.place, process, None)
            log.info("media_process_ended", place=self.place, process=process.pid)
            await process.end()
