"""The weather is what was asked for, between real namespaces; and nothing is left of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bench.line import Impairment
from tests.support.served import CHECKOUT
from tests.support.weather.namespace import Namespace, ran, why_not
from tests.support.weather.network import Network
from tests.support.weather.way import Way

pytestmark = [pytest.mark.faults, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]

PORT = 5000
PATIENCE_S = 5.0


class Ear(asyncio.DatagramProtocol):
    """Keeps what it hears with the time; says it again, when it echoes."""

    def __init__(self, *, echoes: bool = False) -> None:
        self.heard: list[tuple[float, bytes]] = []
        self.transport: Any = None
        self._echoes = echoes
        self._news = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self.heard.append((time.monotonic(), data))
        self._news.set()
        if self._echoes:
            self.transport.sendto(data, addr)

    def say(self, data: bytes, address: str) -> None:
        self.transport.sendto(data, (address, PORT))

    async def has_heard(self, count: int, within_s: float = PATIENCE_S) -> bool:
        """Whether so many came in that time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while len(self.heard) < count:
                    self._news.clear()
                    await self._news.wait()
        return len(self.heard) >= count


@contextlib.asynccontextmanager
async def ear(place: Namespace, address: str, *, echoes: bool = False) -> AsyncIterator[Ear]:
    """At that address of the place."""
    with place.inside():
        one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((address, PORT))
    one.setblocking(False)
    transport, listening = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Ear(echoes=echoes), sock=one
    )
    try:
        yield listening
    finally:
        transport.close()


async def round_trips(network: Network, one: Namespace, other: Namespace, count: int) -> list[float]:
    """Seconds, one at a time."""
    trips: list[float] = []
    async with ear(one, one.ipv4) as mine, ear(other, other.ipv4, echoes=True):
        for number in range(count):
            began_s = time.monotonic()
            mine.say(b"%d" % number, other.ipv4)
            if await mine.has_heard(len(mine.heard) + 1, 1.0):
                trips.append(mine.heard[-1][0] - began_s)
    return trips


async def test_two_places_reach_each_other_by_both_families(network: Network) -> None:
    one, other = await network.place("a"), await network.place("b")
    for address, back in ((other.ipv4, one.ipv4), (other.ipv6, one.ipv6)):
        async with ear(one, back) as mine, ear(other, address, echoes=True):
            mine.say(b"there and back", address)
            assert await mine.has_heard(1)


async def test_a_round_trip_takes_what_was_asked_for(network: Network) -> None:
    one, other = await network.place("a"), await network.place("b")
    await network.weather(one, other, Way(Impairment(delay_s=0.040)))
    trips = sorted(await round_trips(network, one, other, 20))
    assert trips[0] >= 0.080
    assert trips[len(trips) // 2] < 0.100  # a busy machine adds to it


async def test_a_cut_place_hears_nothing_until_the_line_is_mended_as_it_was(network: Network) -> None:
    one, other, third = [await network.place(name) for name in ("a", "b", "c")]
    await network.weather(one, other, Way(Impairment(delay_s=0.010)))
    async with ear(one, one.ipv4) as mine, ear(other, other.ipv4, echoes=True), ear(third, third.ipv4) as theirs:
        await network.cut(one)
        mine.say(b"into the void", other.ipv4)
        assert not await mine.has_heard(1, 0.3)
        await network.mend(one)
        began_s = time.monotonic()
        mine.say(b"and back", other.ipv4)
        assert await mine.has_heard(1)
        assert mine.heard[0][0] - began_s >= 0.020
        mine.say(b"to somebody else", third.ipv4)
        assert await theirs.has_heard(1)


async def test_the_rate_of_a_line_is_what_was_asked_for(network: Network) -> None:
    one, other = await network.place("a"), await network.place("b")
    await network.weather(one, other, Way(rate_bits_per_s=400_000, queue_bytes=60_000))
    async with ear(one, one.ipv4) as mine, ear(other, other.ipv4) as theirs:
        for _ in range(50):
            mine.say(b"x" * 972, other.ipv4)  # 1000 bytes with both headers
        assert await theirs.has_heard(50)
        took_s = theirs.heard[-1][0] - theirs.heard[0][0]
    assert took_s == pytest.approx(49 * 1000 * 8 / 400_000, rel=0.1)
    counts = (await network.counts())["lanes"]
    assert counts[f"{one.name} {other.name}"]["passed"] >= 50


async def test_another_address_is_another_interface(network: Network) -> None:
    one, other = await network.place("a"), await network.place("b")
    before = one.ipv4
    await network.change_address(one)
    assert one.ipv4 != before
    listing = await ran(*one.prefix, "ip", "-brief", "address")
    assert one.ipv4 in listing
    assert one.ipv6 in listing
    assert before not in listing
    assert await round_trips(network, one, other, 1)


async def test_a_cable_that_is_pulled_and_put_back_carries_again(network: Network) -> None:
    one, other = await network.place("a"), await network.place("b")
    await one.unplug()
    with (
        one.inside(),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as void,
        pytest.raises(OSError, match="unreach"),
    ):
        void.sendto(b"", (other.ipv4, PORT))
    await one.plug()
    assert await round_trips(network, one, other, 1)
    async with ear(one, one.ipv6) as mine, ear(other, other.ipv6, echoes=True):
        mine.say(b"there and back", other.ipv6)
        assert await mine.has_heard(1)


STAY = """
import asyncio, sys
from tests.support.weather.network import Network
async def main():
    async with Network() as network:
        place = await network.place("a")
        print(place.name, network.process_id, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_nothing_is_left_when_the_one_who_made_it_is_killed() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STAY), cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    name, line = (await process.stdout.readline()).decode().split()
    assert name in names()
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    async with asyncio.timeout(PATIENCE_S):
        while name in names() or os.path.exists(f"/proc/{line}/exe"):  # noqa: ASYNC110, ASYNC240, PTH110
            await asyncio.sleep(0.05)


async def test_nothing_is_left_at_the_end_either() -> None:
    async with Network() as network:
        place = await network.place("a")
        assert place.name in names()
    assert place.name not in names()


def names() -> str:
    """The namespaces there are."""
    return subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
