"""The pipe between the door and an engine elsewhere: what happens when one end is full, gone or too fast."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from collections.abc import Callable

import pytest

from media.engine.door import (
    AddCandidate,
    Answered,
    Beating,
    Command,
    Done,
    Event,
    Hello,
    Levels,
    Lost,
    Measure,
    Outcome,
    Refused,
    Sign,
)
from media.engine.pipe import BEAT_S, MAX_EVENT_BYTES, MAX_UNTAKEN_BYTES, PipeEngine, serve
from media.engine.wire import MAX_WORD_BYTES, VERSION, from_wire, to_wire

LEVELS = Levels("booth-1", {"A": -20.0, "B": None}, ("A",))
LOST = Lost("booth-1", "A", 1)

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Told:
    """An engine that says what it is told to say."""

    def __init__(self) -> None:
        self.tell: Callable[[Event], None] = lambda event: None
        self.outcome: Outcome = Done()

    def listen(self, listener: Callable[[Event], None]) -> None:
        self.tell = listener

    async def perform(self, command: Command) -> Outcome:
        return self.outcome

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


async def test_the_far_end_says_first_what_it_speaks_and_then_that_it_lives_several_times_a_second() -> None:
    near, far = await ends()
    signs: asyncio.Queue[Sign] = asyncio.Queue()
    ticks = itertools.count(1)
    serving = asyncio.create_task(serve(Told(), *far, lambda: next(ticks)))
    engine = PipeEngine(*near, signs.put_nowait)
    async with asyncio.timeout(5 * BEAT_S + 2):
        first = [await signs.get() for _ in range(4)]
    assert first == [Hello(VERSION, os.getpid()), Beating(1), Beating(2), Beating(3)]
    await engine.close()
    await serving


async def test_a_far_end_that_does_not_take_its_words_is_given_no_more_and_the_rest_of_us_goes_on() -> None:
    near, far = await ends()
    engine = PipeEngine(*near)
    long = AddCandidate("booth-1", "A", 1, "x" * (MAX_WORD_BYTES // 2), None, None)
    others = [asyncio.create_task(engine.perform(long)) for _ in range(2 * MAX_UNTAKEN_BYTES // MAX_WORD_BYTES + 8)]
    await asyncio.sleep(0)
    began_s = asyncio.get_running_loop().time()
    outcome = await engine.perform(long)
    assert isinstance(outcome, Refused)
    assert "does not take" in outcome.message
    assert asyncio.get_running_loop().time() - began_s < 1.0, "whoever asks is not kept waiting"
    far[1].close()
    assert {type(each) for each in await asyncio.gather(*others)} == {Refused}
    await engine.close()


async def test_a_word_that_is_too_long_for_the_door_is_refused_at_either_end() -> None:
    near, far = await ends()
    told = Told()
    serving = asyncio.create_task(serve(told, *far))
    engine = PipeEngine(*near)
    long = AddCandidate("booth-1", "A", 1, "x" * MAX_WORD_BYTES, None, None)
    assert isinstance(await engine.perform(long), Refused)
    told.outcome = Answered("x" * MAX_WORD_BYTES)
    assert isinstance(await engine.perform(Measure("booth-1")), Refused)
    told.outcome = Done()
    assert await engine.perform(Measure("booth-1")) == Done()
    await engine.close()
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
