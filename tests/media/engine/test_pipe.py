"""The pipe between the door and an engine elsewhere: what happens when one end is full, gone or too fast."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from collections.abc import Callable
from contextlib import suppress

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
    Surveyed,
)
from media.engine.heart import BEAT_S, FIGURES_SIGNS
from media.engine.lines import TURN_LINES
from media.engine.pipe import MAX_EVENT_BYTES, MAX_UNTAKEN_BYTES, PipeEngine, serve
from media.engine.wire import MAX_WORD_BYTES, VERSION, from_wire, to_wire

LEVELS = Levels("booth-1", {"A": -20.0, "B": None}, ("A",))
LOST = Lost("booth-1", "A", 1)
FIGURES = Surveyed((), (), {})


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


def ends() -> tuple[socket.socket, socket.socket]:
    near, far = socket.socketpair()
    for end in (near, far):
        end.setblocking(False)
    return near, far


async def driven(
    near: socket.socket, sign: Callable[[Sign | Levels | Surveyed], None] = lambda sign: None
) -> PipeEngine:
    engine = PipeEngine(sign)
    await engine.open(near)
    return engine


async def test_a_reader_that_is_behind_misses_levels_and_nothing_else() -> None:
    near, far = ends()
    reader, writer = await asyncio.open_connection(sock=near, limit=MAX_WORD_BYTES)
    engine = Told()
    serving = asyncio.create_task(serve(engine, far))
    assert isinstance(from_wire((await reader.readline()).partition(b" ")[2]), Hello)
    line = len(to_wire(LEVELS)) + 3
    for _ in range(2 * MAX_EVENT_BYTES // line):
        engine.tell(LEVELS)
    engine.tell(LOST)
    engine.tell(LEVELS)
    events: list[Event] = []
    async with asyncio.timeout(10):
        while not events or events[-1] != LOST:
            word = from_wire((await reader.readline()).partition(b" ")[2])
            events += [word] if isinstance(word, Event) else []
    assert events.count(LEVELS) * line < 1.5 * MAX_EVENT_BYTES
    writer.close()
    await serving


async def test_the_far_end_says_first_what_it_speaks_and_then_that_it_lives_several_times_a_second() -> None:
    near, far = ends()
    signs: asyncio.Queue[Sign | Levels | Surveyed] = asyncio.Queue()
    ticks = itertools.count(1)
    serving = asyncio.create_task(serve(Told(), far, lambda: next(ticks)))
    engine = await driven(near, signs.put_nowait)
    async with asyncio.timeout(5 * BEAT_S + 2):
        first = [await signs.get() for _ in range(4)]
    assert first == [Hello(VERSION, os.getpid()), Beating(1), Beating(2), Beating(3)]
    await engine.close()
    await serving


async def test_levels_are_signs_of_life_and_figures_come_without_being_asked_for() -> None:
    near, far = ends()
    signs: asyncio.Queue[Sign | Levels | Surveyed] = asyncio.Queue()
    heard: list[Event] = []
    told = Told()
    serving = asyncio.create_task(serve(told, far, lambda: 0, lambda: FIGURES))
    engine = await driven(near, signs.put_nowait)
    engine.listen(heard.append)
    async with asyncio.timeout(5):
        assert [type(await signs.get()) for _ in range(2)] == [Hello, Beating]
        for _ in range(FIGURES_SIGNS):
            told.tell(LEVELS)
        assert [await signs.get() for _ in range(FIGURES_SIGNS + 1)] == [*[LEVELS] * FIGURES_SIGNS, FIGURES]
    assert heard == [LEVELS] * FIGURES_SIGNS
    await engine.close()
    await serving


async def test_a_far_end_that_does_not_take_its_words_is_given_no_more_and_the_rest_of_us_goes_on() -> None:
    near, far = ends()
    engine = await driven(near)
    long = AddCandidate("booth-1", "A", 1, "x" * (MAX_WORD_BYTES // 2), None, None)
    others = [asyncio.create_task(engine.perform(long)) for _ in range(2 * MAX_UNTAKEN_BYTES // MAX_WORD_BYTES + 8)]
    await asyncio.sleep(0)
    began_s = asyncio.get_running_loop().time()
    outcome = await engine.perform(long)
    assert isinstance(outcome, Refused)
    assert "does not take" in outcome.message
    assert asyncio.get_running_loop().time() - began_s < 1.0, "whoever asks is not kept waiting"
    far.close()
    assert {type(each) for each in await asyncio.gather(*others)} == {Refused}
    await engine.close()


async def test_a_word_that_is_too_long_for_the_door_is_refused_at_either_end() -> None:
    near, far = ends()
    told = Told()
    serving = asyncio.create_task(serve(told, far))
    engine = await driven(near)
    long = AddCandidate("booth-1", "A", 1, "x" * MAX_WORD_BYTES, None, None)
    assert isinstance(await engine.perform(long), Refused)
    told.outcome = Answered("x" * MAX_WORD_BYTES)
    assert isinstance(await engine.perform(Measure("booth-1")), Refused)
    told.outcome = Done()
    assert await engine.perform(Measure("booth-1")) == Done()
    await engine.close()
    await serving


async def test_what_is_no_command_is_refused_and_the_far_end_goes_on() -> None:
    near, far = ends()
    serving = asyncio.create_task(serve(Told(), far))
    reader, writer = await asyncio.open_connection(sock=near)
    writer.write(b'7 {"word":"Nonsense"}\n8 %s\n9 %s\n' % (to_wire(LOST), to_wire(Measure("booth-1"))))
    answers: dict[bytes, object] = {}
    async with asyncio.timeout(5):
        while len(answers) < 3:
            number, _, body = (await reader.readline()).partition(b" ")
            if number != b"0":
                answers[number] = from_wire(body)
    assert [type(answers[number]) for number in (b"7", b"8", b"9")] == [Refused, Refused, Done]
    writer.close()
    await serving


async def test_a_far_end_that_dies_refuses_what_waits_and_what_comes() -> None:
    near, far = ends()
    engine = await driven(near)
    waiting = asyncio.create_task(engine.perform(Measure("booth-1")))
    await asyncio.sleep(0)
    far.close()
    async with asyncio.timeout(2):
        for outcome in (await waiting, await engine.perform(Measure("booth-1"))):
            assert outcome == Refused("media_failed", "The media process is gone.")
    await engine.close()


@pytest.mark.parametrize("garbage", [b"\n", b"hello\n", b"1 {}\n", b"0 " + b"x" * 2 * MAX_WORD_BYTES + b"\n"])
async def test_a_far_end_that_speaks_garbage_counts_as_gone(garbage: bytes) -> None:
    near, far = ends()
    engine = await driven(near)
    waiting = asyncio.create_task(engine.perform(Measure("booth-1")))
    await asyncio.sleep(0)
    with suppress(ConnectionError):
        await asyncio.get_running_loop().sock_sendall(far, garbage)
    async with asyncio.timeout(2):
        assert await waiting == Refused("media_failed", "The media process is gone.")
        await engine.ended()
    assert engine.fault
    far.close()
    await engine.close()


async def test_a_far_end_that_floods_lets_others_have_their_turn() -> None:
    near, far = ends()
    heard, turns = 0, 0

    def hear(event: Event) -> None:
        nonlocal heard
        heard += 1

    engine = await driven(near)
    engine.listen(hear)
    flooding = asyncio.create_task(asyncio.get_running_loop().sock_sendall(far, (b"0 %s\n" % to_wire(LEVELS)) * 2000))
    async with asyncio.timeout(10):
        while heard < 2000:
            before = heard
            await asyncio.sleep(0)
            turns += 1
            assert heard - before <= TURN_LINES
    await flooding
    assert turns > 2000 / TURN_LINES
    far.close()
    await engine.close()
