"""A server that is stopped says so, with its reason in the close frame, and is gone in time whoever does not listen."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp

from server.robot import trusting
from tests.support.served import STOP_S, Served, serve

LISTENING, STUCK = 10, 5


async def come(http: aiohttp.ClientSession, served: Served, number: int) -> aiohttp.ClientWebSocketResponse:
    """One more client: links are shared, and whoever finds the seat taken stays connected, too."""
    link = served.links[number % len(served.links)]
    line = await http.ws_connect(
        f"{served.origin}/signal",
        protocols=("hanmaru.v1",),
        headers={"Authorization": f"Bearer {link.token}"},
        ssl=trusting(Path(served.environment["HANMARU_STATE_DIR"]) / "ca.crt"),
        autoclose=False,  # the frame itself is looked at
    )
    await line.send_json({"type": "hello", **({"booth": "booth-1"} if link.booth is None else {})})
    assert (await line.receive_json())["type"] in {"welcome", "seat_taken"}
    return line


async def farewell(line: aiohttp.ClientWebSocketResponse) -> tuple[str, object, object]:
    """The reason of the last word, the code and the reason of the close frame."""
    said = [await line.receive()]
    while said[-1].type is aiohttp.WSMsgType.TEXT:
        said.append(await line.receive())
    await line.close()
    goodbye = json.loads(said[-2].data)
    assert goodbye["type"] == "goodbye"
    return goodbye["reason"], said[-1].data, said[-1].extra


async def test_everybody_learns_why_and_those_who_do_not_read_keep_nobody_waiting(tmp_path: Path) -> None:
    served = await serve(tmp_path / "state", settings={"HANMARU_SUPERVISED": "on"})
    try:
        async with aiohttp.ClientSession() as http:
            lines = [await come(http, served, number) for number in range(LISTENING + STUCK)]
            listening = [asyncio.create_task(farewell(line)) for line in lines[:LISTENING]]
            stopping = asyncio.create_task(served.stop())  # fails after 5 s, and at another code than 0
            said = await asyncio.wait_for(asyncio.gather(*listening), STOP_S)
            await stopping
            assert set(said) == {("restart", 1012, "the server restarts: reconnect")}
    finally:
        if served.process.returncode is None:
            served.kill()
            await served.process.wait()
