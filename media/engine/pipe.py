"""The engine at the far end of a pipe: `PipeEngine` drives it, `serve` is it.

Frames on the pipe are one line of JSON each: `<number> <word>`; a command's number returns with its outcome. Events,
signs of life and figures that nobody asked for have number 0. The far end says `Hello` first.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable

import structlog

from media.engine.door import Command, Engine, Event, Hello, Levels, Outcome, Refused, Sign, Surveyed
from media.engine.heart import Heart
from media.engine.lines import Lines
from media.engine.spawn import spawn
from media.engine.wire import VERSION, from_wire, to_wire
from media.errors import MediaError

log = structlog.get_logger("engine.pipe")

ANSWER_TIMEOUT_S = 10.0
MAX_WAITING = 256
"""Commands under way at once; one more is refused."""
MAX_UNTAKEN_BYTES = 1 << 20
"""Words that the far end has not taken; one more is refused."""
MAX_EVENT_BYTES = 1 << 20
"""Words that the reader has not taken: beyond this, signs of life are dropped (they come again in 200 ms)."""

GONE = Refused("media_failed", "The media process is gone.")


class PipeEngine:
    """The door's `Engine` at the far end of a pair of sockets; that may be a process. `open` it first.

    `sign` is told what shows that it lives: `Hello`, `Beating`, and levels and figures as they come.
    """

    def __init__(self, sign: Callable[[Sign | Levels | Surveyed], None] = lambda sign: None) -> None:
        self._sign = sign
        self._lines = Lines(self._take, self._over)
        self._waiting: dict[bytes, asyncio.Future[Outcome]] = {}
        self._number = 0
        self._listener: Callable[[Event], None] = lambda event: None
        self._ended = asyncio.Event()

    async def open(self, near: socket.socket) -> None:
        """Take this end of the pair."""
        await self._lines.open(near)

    @property
    def fault(self) -> str:
        """What was wrong with the words of the far end, when the pipe ended for that."""
        return self._lines.fault

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Have `listener` called with every event; it must not block."""
        self._listener = listener

    async def ended(self) -> None:
        """Wait until nothing comes from the far end any more."""
        await self._ended.wait()

    async def perform(self, command: Command) -> Outcome:
        """Carry out a command at the far end; `Refused` when it is full, gone or silent."""
        if len(self._waiting) >= MAX_WAITING:
            return Refused("media_failed", "The media process has too much to do.")
        if not self._lines.is_open:
            return GONE
        if self._lines.untaken_bytes > MAX_UNTAKEN_BYTES:
            return Refused("media_failed", "The media process does not take its words.")
        self._number += 1
        number = b"%d" % self._number
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            self._lines.write(b"%s %s\n" % (number, to_wire(command)))
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await future
        except MediaError as error:  # longer than a word may be
            return Refused(error.code, error.message)
        except TimeoutError:
            return Refused("media_failed", "The media process does not answer.")
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        """Close the pipe: the far end drops everything."""
        self._lines.close()

    def _take(self, line: bytes) -> None:
        number, _, body = line.partition(b" ")
        word = from_wire(body)
        if number != b"0":
            future = self._waiting.get(number)
            if future is not None and not future.done() and isinstance(word, Outcome):
                future.set_result(word)
            return
        if isinstance(word, Sign | Levels | Surveyed):
            self._sign(word)
        if isinstance(word, Event):
            self._listener(word)

    def _over(self) -> None:
        if self.fault:
            log.warning("pipe_spoilt", fault=self.fault)
        self._ended.set()
        for future in self._waiting.values():
            if not future.done():
                future.set_result(GONE)


async def serve(
    engine: Engine,
    far: socket.socket,
    ticks: Callable[[], int] = lambda: 0,
    figures: Callable[[], Surveyed] | None = None,
) -> None:
    """Carry out what comes down the pipe until it ends; commands run side by side, in order of arrival.

    `ticks` is what its heart beats with; `figures` are told now and then, without being asked for.
    """
    dropped = 0
    ended = asyncio.Event()

    def tell(word: Event | Sign | Surveyed) -> None:
        nonlocal dropped
        comes_again = isinstance(word, Levels) or not isinstance(word, Event)
        if comes_again and lines.untaken_bytes >= MAX_EVENT_BYTES:
            dropped += 1
            return
        lines.write(b"0 %s\n" % to_wire(word))
        if isinstance(word, Levels):
            heart.beaten()

    async def carry_out(line: bytes) -> None:
        number, _, body = line.partition(b" ")
        try:
            answer = to_wire(await engine.perform(_command(body)))
        except MediaError as error:  # no command, or an answer that is too long for the door
            answer = to_wire(Refused(error.code, error.message))
        lines.write(b"%s %s\n" % (number, answer))

    def take(line: bytes) -> None:
        spawn(carry_out(line), "door")

    lines = Lines(take, ended.set, waits=True)
    heart = Heart(tell, ticks, figures)
    await lines.open(far)
    engine.listen(tell)
    tell(Hello(VERSION, os.getpid()))
    heart.begin()
    try:
        await ended.wait()
    finally:
        heart.stop()
        lines.close()
        log.debug("pipe_ended", dropped=dropped)
        await engine.close()


def _command(body: bytes) -> Command:
    word = from_wire(body)
    if not isinstance(word, Command):
        raise MediaError("bad_word", "This is no command.")
    return word
