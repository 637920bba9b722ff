"""One conversation with Janus over its WebSocket: a session, its handles, requests to plugins and their answers."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import aiohttp

ANSWER_S = 15.0
KEEP_ALIVE_S = 25.0


class Line:
    """One WebSocket with Janus: a session, its handles, answers by transaction and events by handle."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._transactions = itertools.count(1)
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._session = 0
        self._up: dict[int, asyncio.Event] = {}
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._keep_alive())]

    async def begin(self) -> None:
        """Make a session."""
        self._session = (await self._ask({"janus": "create"}))["data"]["id"]

    async def attach(self, plugin: str) -> int:
        """A handle of that plugin."""
        asked = {"janus": "attach", "plugin": f"janus.plugin.{plugin}"}
        handle: int = (await self._ask(asked))["data"]["id"]
        self._up.setdefault(handle, asyncio.Event())
        return handle

    async def up(self, handle: int) -> None:
        """Wait until Janus says that a handle's connection is up; a feed is known only then. Raises TimeoutError."""
        async with asyncio.timeout(ANSWER_S):
            await self._up[handle].wait()

    async def message(self, handle: int, body: dict[str, Any], jsep: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request to a plugin: its answer, past any `ack`. Raises RuntimeError when it is refused."""
        asked = {"janus": "message", "handle_id": handle, "body": body}
        answer = await self._ask(asked | ({"jsep": jsep} if jsep else {}))
        said = answer.get("plugindata", {}).get("data", {})
        if "error" in said:
            raise RuntimeError(f"Janus refuses {body['request']}: {said['error']}")
        return answer

    async def detach(self, handle: int) -> None:
        """Give a handle back: its connection ends."""
        self._up.pop(handle, None)
        await self._ask({"janus": "detach", "handle_id": handle})

    async def close(self) -> None:
        await self._ask({"janus": "destroy"})
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._socket.close()

    async def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        mark = str(next(self._transactions))
        answer = self._answers[mark] = asyncio.get_running_loop().create_future()
        whose = {"session_id": self._session} if self._session else {}
        await self._socket.send_json(asked | whose | {"transaction": mark})
        async with asyncio.timeout(ANSWER_S):
            said: dict[str, Any] = await answer
        if said["janus"] == "error":
            raise RuntimeError(f"Janus refuses {asked['janus']}: {said['error']}")
        return said

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            said = frame.json()
            if said["janus"] == "webrtcup":
                self._up.setdefault(said["sender"], asyncio.Event()).set()
            waiting = self._answers.get(said.get("transaction", ""))
            if waiting is not None and not waiting.done() and said["janus"] != "ack":
                waiting.set_result(said)
                del self._answers[said["transaction"]]

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE_S)  # a session ends after 60 s without a word; the answer is a mere ack
            mark = str(next(self._transactions))
            await self._socket.send_json({"janus": "keepalive", "session_id": self._session, "transaction": mark})
