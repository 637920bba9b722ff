"""The conversation with Janus, held against a server that speaks as Janus does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bench import janus_line
from bench.janus_line import Line


class Daemon:
    """Acknowledges what Janus acknowledges, refuses the plugin `nothing`, and counts keepalives."""

    def __init__(self) -> None:
        self.kept_alive = 0
        self.news = asyncio.Event()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("janus-protocol",))
        await socket.prepare(request)
        async for frame in socket:
            for answer in self.answers(frame.json()):
                await socket.send_json(answer)
        return socket

    def answers(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        mark = {"transaction": asked["transaction"]}
        match asked["janus"]:
            case "create":
                return [{"janus": "success", "data": {"id": 7}} | mark]
            case "attach" if asked["plugin"].endswith("nothing"):
                return [{"janus": "error", "error": {"code": 460, "reason": "No such plugin"}} | mark]
            case "attach":
                return [{"janus": "success", "data": {"id": 9}} | mark, {"janus": "webrtcup", "sender": 9}]
            case "message":
                data = {"error": "No such room"} if asked["body"]["request"] == "join" else {"done": True}
                return [{"janus": "ack"} | mark, {"janus": "event", "plugindata": {"data": data}} | mark]
            case "keepalive":
                self.kept_alive += 1
                self.news.set()
                return [{"janus": "ack"} | mark]
            case _:
                return [{"janus": "success"} | mark]


async def opened(daemon: Daemon) -> tuple[TestClient[Any, Any], Line]:
    app = web.Application()
    app.router.add_get("/", daemon.serve)
    client = TestClient(TestServer(app))
    await client.start_server()
    line = Line(await client.ws_connect("/", protocols=("janus-protocol",)))
    await line.begin()
    return client, line


async def test_an_answer_is_what_comes_after_the_acknowledgement() -> None:
    client, line = await opened(Daemon())
    async with client:
        handle = await line.attach("audiobridge")
        await line.up(handle)
        answer = await line.message(handle, {"request": "create"})
        assert answer["plugindata"]["data"] == {"done": True}
        await line.close()


async def test_what_is_refused_is_an_error_with_its_reason() -> None:
    client, line = await opened(Daemon())
    async with client:
        with pytest.raises(RuntimeError, match="No such plugin"):
            await line.attach("nothing")
        with pytest.raises(RuntimeError, match="No such room"):
            await line.message(9, {"request": "join"})
        await line.close()


async def test_a_session_is_kept_alive_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(janus_line, "KEEP_ALIVE_S", 0.01)
    daemon = Daemon()
    client, line = await opened(daemon)
    async with client, asyncio.timeout(10):
        while daemon.kept_alive < 3:
            daemon.news.clear()
            await daemon.news.wait()
        await line.close()
