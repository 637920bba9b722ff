"""`kill -9` of the real server under four busy operators: what was acknowledged is there, and nothing twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
import time
import uuid
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog

from tests.support.served import Link, Served, free_port, serve

KILLS = int(os.environ.get("KILLS", "4"))  # `KILLS=20` for the long row
SEED = int(os.environ.get("SEED", str(time.time_ns() % 1_000_000)))
PRESS_S = 0.04  # under the pace at which a client is told `too_fast`
LATEST_S = 0.008  # after a press: the command is on its way, being written, or just answered
RETRY_S = 0.1
PATIENCE_S = 20.0

log = structlog.get_logger("test")


class Operator:
    """A client that never gives up: says each command until it is answered, in order, on as many lines as it takes."""

    def __init__(self, http: aiohttp.ClientSession, address: str, link: Link, pressed: asyncio.Event) -> None:
        self.seat = f"operator.{link.booth}.{link.site}"
        self.site = link.site
        self.waiting: dict[str, dict[str, Any]] = {}
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self.generations: list[int] = []
        self.booth: dict[str, Any] = {}
        self.volume_db = 0.0
        self._http = http
        self._address = address
        self._token = link.token
        self._resume = ""
        self._pressed = pressed
        self._seated: aiohttp.ClientWebSocketResponse | None = None

    async def press(self) -> None:
        """Another setting, never the same one twice; nothing while there is no line, as pages do."""
        if self._seated is None or self._seated.closed:
            return
        self.volume_db = round(self.volume_db - 0.01, 2) if self.volume_db > -40 else 6.0
        name = str(uuid.uuid4())
        command = {"type": "set", "id": name, "site": self.site, "volume_db": self.volume_db}
        self.waiting[name] = command
        with suppress(ConnectionError):
            await self._seated.send_json(command)
            self._pressed.set()

    async def stay(self) -> None:
        while True:
            try:
                headers = {"Authorization": f"Bearer {self._token}"}
                async with self._http.ws_connect(
                    self._address, protocols=("hanmaru.v1",), headers=headers, ssl=False
                ) as socket:
                    await self._talk(socket)
            except (aiohttp.ClientError, ConnectionError):
                pass
            self._seated = None
            await asyncio.sleep(RETRY_S)

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        back = {"type": "reconnect", "seat": self.seat, "resume": self._resume}
        await socket.send_json(back if self._resume else {"type": "hello"})
        async for message in socket:
            word = json.loads(message.data)
            match word["type"]:
                case "welcome":
                    self._resume = word["resume"]
                    self.generations.append(word["generation"])
                    self._seated = socket
                    for command in self.waiting.values():
                        await socket.send_json(command)
                case "seat_taken":
                    raise AssertionError("the seat is not as it was left")
                case "ok":
                    del self.waiting[word["id"]]
                    self.acknowledged.append(word["id"])
                case "error":
                    self.refused.append(word["code"])
                case "booth":
                    self.booth = word


async def _answered(operators: list[Operator]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if not any(operator.waiting for operator in operators):
                return
            await asyncio.sleep(0.02)


async def _busy(operators: list[Operator]) -> None:
    while True:
        for operator in operators:
            await operator.press()
            await asyncio.sleep(PRESS_S / len(operators))


def _facts(state_dir: Path) -> list[tuple[str, int, str | None, dict[str, Any]]]:
    [record] = state_dir.glob("*.sqlite3")
    with closing(sqlite3.connect(record)) as connection:
        rows = connection.execute("SELECT booth, sequence, event, body FROM facts ORDER BY booth, epoch, sequence")
        return [(booth, sequence, event, json.loads(body)) for booth, sequence, event, body in rows]


async def _started(state_dir: Path, port: int) -> Served:
    return await serve(state_dir, port=port)


@pytest.mark.timeout(60 + 20 * KILLS)
async def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9(tmp_path: Path) -> None:
    log.info("seeded", seed=SEED, kills=KILLS)
    chance = random.Random(SEED)
    port, state_dir, pressed = free_port(), tmp_path / "state", asyncio.Event()
    served = await _started(state_dir, port)
    cut_off = unheard = 0
    try:
        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
            links = [link for link in served.links if link.role == "operator"]
            operators = [Operator(http, f"https://127.0.0.1:{port}/signal", link, pressed) for link in links]
            staying = [group.create_task(operator.stay()) for operator in operators]
            pressing = group.create_task(_busy(operators))
            for _ in range(KILLS):
                await asyncio.sleep(chance.uniform(0.2, 1.0))  # a part of a consultation
                pressed.clear()
                async with asyncio.timeout(PATIENCE_S):
                    await pressed.wait()
                await asyncio.sleep(chance.uniform(0.0, LATEST_S))
                served.kill()
                await served.process.wait()
                waiting = {f"{operator.seat}/{name}" for operator in operators for name in operator.waiting}
                cut_off += len(waiting)
                unheard += len(waiting & {event for _, _, event, _ in _facts(state_dir)})
                served = await _started(state_dir, port)
            pressing.cancel()
            await _answered(operators)
            for task in staying:
                task.cancel()
    finally:
        if served.process.returncode is None:
            served.kill()
            await served.process.wait()
    facts = _facts(state_dir)
    written = Counter(event for _, _, event, _ in facts if event is not None)
    asked = {f"{each.seat}/{name}" for each in operators for name in (*each.acknowledged, *each.waiting)}
    log.info("killed", kills=KILLS, commands=len(written), on_their_way=cut_off, written_but_unheard=unheard)
    assert cut_off > 0
    assert set(written.values()) == {1}, "obeyed twice"
    assert set(written) == asked, "acknowledged and lost"
    assert [operator.refused for operator in operators] == [[]] * len(operators)
    for booth in {booth for booth, *_ in facts}:
        numbers = [sequence for name, sequence, *_ in facts if name == booth]
        assert numbers == list(range(1, len(numbers) + 1))
    for operator in operators:
        assert operator.generations == sorted(set(operator.generations)), "each seat goes on where it was"
        assert len(operator.generations) > KILLS
        last = [body["volume_db"] for _, _, event, body in facts if event and event.startswith(operator.seat)][-1]
        assert operator.booth["sites"][operator.site]["volume_db"] == last
