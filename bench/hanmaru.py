"""Hanmaru as it is run: a process of its own, joined through its real protocol."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from bench.cast import INTERPRETER, ROOMS, Participant, Wish, lines
from bench.peer import Peer, way
from bench.process import ended, opened, wrote
from server.robot import Message, Robot

CHECKOUT = Path(__file__).resolve().parent.parent
EVENT = CHECKOUT / "events" / "suwon-hanoi.toml"  # five booths, screens of 1280x1024
EIGHT_BOOTHS = CHECKOUT / "bench" / "eight-booths.toml"
READY_S = 40.0
STOP_S = 8.0


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody holds at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Consultation:
    """One booth with its people."""

    people: dict[str, Participant]
    robots: list[Robot]

    async def leave(self) -> None:
        for person in self.people.values():
            await person.leave()
        for robot in self.robots:
            await robot.close()


@dataclass
class Joining:
    """What a robot connects with: our lean peer, in the words that `server.robot` expects."""

    peer: Peer

    async def offer(self) -> str:
        return await self.peer.offer()

    async def accept(self, answer: str) -> None:
        await self.peer.accept(answer)

    async def close(self) -> None:
        """Dropped by its participant, which comes first."""

    @property
    def silent_s(self) -> float | None:
        """Who only measures does not come back."""
        return None


@dataclass
class Hanmaru:
    """A running server. `links`: what `links --json` prints."""

    process: asyncio.subprocess.Process
    environment: dict[str, str]
    log: Path
    links: list[dict[str, Any]] = field(default_factory=list)
    name: str = "Hanmaru"

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def origin(self) -> str:
        return f"https://127.0.0.1:{self.environment['HANMARU_PORT']}"

    async def meet(self, wish: Wish, place: int = 0) -> Consultation:
        consultation = Consultation({}, [])
        try:
            await asyncio.gather(*(self._join(consultation, wish, place, person) for person in wish.people))
            for robot in consultation.robots:
                await robot.until(lambda booth: booth["phase"] == "live", timeout_s=15.0)
            if INTERPRETER in wish.people:
                await self._go_on_air(consultation)
        except BaseException:
            await consultation.leave()
            raise
        return consultation

    def link(self, role: str, place: int, site: str | None = None) -> dict[str, Any]:
        """The first link of that role at the booth with that number."""
        booth = self.booths[place]
        return next(one for one in self.links if (one["role"], one["booth"], one["site"]) == (role, booth, site))

    @property
    def booths(self) -> list[str]:
        return list(dict.fromkeys(one["booth"] for one in self.links if one["role"] == "room"))

    @property
    def sites(self) -> list[str]:
        return list(dict.fromkeys(one["site"] for one in self.links if one["role"] == "room"))

    async def metrics(self) -> str:
        """`/metrics` as it is."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.origin}/metrics", ssl=False) as answer:
            return await answer.text()

    async def figures(self) -> dict[str, float]:
        """`/metrics`, summed up."""
        return summed(await self.metrics())

    async def stop(self) -> None:
        await ended(self.process, STOP_S)

    async def _join(self, consultation: Consultation, wish: Wish, place: int, person: str) -> None:
        if person == INTERPRETER:
            link, ways = self.link("interpreter", place), [way("audio", "sendrecv", "0")]
        else:
            link = self.link("room", place, self.sites[ROOMS.index(person)])
            ways = [way("audio", "sendrecv", "0"), way("video", "sendrecv", "1")]
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE  # our own server, on loopback
        robot = Robot(self.origin, link["token"], tls=trusting)
        consultation.robots.append(robot)
        await robot.open()
        await robot.hello(take_over=True)
        peer = Peer(ways, lines(wish, person))
        participant = Participant(person)
        participant.attach(peer, wish)
        consultation.people[person] = participant
        await robot.connect(Joining(peer))
        participant.be_quiet()

    async def _go_on_air(self, consultation: Consultation) -> None:
        """The interpreter speaks too, and everybody is heard by everybody else."""
        for robot in consultation.robots:
            if robot.welcome["role"] == "interpreter":
                await robot.until(partial(_is_connected, robot.welcome["person"]))
                await asyncio.sleep(0.5)  # on air is refused until the microphone's first packets are in
                await robot.command("on_air", on=True)


def summed(metrics: str, processes: Collection[str] | None = None) -> dict[str, float]:
    """Sums over labels, buckets by their name and edge; with `processes` only of series with such a `process`."""
    found: dict[str, float] = {}
    for line in metrics.splitlines():
        if line and not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            name, _, labels = series.partition("{")
            if processes is not None and labels.partition('process="')[2].partition('"')[0] not in processes:
                continue
            edge = labels.partition('le="')[2].partition('"')[0]
            key = f"{name}<={edge}" if edge else name
            found[key] = found.get(key, 0.0) + float(value)
    return found


def _is_connected(person: str, booth: Message) -> bool:
    connected: bool = booth["interpreters"][person]["media"] == "connected"
    return connected


async def start(folder: Path, event: Path = EVENT) -> Hanmaru:
    """Start the server and wait until it is ready. Raises RuntimeError with its log when it does not get there."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HANMARU_")},
        "HANMARU_EVENT": str(event),
        "HANMARU_HOST": "127.0.0.1",
        "HANMARU_PORT": str(free_port()),
        "HANMARU_SHEDDING": "off",  # what is measured is the whole work, also on a machine that cannot do it
        "HANMARU_STATE_DIR": str(folder),
    }
    log = folder / "server.log"
    with opened(log) as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "server", "run", cwd=CHECKOUT, env=environment, stdout=out, stderr=out
        )
    server = Hanmaru(process, environment, log)
    try:
        await _until_ready(server)
        printing = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "links", "--json"),
            cwd=CHECKOUT,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
        )
        out_bytes, _ = await printing.communicate()
        server.links = json.loads(out_bytes)
    except BaseException:
        await server.stop()
        raise
    return server


async def _until_ready(server: Hanmaru) -> None:
    deadline_s = asyncio.get_running_loop().time() + READY_S
    async with aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(f"{server.origin}/readyz", ssl=False) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            if server.process.returncode is not None or asyncio.get_running_loop().time() > deadline_s:
                raise RuntimeError(f"Hanmaru did not get ready:\n{wrote(server.log)}")
            await asyncio.sleep(0.1)
