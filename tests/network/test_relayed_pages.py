"""A room without UDP joins all the same, through the relay, and its page says so: a real Chromium, a real coturn."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from server.settings import read
from server.tls import certificates
from tests.support.served import CHECKOUT, Served, free_port, serve
from tests.support.weather import namespace, turn
from tests.support.weather.namespace import Namespace
from tests.support.weather.network import Network, seed
from tests.support.weather.turn import NAME, TLS_PORT, TURN_PORT, Turn, nginx_443, turnserver
from tests.support.weather.way import Way

WHY_NOT = namespace.why_not() or turn.why_not()
pytestmark = [
    pytest.mark.faults,
    pytest.mark.browser,
    pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)),
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="module"),
]

JOIN_S = 5.0
SLACK_S = 3.0  # a test machine that compiles something meanwhile; the report has the figure itself
PAGE_S = 120.0
SAID = {over: f"중계 서버를 통해 연결되었습니다({over.upper()})" for over in ("udp", "tcp", "tls")}


@dataclass(slots=True)
class Hall:
    """Hanmaru and the relay in one place, a room in another, and nobody else."""

    network: Network
    srv: Namespace
    room: Namespace
    folder: Path
    authority: Path
    served: Served
    port: int
    pages: int = 0

    async def page(self, origin: str = "", *, loopback: bool = False, tells: bool = True) -> dict[str, Any]:
        """Open the page of the room, from the room; what it told."""
        link = self.served.link("room", "booth-1", "suwon").url
        if origin:
            link = origin + link[link.index("/room") :]
        self.pages += 1
        asked = {**({"LOOPBACK": "1"} if loopback else {}), **({"TELLS": "1"} if tells else {})}
        process = await asyncio.create_subprocess_exec(
            *self.room.prefix,
            *(sys.executable, "-m", "tests.support.tethered", str(os.getpid()), "tests.network.relayed_page"),
            *(str(self.folder / f"page-{self.pages}"), link, str(self.authority)),
            cwd=CHECKOUT,
            env={**os.environ, **asked},
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            out, _ = await asyncio.wait_for(process.communicate(), PAGE_S)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        told: dict[str, Any] = json.loads(out)
        print(json.dumps(told, ensure_ascii=False))  # noqa: T201 - shown when the test fails, and by hand
        assert "late" not in told, told
        return told


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    folder, port = tmp_path_factory.mktemp("relayed"), free_port()
    async with Network(seed()) as network, AsyncExitStack() as stack:
        srv, room = await network.place("srv"), await network.place("room")
        tls = {"HANMARU_STATE_DIR": str(folder / "state"), "HANMARU_HOST": srv.ipv4}
        tls["HANMARU_PUBLIC_ORIGINS"] = f"https://{srv.ipv4}:{port},https://{NAME},https://hanmaru.example"
        made = certificates(read(tls), dt.datetime.now(dt.UTC))
        assert made.authority is not None
        relay = await stack.enter_async_context(turnserver(srv, folder / "turn", made.certificate, made.key))
        addresses = (relay.udp(), relay.tcp(), relay.tls(), Turn(NAME, relay.log).tls(443))
        served = await serve(folder / "state", port=port, settings={**tls, **relay.settings(*addresses)}, place=srv)
        try:
            yield Hall(network, srv, room, folder, made.authority, served, port)
        finally:
            await served.stop()


@contextmanager
def knowing(room: Namespace, srv: Namespace, *names: str) -> Iterator[None]:
    """As long as the block lasts, `room` knows `srv` by these names, and has no name server that it would wait for."""
    etc = Path("/etc/netns") / room.name
    etc.mkdir(parents=True)
    try:
        lines = [f"{address} {' '.join(names)}\n" for address in (srv.ipv4, srv.ipv6)]
        (etc / "hosts").write_text("127.0.0.1 localhost\n" + "".join(lines), encoding="utf-8")
        (etc / "resolv.conf").write_text("options timeout:1 attempts:1\n", encoding="utf-8")
        yield
    finally:
        shutil.rmtree(etc)


async def test_nobody_is_told_of_a_relay_that_is_not_needed(hall: Hall) -> None:
    told = await hall.page(tells=False)
    assert told["joined_s"] < JOIN_S + SLACK_S
    assert not set(told["says"]) & set(SAID.values())


@pytest.mark.parametrize("over", ["tcp", "tls"])
async def test_a_room_without_udp_joins_over_tcp_and_over_tls_and_says_so(hall: Hall, over: str) -> None:
    open_ports = {"tcp": (hall.port, TURN_PORT), "tls": (hall.port, TLS_PORT)}[over]
    await hall.network.weather(hall.room, hall.srv, Way(drop_udp=True, only_tcp_ports=open_ports))
    told = await hall.page(loopback=over == "tls")  # the long way round for one of them
    assert told["joined_s"] < JOIN_S + SLACK_S
    assert SAID[over] in told["says"]
    if over == "tls":
        rows = told["rows"]
        assert rows["test.way"] == ["pass", "중계 연결 (TLS)"]
        assert {rows[f"test.{check}"][0] for check in ("connect", "sound_return", "return_size", "loss")} == {"pass"}


async def test_a_room_with_nothing_but_tcp_443_joins(hall: Hall) -> None:
    with knowing(hall.room, hall.srv, "hanmaru.example", NAME):
        async with nginx_443(hall.srv, hall.folder / "nginx", pages_port=hall.port):
            await hall.network.weather(hall.room, hall.srv, Way(drop_udp=True, only_tcp_ports=(443,)))
            told = await hall.page("https://hanmaru.example")
    assert told["joined_s"] < JOIN_S + SLACK_S
    assert SAID["tls"] in told["says"]
