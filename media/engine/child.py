"""One media process as the front process has it: started, watched, asked for its figures, ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from media.engine.door import Beating, Hello, Levels, Sign, Survey, Surveyed
from media.engine.pipe import PipeEngine
from media.engine.precedence import AHEAD, AWAITED, LIVE, take_place
from media.engine.process import state_of
from media.engine.spawn import spawn
from media.engine.vigil import Vigil
from media.engine.wire import VERSION

START_S = 20.0
"""Loading libraries takes 1 s of a processor, and a machine that starts everything at once has none to spare."""
HUNG_LOOKS = 10
"""Looks in a row without a sign of life after which a process hangs: 1 s."""
LOOKS_IN_STATE = {"T": 5, "R": 20}
"""By state (proc(5)): one that was stopped does not go on by itself; one that runs, or would if the machine had a
processor for it, may be about to, and another one in its place would get no more of the machine."""
END_S = 1.5
"""A process whose pipe is closed has that long for its goodbyes (SIGTERM of the server: 5 s in all)."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a media process is started: a command, to which the number of its door and our own pid are added."""

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]


class StartError(Exception):
    """A media process did not begin; the message says why."""


class MediaProcess:
    """`gone` is called once when it has ended by itself, with the reason: one of `door.LOSSES`.

    Its door is a pair of sockets, and not its standard input and output: whatever a library prints spoils no word.
    """

    def __init__(self, process: Process) -> None:
        self.engine = PipeEngine(self._signed)
        self.pid = process.pid
        self.last: Surveyed | None = None
        """The newest figures it gave."""
        self.gone: Callable[[str], None] = lambda reason: None
        self.is_gone = False
        self.since_s = time.monotonic()
        """When it began to live, or was given its place."""
        self._process = process
        self._ready: asyncio.Future[Hello] = asyncio.get_running_loop().create_future()
        self._reason = "died"
        self._ticks = 0
        self._vigil = Vigil(self.look)
        self._watching = spawn(self._watch(), f"media process {self.pid}")

    @property
    def code(self) -> int | None:
        """What it ended with: its exit code, or the number of a signal as a negative one."""
        return self._process.returncode

    @classmethod
    async def start(cls, recipe: Recipe, begun: Callable[[MediaProcess], None] = lambda process: None) -> MediaProcess:
        """A process that has said that it is ready; `begun` has it before that. Raises StartError.

        It loads when nobody else needs the processor, unless `hasten` is called.
        """
        near, far = socket.socketpair()
        try:
            process = await asyncio.create_subprocess_exec(
                *(*recipe.command, str(far.fileno()), str(os.getpid())),
                stdin=DEVNULL,
                stdout=DEVNULL,
                cwd=recipe.folder,
                env=recipe.environment,
                pass_fds=(far.fileno(),),
            )
        except OSError as error:
            near.close()
            raise StartError(f"The media process cannot be started: {error}.") from error
        finally:
            far.close()
        started = cls(process)
        take_place(started.pid, AHEAD)
        begun(started)
        try:
            await started.engine.open(near)
            await started._until_ready()
            take_place(started.pid, LIVE)
        except BaseException:
            started._kill("unready")
            await asyncio.shield(asyncio.wait([started._watching]))
            raise
        return started

    def hasten(self) -> None:
        """Somebody waits for it to be ready."""
        take_place(self.pid, AWAITED)

    def look(self, silent_looks: int) -> None:
        """End it if that many looks in a row without a sign of life are too many."""
        if silent_looks < min(LOOKS_IN_STATE.values()):
            return
        if silent_looks >= LOOKS_IN_STATE.get(state_of(self.pid), HUNG_LOOKS):
            self._kill("hung")

    async def survey(self, timeout_s: float) -> bool:
        """Bring `last` up to date; whether it could be done in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                outcome = await self.engine.perform(Survey())
                if isinstance(outcome, Surveyed):
                    self.last = outcome
                    return True
        return False

    async def over(self) -> None:
        """Wait until it has ended and `gone` was called."""
        await asyncio.wait([self._watching])

    async def end(self) -> None:
        """End it: its door is closed, and where that does not help it is killed. Nobody is told.

        Whoever waits for that may give up; it is done all the same.
        """
        await asyncio.wait([spawn(self._end(), f"end {self.pid}")])

    async def _end(self) -> None:
        self.gone = lambda reason: None
        self._reason = "ended"
        await self.engine.close()
        await asyncio.wait([self._watching], timeout=END_S)
        self._kill("ended")
        await asyncio.wait([self._watching])

    async def _until_ready(self) -> None:
        await asyncio.wait([self._ready, self._watching], timeout=START_S, return_when=asyncio.FIRST_COMPLETED)  # type: ignore[type-var]
        if not self._ready.done():
            silent = f"It said nothing for {START_S:.0f} s."
            raise StartError(self.engine.fault or ("It ended." if self._watching.done() else silent))
        if (version := self._ready.result().version) != VERSION:
            raise StartError(f"It speaks version {version} of the door, and this is {VERSION}.")

    def _signed(self, sign: Sign | Levels | Surveyed) -> None:
        match sign:
            case Levels():  # which the tick of its sound has made
                self._vigil.signed()
            case Beating(ticks):
                if ticks != self._ticks or ticks == 0:  # one whose sound has stopped hangs, too
                    self._vigil.signed()
                self._ticks = ticks
            case Surveyed():
                self.last = sign
            case Hello():
                self._vigil.signed()
                if not self._ready.done():
                    self._ready.set_result(sign)

    def _kill(self, reason: str) -> None:
        if self._process.returncode is None and not self.is_gone:
            if self._reason == "died":
                self._reason = reason
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _watch(self) -> None:
        """Whichever ends first, the process or its pipe, ends the other."""
        exited = asyncio.ensure_future(self._process.wait())
        silent = asyncio.ensure_future(self.engine.ended())
        await asyncio.wait([exited, silent], return_when=asyncio.FIRST_COMPLETED)
        if self._reason == "ended":
            await asyncio.wait([exited])
        else:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await exited
        self._vigil.stop()
        self.is_gone = True
        silent.cancel()
        await self.engine.close()
        if self._reason not in ("ended", "unready"):
            self.gone(self._reason)
