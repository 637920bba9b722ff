"""Whichever network a room is in, it reaches the server by the address that is meant for it: NAT, several, IPv6."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from server.settings import read
from server.tls import certificates
from tests.support.served import CHECKOUT, Served, free_port, serve
from tests.support.weather import namespace, turn
from tests.support.weather.cable import cable, hides, places, route
from tests.support.weather.namespace import Namespace, ran
from tests.support.weather.network import Network
from tests.support.weather.turn import turnserver
from tests.support.weather.way import Way

WHY_NOT = namespace.why_not() or turn.why_not()
pytestmark = [pytest.mark.faults, pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))]
CALL_S = 60.0


@dataclass(frozen=True, slots=True)
class Line:
    """A server, and calls to it."""

    served: Served
    port: int
    authority: Path

    async def call(self, place: Namespace, host: str, relay: str = "") -> str | None:
        """Call it by this address from there: which of its addresses the sound goes to; None: no sound came."""
        token = self.served.link("interpreter", "booth-1").token
        process = await asyncio.create_subprocess_exec(
            *place.prefix,
            *(sys.executable, "-m", "tests.support.tethered", str(os.getpid()), "tests.network.caller"),
            *(f"https://{host}:{self.port}", token, str(self.authority), *([relay] if relay else [])),
            cwd=CHECKOUT,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            out, _ = await asyncio.wait_for(process.communicate(), CALL_S)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        told: dict[str, Any] = json.loads(out)
        reached: str | None = told["reached"]
        return reached


@asynccontextmanager
async def serving(place: Namespace, folder: Path, settings: Mapping[str, str]) -> AsyncIterator[Line]:
    """A server in a place."""
    port = free_port()
    served = await serve(folder / "state", port=port, settings=settings, place=place)
    try:
        yield Line(served, port, folder / "state" / "ca.crt")
    finally:
        await served.stop()


@pytest.mark.parametrize("announced", [True, False])
async def test_behind_nat_a_room_outside_comes_by_the_announced_address_and_one_inside_by_the_local_one(
    tmp_path: Path, announced: bool
) -> None:
    async with places("srv", "room", "router", "inside") as (srv, room, router, inside):
        public = "10.77.2.254"
        await cable(srv, f"{srv.ipv4}/24", router, "10.77.1.254/24")
        await cable(room, f"{room.ipv4}/24", router, f"{public}/24")
        await cable(inside, "10.77.4.1/24", srv, "10.77.4.254/24")
        await route(srv, "10.77.1.254")
        await route(inside, "10.77.4.254")
        await hides(router, public, srv)
        settings = {"HANMARU_HOST": "0.0.0.0", "HANMARU_MEDIA_ADDRESSES": srv.ipv4}  # noqa: S104
        settings["HANMARU_PUBLIC_ORIGINS"] = f"https://{public}"  # for its certificate
        async with serving(srv, tmp_path, {**settings, **({"HANMARU_ANNOUNCE": public} if announced else {})}) as line:
            calls = line.call(room, public), line.call(inside, srv.ipv4)
            assert tuple(await asyncio.gather(*calls)) == (public if announced else None, srv.ipv4)


async def test_each_room_reaches_the_server_in_its_own_network(tmp_path: Path) -> None:
    async with places("srv", "a", "b") as (srv, a, b):
        await cable(srv, "10.77.1.1/24", a, "10.77.1.9/24")
        await cable(srv, "10.77.5.1/24", b, "10.77.5.9/24")
        async with serving(srv, tmp_path, {"HANMARU_HOST": "10.77.1.1,10.77.5.1"}) as line:
            calls = line.call(a, "10.77.1.1"), line.call(b, "10.77.5.1")
            assert tuple(await asyncio.gather(*calls)) == ("10.77.1.1", "10.77.5.1")


async def test_a_room_with_ipv6_only_and_one_with_ipv4_only_reach_the_same_server(
    network: Network, tmp_path: Path
) -> None:
    srv, six, four = await network.place("srv"), await network.place("six"), await network.place("four")
    await ran("ip", "-n", six.name, "-4", "address", "flush", "dev", six.interface)
    await ran("ip", "-n", four.name, "-6", "address", "flush", "dev", four.interface)
    async with serving(srv, tmp_path, {"HANMARU_HOST": "0.0.0.0,::"}) as line:
        calls = line.call(six, f"[{srv.ipv6}]"), line.call(four, srv.ipv4)
        assert tuple(await asyncio.gather(*calls)) == (srv.ipv6, srv.ipv4)


async def test_a_native_client_comes_by_the_relay_that_its_welcome_names(network: Network, tmp_path: Path) -> None:
    srv, room, between = await network.place("srv"), await network.place("room"), await network.place("turn")
    settings = {"HANMARU_STATE_DIR": str(tmp_path / "state"), "HANMARU_HOST": srv.ipv4}
    made = certificates(read(settings), dt.datetime.now(dt.UTC))
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(
            turnserver(between, tmp_path / "turn", made.certificate, made.key, to=srv)
        )
        line = await stack.enter_async_context(serving(srv, tmp_path, {**settings, **relay.settings()}))
        await network.weather(room, srv, Way(drop_udp=True))
        calls = line.call(room, srv.ipv4), line.call(room, srv.ipv4, relay.tcp())
        assert tuple(await asyncio.gather(*calls)) == (None, srv.ipv4)
