"""A whole server without media: real HTTP, sockets, tokens and store, a scripted engine, and a clock to turn."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from media.engine import door
from server.app import make_app
from server.conductor import Conductor
from server.conductor.record import Record
from server.event import Event, load
from server.keys import CONDUCTOR
from server.links import links_of
from server.settings import read
from server.store import Store
from server.tokens import Tokens

C = TypeVar("C")
EVENT = load("tests/support/test-event.toml")
TOKENS = Tokens("s" * 43, EVENT.id)
SUWON, HANOI, KIM = "room.booth-1.suwon", "room.booth-1.hanoi", "interpreter.booth-1.kim"
DESK, TECHNICIAN = "operator.booth-1.suwon", "technician.duty"
LINKS = {str(link.seat): link.token for link in links_of(EVENT, TOKENS, origin="https://x", now=datetime.now(UTC))}
PATIENCE_S = 3.0
"""How long a test waits for what has to come at once."""


async def turn(seconds: float) -> None:
    """Turn the clock of the event loop, and let everything happen that is due by then.

    What is under way on the wires, such as a pong, arrives before: a loaded machine may take some milliseconds.
    """
    await asyncio.sleep(0.02)
    loop = asyncio.get_running_loop()
    before = loop.time
    setattr(loop, "time", lambda: before() + seconds)  # noqa: B010
    for _ in range(20):
        await asyncio.sleep(0)


class ScriptedEngine:
    """The engine's door without an engine: notes commands, answers as `outcomes` says, and tells what a test wants."""

    def __init__(self) -> None:
        self.commands: list[door.Command] = []
        self._came = asyncio.Condition()
        self.outcomes: dict[type[Any], Callable[[Any], door.Outcome]] = {
            door.Connect: lambda connect: door.Answered(f"answer to {connect.offer}")
        }
        self.gate = asyncio.Event()
        """Connections wait for it."""
        self.gate.set()
        self.hangs = False
        """Whether it gives no figures, ever."""
        self.tell: Callable[[door.Event], None] = lambda event: None

    def listen(self, listener: Callable[[door.Event], None]) -> None:
        self.tell = listener

    async def perform(self, command: door.Command) -> door.Outcome:
        async with self._came:
            self.commands.append(command)
            self._came.notify_all()
        if isinstance(command, door.Connect):
            await self.gate.wait()
        if isinstance(command, door.Survey) and self.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return self.outcomes.get(type(command), lambda _: door.Done())(command)

    async def close(self) -> None:
        self.commands.clear()

    def asked(self, kind: type[C]) -> list[C]:
        """The commands of one kind, so far."""
        return [command for command in self.commands if isinstance(command, kind)]

    async def until(self, kind: type[C], count: int = 1) -> C:
        """The `count`th command of a kind, as soon as it has come."""
        async with asyncio.timeout(PATIENCE_S):
            async with self._came:
                await self._came.wait_for(lambda: len(self.asked(kind)) >= count)
        return self.asked(kind)[count - 1]


class Line:
    """One client's WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.resume = ""
        """What its last welcome brought."""

    async def say(self, kind: str, **fields: Any) -> None:
        await self.socket.send_str(json.dumps({"type": kind, **fields}))

    async def next(self, *kinds: str, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """The next message of one of these types; others before it are passed over."""
        async with asyncio.timeout(within_s):
            while True:
                message = await self.socket.receive()
                if message.type is aiohttp.WSMsgType.PING:
                    continue
                assert message.type is aiohttp.WSMsgType.TEXT, f"closed with {self.socket.close_code}"
                body: dict[str, Any] = json.loads(message.data)
                self.resume = body.get("resume", self.resume)
                if not kinds or body["type"] in kinds:
                    return body

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next state of the booth that is as wanted."""
        while True:
            booth = await self.next("booth")
            if wanted(booth):
                return booth

    def cut(self) -> None:
        """The line breaks: nobody says anything."""
        self.socket.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    async def close_code(self) -> int | None:
        """What the server closes with; everything before it is passed over."""
        return (await self.closing())[0]

    async def closing(self) -> tuple[int | None, str]:
        """Code and reason that the server closes with; everything before them is passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(ConnectionError):  # the client's own pong to a server that has closed already
                    message = await self.socket.receive()
                    if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.PING):
                        return self.socket.close_code, message.extra or ""


class Hall:
    """A server that runs, its engine, and ways to come in."""

    def __init__(self, client: TestClient[web.Request, web.Application], engine: ScriptedEngine) -> None:
        self.client = client
        self.engine = engine
        self.app = client.app
        self.conductor = self.app[CONDUCTOR]

    async def line(self, seat: str, **options: Any) -> Line:
        """A socket with the link of a seat, before any word."""
        headers = {"Authorization": f"Bearer {LINKS[seat]}"}
        return Line(await self.client.ws_connect("/signal", protocols=("hanmaru.v1",), headers=headers, **options))

    async def join(self, seat: str, *, media: bool = True, resume: str | None = None) -> Line:
        """A client that has its seat and, where the seat has media, is connected; `resume`: it had the seat before."""
        line = await self.line(seat)
        booth = {"booth": "booth-1"} if seat == TECHNICIAN else {}
        await line.say("hello", **booth) if resume is None else await line.say("reconnect", seat=seat, resume=resume)
        welcome = await line.next("welcome")
        if media and welcome["media"]["audio"]:
            await line.say("offer", sdp="v=0")
            await line.next("answer")
            self.engine.tell(door.Carrying(welcome["booth"], seat, welcome["generation"]))
        return line


@asynccontextmanager
async def hall(
    folder: Path,
    *,
    event: Event = EVENT,
    record: Callable[[Store], Record] = lambda store: store,
    **environment: str,
) -> AsyncIterator[Hall]:
    """A server on a free port; its facts stay in `folder`. `environment`: settings, without their `HANMARU_`."""
    engine, store = ScriptedEngine(), Store(folder / "facts.sqlite3")
    settings = read(
        {
            f"HANMARU_{name}": value
            for name, value in {"STATE_DIR": str(folder), "SHEDDING": "off", **environment}.items()
        }
    )
    conductor = Conductor(event, engine, record(store), settings.relay, supervised=settings.supervised)
    app = make_app(settings, event, conductor=conductor, store=store, tokens=TOKENS, engine=engine)
    async with TestClient(TestServer(app), cookie_jar=aiohttp.DummyCookieJar()) as client:
        yield Hall(client, engine)
