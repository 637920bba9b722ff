"""The engine at the far end of a pipe: `PipeEngine` drives it, `serve` (or `python -m media.engine.pipe`) is it.

Frames on the pipe are one line of JSON each: `<number> <word>`; a command's number returns with its outcome, events
have number 0.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import structlog

from media.engine.door import Command, Engine, Event, Levels, Outcome, Refused
from media.engine.spawn import spawn
from media.engine.wire import MAX_WORD_BYTES, from_wire, to_wire
from media.errors import MediaError

log = structlog.get_logger("engine.pipe")

ANSWER_TIMEOUT_S = 10.0
MAX_WAITING = 256
"""Commands under way at once; one more is refused."""
MAX_EVENT_BYTES = 1 << 20
"""Words that the reader has not taken: beyond this, levels are dropped (they come again in 200 ms), nothing else."""


class PipeEngine:
    """The door's `Engine` over a stream; the far end may be a process."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[Outcome]] = {}
        self._number = 0
        self._listener: Callable[[Event], None] = lambda event: None
        self._reading = spawn(self._read(), "pipe-engine")

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Have `listener` called with every event; it must not block."""
        self._listener = listener

    async def perform(self, command: Command) -> Outcome:
        """Carry out a command at the far end; `Refused` when it is full, gone or silent."""
        if len(self._waiting) >= MAX_WAITING:
            return Refused("media_failed", "The media process has too much to do.")
        if self._reading.done():
            return Refused("media_failed", "The media process is gone.")
        self._number += 1
        number = self._number
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            self._writer.write(b"%d %s\n" % (number, to_wire(command)))
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await self._writer.drain()
                return await future
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
                word = from_wire(body)
                if number == b"0":
                    self._listener(word)
                    await asyncio.sleep(0)  # a flood must not keep the loop
                elif (future := self._waiting.get(int(number))) is not None and not future.done():
                    future.set_result(word)
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_result(Refused("media_failed", "The media process is gone."))


async def serve(engine: Engine, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry out what comes down the pipe until it ends; commands run side by side, in order of arrival."""
    levels_dropped = 0

    def tell(event: Event) -> None:
        nonlocal levels_dropped
        if isinstance(event, Levels) and writer.transport.get_write_buffer_size() >= MAX_EVENT_BYTES:
            levels_dropped += 1
        else:
            writer.write(b"0 %s\n" % to_wire(event))

    async def carry_out(number: bytes, body: bytes) -> None:
        try:
            outcome = await engine.perform(from_wire(body))
        except MediaError as error:
            outcome = Refused(error.code, error.message)
        writer.write(b"%s %s\n" % (number, to_wire(outcome)))

    engine.listen(tell)
    try:
        while line := await reader.readline():
            number, _, body = line.partition(b" ")
            spawn(carry_out(number, body), "door")
            await writer.drain()
    finally:
        log.info("pipe_ended", levels_dropped=levels_dropped)
        await engine.close()


async def _main() -> None:
    from media.engine.local import LocalEngine

    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MAX_WORD_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    await serve(LocalEngine(tuple(sys.argv[1:]) or ("127.0.0.1",)), reader, writer)


if __name__ == "__main__":
    asyncio.run(_main())
