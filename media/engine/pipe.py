"""The engine at the far end of a pipe: `PipeEngine` drives it, `serve` is it.

Frames on the pipe are one line of JSON each: `<number> <word>`; a command's number returns with its outcome, events
and signs of life have number 0. The far end says `Hello` first.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import structlog

from media.engine.door import Beating, Command, Engine, Event, Hello, Levels, Outcome, Refused, Sign
from media.engine.spawn import spawn
from media.engine.wire import MAX_WORD_BYTES, VERSION, Word, from_wire, to_wire
from media.errors import MediaError

log = structlog.get_logger("engine.pipe")

ANSWER_TIMEOUT_S = 10.0
LINE_BYTES = MAX_WORD_BYTES + 32
"""A word with its number; what is longer ends the pipe."""
MAX_WAITING = 256
"""Commands under way at once; one more is refused."""
MAX_UNTAKEN_BYTES = 1 << 20
"""Words that the far end has not taken; one more is refused."""
MAX_EVENT_BYTES = 1 << 20
"""Words that the reader has not taken: beyond this, levels and beats are dropped (they come again in 200 ms)."""
BEAT_S = 0.2

GONE = Refused("media_failed", "The media process is gone.")


class PipeEngine:
    """The door's `Engine` over a stream; the far end may be a process. `sign` is told that it lives."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        sign: Callable[[Sign], None] = lambda sign: None,
    ) -> None:
        self.fault = ""
        """What was wrong with the words of the far end, when the pipe ended for that."""
        self._reader = reader
        self._writer = writer
        self._sign = sign
        self._waiting: dict[int, asyncio.Future[Outcome]] = {}
        self._number = 0
        self._listener: Callable[[Event], None] = lambda event: None
        self._reading = spawn(self._read(), "pipe-engine")

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Have `listener` called with every event; it must not block."""
        self._listener = listener

    async def ended(self) -> None:
        """Wait until nothing comes from the far end any more."""
        await asyncio.wait([self._reading])

    async def perform(self, command: Command) -> Outcome:
        """Carry out a command at the far end; `Refused` when it is full, gone or silent."""
        if len(self._waiting) >= MAX_WAITING:
            return Refused("media_failed", "The media process has too much to do.")
        if self._reading.done():
            return GONE
        if self._writer.transport.get_write_buffer_size() > MAX_UNTAKEN_BYTES:
            return Refused("media_failed", "The media process does not take its words.")
        self._number += 1
        number = self._number
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            self._writer.write(b"%d %s\n" % (number, to_wire(command)))
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await future
        except MediaError as error:  # longer than a word may be
            return Refused(error.code, error.message)
        except (TimeoutError, ConnectionError):
            return Refused("media_failed", "The media process does not answer.")
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        """Close the pipe: the far end drops everything."""
        self._reading.cancel()
        self._writer.close()

    async def _read(self) -> None:
        try:
            while line := await self._reader.readline():
                number, _, body = line.partition(b" ")
                await self._take(int(number), from_wire(body))
        except (MediaError, ValueError) as error:  # an overlong line is a ValueError, too
            self.fault = error.message if isinstance(error, MediaError) else "This is no word of the door."
            log.warning("pipe_spoilt", fault=self.fault)
        except ConnectionError:
            pass  # it is gone: as at the end of the stream
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_result(GONE)

    async def _take(self, number: int, word: Word) -> None:
        if number != 0:
            future = self._waiting.get(number)
            if future is not None and not future.done() and isinstance(word, Outcome):
                future.set_result(word)
        elif isinstance(word, Sign):
            self._sign(word)
        elif isinstance(word, Event):
            self._listener(word)
            await asyncio.sleep(0)  # a flood must not keep the loop


async def serve(
    engine: Engine,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    ticks: Callable[[], int] = lambda: 0,
) -> None:
    """Carry out what comes down the pipe until it ends; commands run side by side, in order of arrival.

    `ticks` is what its heart beats with.
    """
    dropped = 0

    def tell(word: Event | Sign) -> None:
        nonlocal dropped
        if isinstance(word, Levels | Beating) and writer.transport.get_write_buffer_size() >= MAX_EVENT_BYTES:
            dropped += 1
        else:
            writer.write(b"0 %s\n" % to_wire(word))

    async def carry_out(number: bytes, body: bytes) -> None:
        try:
            answer = to_wire(await engine.perform(from_wire(body)))
        except MediaError as error:  # no word of the door, or an answer that is too long for it
            answer = to_wire(Refused(error.code, error.message))
        writer.write(b"%s %s\n" % (number, answer))

    async def beat() -> None:
        while True:
            tell(Beating(ticks()))
            await asyncio.sleep(BEAT_S)

    engine.listen(tell)
    tell(Hello(VERSION, os.getpid()))
    beating = spawn(beat(), "beat")
    try:
        while line := await reader.readline():
            number, _, body = line.partition(b" ")
            spawn(carry_out(number, body), "door")
            await writer.drain()  # whoever does not take the outcomes is not read from
    except ConnectionError:
        pass  # whoever drove this is gone: as at the end of the stream
    finally:
        beating.cancel()
        log.debug("pipe_ended", dropped=dropped)
        await engine.close()
