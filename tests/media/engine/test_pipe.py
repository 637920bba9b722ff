"""The pipe between the door and an engine elsewhere: what happens when one end is full, gone or too fast."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from media.engine.door import Command, Done, Event, Levels, Lost, Measure, Outcome, Refused
from media.engine.pipe import MAX_EVENT_BYTES, PipeEngine, serve
from media.engine.wire import MAX_WORD_BYTES, from_wire, to_wire

LEVELS = Levels("booth-1", {"A": -20.0, "B": None}, ("A",))
LOST = Lost("booth-1", "A", 1)

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Told:
    """An engine that says what it is told to say."""

    def __init__(self) -> None:
        self.tell: Callable[[Event], None] = lambda event: None

    def listen(self, listener: Callable[[Event], None]) -> None:
        self.tell = listener

    async def perform(self, command: Command) -> Outcome:
        return Done()

    async def close(self) -> None: ...


async def ends() -> tuple[Stream, Stream]:
    one, other = socket.socketpair()
    near = await asyncio.open_connection(sock=one, limit=MAX_WORD_BYTES)
    far = await asyncio.open_connection(sock=other, limit=MAX_WORD_BYTES)
    return near, far


async def test_a_reader_that_is_behind_misses_levels_and_nothing_else() -> None:
    (reader, writer), far = await ends()
    engine = Told()
    serving = asyncio.create_task(serve(engine, *far))
    await asyncio.sleep(0)
    line = len(to_wire(LEVELS)) + 3
    for _ in range(2 * MAX_EVENT_BYTES // line):
        engine.tell(LEVELS)
    engine.tell(LOST)
    engine.tell(LEVELS)
    events: list[Event] = []
    async with asyncio.timeout(10):
        while not events or events[-1] != LOST:
            events.append(from_wire((await reader.readline()).partition(b" ")[2]))
    assert events.count(LEVELS) * line < 1.5 * MAX_EVENT_BYTES
    writer.close()
    await serving


async def test_a_far_end_that_dies_refuses_what_waits_and_what_comes() -> None:
    near, (_, far) = await ends()
    engine = PipeEngine(*near)
    waiting = asyncio.create_task(engine.perform(Measure("booth-1")))
    await asyncio.sleep(0)
    far.close()
    async with asyncio.timeout(2):
        for outcome in (await waiting, await engine.perform(Measure("booth-1"))):
            assert outcome == Refused("media_failed", "The media process is gone.")
    await engine.close()


@pytest.mark.parametrize("garbage", [b"\n", b"hello\n", b"1 {}\n", b"0 " + b"x" * 2 * MAX_WORD_BYTES + b"\n"])
async def test_a_far_end_that_speaks_garbage_counts_as_gone(garbage: bytes) -> None:
    near, (_, far) = await ends()
    engine = PipeEngine(*near)
    waiting = asyncio.create_task(engine.perform(Measure("booth-1")))
    await asyncio.sleep(0)
    far.write(garbage)
    async with asyncio.timeout(2):
        assert await waiting == Refused("media_failed", "The media process is gone.")
    far.close()
    await engine.close()


async def test_a_far_end_that_floods_lets_others_have_their_turn() -> None:
    near, (_, far) = await ends()
    heard, turns = 0, 0

    def hear(event: Event) -> None:
        nonlocal heard
        heard += 1

    engine = PipeEngine(*near)
    engine.listen(hear)
    far.write((b"0 %s\n" % to_wire(LEVELS)) * 2000)
    async with asyncio.timeout(10):
        while heard < 2000:
            before = heard
            await asyncio.sleep(0)
            turns += 1
            assert heard - before < 100
    far.close()
    await engine.close()
