"""One place, a booth or a loopback test: a serial bounded queue, and everything that is done about what comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from media.engine import door
from server.conductor.machine import Machine
from server.conductor.media import Media
from server.conductor.record import Record, write
from server.conductor.session import Session
from server.conductor.spawn import end, spawn
from server.conductor.speech import Speech
from signaling import effects, inputs
from signaling.errors import RemoteError
from signaling.replies import Error
from signaling.welcome import Welcome

log = structlog.get_logger("conductor")

QUEUE = 1024
CLIENTS_SHARE = QUEUE // 2  # clients wait for room in this half; the other half is for words that cannot wait
MEASURES = 16  # at a time: the engine has better things to do


class Place:
    """Inputs are taken one at a time: step, facts on disk, then the rest of the effects, then the next input."""

    def __init__(
        self,
        name: str,
        machine: Machine,
        *,
        record: Record,
        engine: door.Engine,
        welcome: Callable[[effects.Admit, Session], Welcome],
        loopback_candidates: bool,
    ) -> None:
        self.name = name
        self.machine = machine
        self.dropped = 0
        self._record = record
        self._speech = Speech(name, welcome)
        self._media = Media(engine, name, self.post, loopback_candidates=loopback_candidates)
        self._queue: asyncio.Queue[inputs.Input] = asyncio.Queue(QUEUE)
        self._roomy = asyncio.Event()
        self._roomy.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._measuring = 0
        self._speaking: frozenset[str] = frozenset()

    def start(self) -> None:
        """Begin to take inputs."""
        self._background(self._run(), f"place {self.name}")

    async def close(self, *, for_good: bool) -> None:
        """Take no more inputs; `for_good` also has the engine forget the place."""
        await end(self._tasks)
        await self._media.close(for_good=for_good)

    def enter(self, session: Session) -> None:
        """A socket that will speak here."""
        self._speech.sessions[session.number] = session
        session.place = self

    def leave(self, session: Session, *, meant: bool) -> None:
        """A socket that is gone, as its client `meant` or not."""
        self._speech.sessions.pop(session.number, None)
        self.post(inputs.Closed(session.number, meant))

    async def receive(self, received: inputs.Received) -> None:
        """Queue what a client said; waits while the place is busy, and its socket is not read meanwhile."""
        while self._queue.qsize() >= CLIENTS_SHARE:
            self._roomy.clear()
            await self._roomy.wait()
        self.post(received)

    def post(self, happened: inputs.Input) -> None:
        """Queue what cannot wait. A place that is a thousand inputs behind is broken: what does not fit is counted."""
        try:
            self._queue.put_nowait(happened)
        except asyncio.QueueFull:
            self.dropped += 1
            log.critical("place_overrun", place=self.name, input=type(happened).__name__, dropped=self.dropped)

    def levels(self, levels: door.Levels) -> None:
        """Straight to the sockets; only a change of who speaks is an input."""
        self._speech.levels(levels.dbfs)
        speaking = frozenset(levels.speaking)
        if speaking != self._speaking:
            self._speaking = speaking
            self.post(inputs.Speaking(speaking))

    async def _run(self) -> None:
        while True:
            happened = await self._next()
            try:
                await self._take(happened)
            except Exception:  # a bug of ours: this input is lost, the booth is not
                log.exception("input_failed", place=self.name, input=type(happened).__name__)

    async def _next(self) -> inputs.Input:
        deadline = self.machine.deadline()
        now = asyncio.get_running_loop().time()
        if deadline is not None and deadline <= now:
            return inputs.Elapsed()
        try:
            async with asyncio.timeout_at(deadline):
                happened = await self._queue.get()
        except TimeoutError:
            return inputs.Elapsed()
        if self._queue.qsize() < CLIENTS_SHARE:
            self._roomy.set()
        return happened

    async def _take(self, happened: inputs.Input) -> None:
        machine, wanted = self.machine.step(happened, asyncio.get_running_loop().time())
        if wanted and isinstance(wanted[0], effects.Write):
            try:
                await write(self._record, wanted[0].facts, happened)
            except RemoteError as error:
                assert isinstance(happened, inputs.Received)
                name = getattr(happened.message, "id", None)
                self._speech.send(effects.Send(happened.session, Error(name, error.code, error.message)))
                return
            wanted = wanted[1:]
        self.machine = machine
        for effect in wanted:
            await self._perform(effect)

    async def _perform(self, effect: effects.Effect) -> None:
        match effect:
            case effects.Send():
                self._speech.send(effect)
            case effects.Admit():
                self._speech.admit(effect)
            case effects.Close():
                self._speech.close(effect)
            case effects.Route():
                await self._media.route(effect)
            case effects.Show():
                await self._media.show(effect)
            case effects.Connect() | effects.AddCandidate() | effects.Disconnect():
                self._media.line(effect)
            case effects.Measure():
                self._measure(effect)
            case effects.Write():
                raise AssertionError("facts come first, in one effect")

    def _measure(self, effect: effects.Measure) -> None:
        if self._measuring >= MEASURES:
            error = Error(effect.id, "too_fast", "The last measurements are still on their way.")
            self._speech.send(effects.Send(effect.session, error))
            return
        self._measuring += 1
        self._background(self._measured(effect), f"measure {self.name}")

    async def _measured(self, effect: effects.Measure) -> None:
        try:
            figures = await self._media.measure()
        finally:
            self._measuring -= 1
        if figures is None:
            error = Error(effect.id, "media_failed", "The media server gave no figures.")
            self._speech.send(effects.Send(effect.session, error))
        else:
            self._speech.measured(effect, figures)

    def _background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = spawn(work, name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
