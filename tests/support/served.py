"""The real server as a process of its own, with a state folder, a port and a log of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.support.weather.namespace import Namespace

CHECKOUT = Path(__file__).resolve().parents[2]
TEST_EVENT = Path(__file__).with_name("test-event.toml")
READY_S = 30.0
STOP_S = 5.0  # the promise of the server: SIGTERM ends it within that, with browsers attached


@dataclass(frozen=True, slots=True)
class Link:
    """One way in, as `links --json` prints it."""

    role: str
    booth: str | None
    site: str | None
    name: str
    url: str
    token: str


@dataclass(slots=True)
class Served:
    """A running server, its links and what it wrote."""

    process: asyncio.subprocess.Process
    environment: dict[str, str]
    log: Path
    links: tuple[Link, ...]

    @property
    def origin(self) -> str:
        """Where the links point to, such as https://localhost:40123."""
        return self.links[0].url.split("/", 3)[0] + "//" + self.links[0].url.split("/", 3)[2]

    def link(self, role: str, booth: str | None, site: str | None = None, name: str = "") -> Link:
        """The first link of that role there, with that in its name. Raises LookupError."""
        for link in self.links:
            if (link.role, link.booth, link.site) == (role, booth, site) and name in link.name:
                return link
        raise LookupError(f"no link for {role} {booth} {site}")

    def wrote(self) -> str:
        """The log so far: standard output and standard error."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    async def stop(self) -> None:
        """SIGTERM; raises AssertionError when it takes too long, fails, or the log holds a traceback."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                code = await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise AssertionError(f"SIGTERM did not end the server within {STOP_S} s:\n{self.wrote()[-3000:]}") from None
        assert code == 0, f"the server ended with {code}:\n{self.wrote()[-3000:]}"
        failed = [line for line in self.wrote().splitlines() if "Traceback" in line]
        assert not failed, failed[0].replace("\\n", "\n")

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody holds at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def serve(
    state_dir: Path,
    event: Path = TEST_EVENT,
    port: int | None = None,
    module: str = "server",
    settings: Mapping[str, str] | None = None,
    place: Namespace | None = None,
) -> Served:
    """Start the server and wait until it is ready. Raises RuntimeError with its log when it does not get there.

    `settings`: further variables of its environment. `place`: where it is run, if not among ourselves.
    """
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HANMARU_")},
        "HANMARU_EVENT": str(event),
        "HANMARU_HOST": place.ipv4 if place else "127.0.0.1",
        "HANMARU_PORT": str(port or free_port()),
        "HANMARU_STATE_DIR": str(state_dir),
        "HANMARU_SHEDDING": "off",  # pictures are the point of many tests, and a test machine is under pressure
        "PYTHONUNBUFFERED": "1",
        **(settings or {}),
    }
    log = _log_in(state_dir)
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            *(place.prefix if place else ()),
            *(sys.executable, "-m", "tests.support.tethered", str(os.getpid()), module, "run"),
            cwd=CHECKOUT,
            env=environment,
            stdout=out,
            stderr=out,
        )
    served = Served(process, environment, log, ())
    try:
        await _until_ready(served, place)
        served.links = await _links(environment)
    except BaseException:
        if process.returncode is None:
            process.kill()
        await process.wait()
        raise
    return served


def _log_in(state_dir: Path) -> Path:
    state_dir.mkdir(parents=True, exist_ok=True)
    return state_dir / "server.log"


async def _until_ready(served: Served, place: Namespace | None) -> None:
    scheme = "http" if served.environment.get("HANMARU_TLS") == "off" else "https"
    host = place.ipv4 if place else "127.0.0.1"
    address = f"{scheme}://{host}:{served.environment['HANMARU_PORT']}/readyz"
    deadline_s = asyncio.get_running_loop().time() + READY_S
    through = aiohttp.TCPConnector(socket_factory=place.socket) if place else None
    async with aiohttp.ClientSession(connector=through) as http:
        while True:
            try:
                # Which certificate it shows is for tests of TLS.
                async with http.get(address, ssl=False) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            if served.process.returncode is not None or asyncio.get_running_loop().time() > deadline_s:
                raise RuntimeError(f"the server did not get ready:\n{served.wrote()[-6000:]}")
            await asyncio.sleep(0.1)


async def _links(environment: dict[str, str]) -> tuple[Link, ...]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "links", "--json"),
        cwd=CHECKOUT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"links ended with {process.returncode}:\n{err.decode()[-3000:]}")
    return tuple(Link(**row) for row in json.loads(out))
