"""An operator's desk without a page: a native client that gives commands over the real wire and follows the booth."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp

Message = dict[str, Any]


class Desk:
    """One seat on an open WebSocket; `booth` is the last state the server sent."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.booth: Message = {}
        self._replies: dict[str, asyncio.Future[Message]] = {}
        self._ids = (f"d{number}" for number in itertools.count(1))
        self._changed = asyncio.Event()

    async def follow(self) -> None:
        """Read until the socket closes."""
        async for frame in self.socket:
            message: Message = frame.json()
            if message["type"] == "booth":
                self.booth = message
                self._changed.set()
            elif "id" in message and message["id"] in self._replies:
                self._replies.pop(message["id"]).set_result(message)

    async def ask(self, kind: str, **fields: object) -> Message:
        """Send a command and return its answer, `ok` or `error`. Raises TimeoutError."""
        own = next(self._ids)
        reply = self._replies[own] = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"type": kind, "id": own, **fields})
        async with asyncio.timeout(5):
            answer: Message = await reply
        return answer

    async def do(self, kind: str, **fields: object) -> None:
        """Send a command that has to succeed."""
        answer = await self.ask(kind, **fields)
        assert answer["type"] == "ok", answer

    async def until(self, fact: Callable[[Message], object], within_s: float = 5.0) -> float:
        """Seconds until `fact` holds for the booth's state. Raises TimeoutError with the state as it is."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        try:
            async with asyncio.timeout(within_s):
                while not (self.booth and fact(self.booth)):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"not within {within_s} s: the booth is {self.booth}") from None
        return loop.time() - begun_s


@contextlib.asynccontextmanager
async def desk(origin: str, token: str) -> AsyncIterator[Desk]:
    """Take the seat of `token` (operator or technician) and follow the booth."""
    address = origin.replace("https://", "wss://") + "/signal"
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http,
        http.ws_connect(address, protocols=("hanmaru.v1",), ssl=False) as socket,
    ):
        own = Desk(socket)
        await socket.send_json({"type": "hello"})
        reading = asyncio.create_task(own.follow())
        try:
            await own.until(lambda booth: booth)
            yield own
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
