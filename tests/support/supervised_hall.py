"""Live booths under a supervisor, with participants who come back by themselves and an operator at work in each."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cast import INTERPRETER, ROOMS, Wish
from bench.clip import clip
from tests.support.returning import Operator, Speaker, until_all_flow
from tests.support.served import free_port
from tests.support.supervisor import CHECKOUT, Supervisor, compiled

SMALL = (320, 256, 300_000)
"""Of a picture: pixels and bits a second."""
FIRST_S = 60.0
COMMANDS_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Hall:
    """Everybody who is there."""

    supervisor: Supervisor
    origin: str
    links: list[dict[str, str]]
    speakers: list[Speaker]
    operators: list[Operator]

    async def flows(self, within_s: float = FIRST_S) -> None:
        """Wait for media in every booth from now on. Raises TimeoutError."""
        await until_all_flow(self.speakers, time.monotonic(), within_s)

    async def commands_work(self, within_s: float = FIRST_S) -> None:
        """Wait until every operator was told of a command from now on that it is done. Raises TimeoutError."""
        asked = [len(operator.acknowledged) for operator in self.operators]
        async with asyncio.timeout(within_s):
            while any(len(each.acknowledged) < n + 2 for each, n in zip(self.operators, asked, strict=True)):  # noqa: ASYNC110 - two: the first may have been asked before
                await asyncio.sleep(0.05)

    async def goes_on(self) -> None:
        """Media flow and commands work, now and after the server was killed."""
        await self.flows()
        await self.commands_work()
        await self.comes_back()
        await self.commands_work()

    async def comes_back(self) -> None:
        """The server is killed, and media flow again."""
        killed_s = time.monotonic()
        self.supervisor.kill()
        await until_all_flow(self.speakers, killed_s, FIRST_S, anew=True)

    async def says(self, words: str, within_s: float = FIRST_S) -> None:
        """Wait until that stands in the log. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while words not in self.supervisor.wrote():  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(0.1)


@asynccontextmanager
async def opened(
    folder: Path, settings: Mapping[str, str], picture: tuple[int, int, int] = SMALL, clips: Path | None = None
) -> AsyncIterator[Hall]:
    """Every booth of the event of `settings`, live. `picture`: see `SMALL`."""
    port = free_port()
    given = {**settings, "HANMARU_PORT": str(port)}
    supervisor = Supervisor(folder / "service", given)
    wish = Wish(clip=await asyncio.to_thread(clip, clips or folder / "clips", *picture))
    await asyncio.to_thread(compiled)  # the unit writes no bytecode: its installation has
    staying: list[asyncio.Task[None]] = []
    try:
        await supervisor.start()
        links = await _links({**given, "HANMARU_STATE_DIR": str(supervisor.state_dir)})
        hall = Hall(supervisor, f"https://127.0.0.1:{port}", links, [], [])
        _cast(hall, wish)
        staying = [asyncio.create_task(each.stay()) for each in (*hall.speakers, *hall.operators)]
        await hall.flows()
        yield hall
    finally:
        for task in staying:
            task.cancel()
        await asyncio.gather(*staying, return_exceptions=True)
        await supervisor.stop()


def _cast(hall: Hall, wish: Wish) -> None:
    sites = dict.fromkeys(link["site"] for link in hall.links if link["role"] == "room")
    names = dict(zip(sites, ROOMS, strict=True))
    for link in hall.links:
        seat = (hall.origin, link["token"], link["booth"])
        match link["role"]:
            case "room":
                hall.speakers.append(Speaker(*seat, names[link["site"]], wish))
            case "interpreter":
                hall.speakers.append(Speaker(*seat, INTERPRETER, wish))
            case "operator" if names[link["site"]] == ROOMS[0]:
                hall.operators.append(Operator(*seat, link["site"], COMMANDS_EVERY_S))


async def _links(settings: Mapping[str, str]) -> list[dict[str, str]]:
    command = (sys.executable, "-m", "server", "links", "--json")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=CHECKOUT, env={**os.environ, **settings}, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    found: list[dict[str, str]] = json.loads(out)
    return found
