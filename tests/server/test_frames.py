"""Frames that are made once for many sockets: as any client reads them, and never in the way of what must arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from media.engine import door
from server.frames import UNTAKEN_BYTES, Line, text_frame
from server.keys import TALLY
from tests.support.hall import DESK, HANOI, KIM, SUWON, Hall, hall


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("text", ["", "x" * 125, "x" * 126, "수원" * 50, "x" * 65_535])
async def test_a_client_reads_a_frame_of_ours_as_the_text_that_it_is_between_those_of_the_library(text: str) -> None:
    async def serve(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        line = Line(request, socket)
        await line.send_str("before")
        assert line.put(text_frame(text))
        await line.send_str("after")
        await socket.close()
        assert not line.put(text_frame("late")), "nothing is said after goodbye"
        return socket

    app = web.Application()
    app.router.add_get("/", serve)
    async with TestClient(TestServer(app)) as client, client.ws_connect("/") as socket:
        assert [message.data async for message in socket] == ["before", text, "after"]
        assert socket.close_code == 1000


def test_a_text_that_no_frame_for_many_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        text_frame("x" * 65_536)


async def test_nothing_that_is_sent_is_compressed_even_for_a_client_that_would_like_it(at: Hall) -> None:
    line = await at.line(SUWON, compress=15)
    assert line.socket._response.headers.get("Sec-WebSocket-Extensions") is None


async def test_a_client_that_does_not_read_misses_levels_and_no_word_and_the_others_miss_none(at: Hall) -> None:
    deaf, desk = await at.join(SUWON, media=False), await at.join(DESK)
    connection = deaf.socket._response.connection
    assert connection is not None
    transport: Any = connection.transport
    transport.pause_reading()
    people = {f"interpreter.booth-1.{'x' * 30}-{number}": -float(number) for number in range(400)}
    sent = 0
    async with asyncio.timeout(20):
        while not at.app[TALLY].levels_dropped:
            sent += 1
            at.engine.tell(door.Levels("booth-1", {SUWON: -float(sent), **people}, ()))
            levels = await desk.next("levels")
            assert levels["sites"] == {"suwon": -float(sent)}
        await desk.say("set", id="c1", site="suwon", muted=True)
        await desk.next("ok")
    transport.resume_reading()
    booth = await deaf.until(lambda booth: bool(booth["sites"]["suwon"]["muted"]))
    assert booth["type"] == "booth"
    at.engine.tell(door.Levels("booth-1", {SUWON: -1.0}, ()))
    while (await deaf.next("levels", within_s=10))["sites"] != {"suwon": -1.0}:
        pass
    assert sent * 400 > UNTAKEN_BYTES


async def test_levels_do_not_overtake_the_word_that_lets_a_client_in(at: Hall) -> None:
    line = await at.line(HANOI)
    await line.say("hello")
    for number in range(50):
        at.engine.tell(door.Levels("booth-1", {KIM: -float(number)}, ()))
        await asyncio.sleep(0)
    first = await line.socket.receive()
    while first.type is aiohttp.WSMsgType.PING:
        first = await line.socket.receive()
    assert first.json()["type"] == "welcome"
