"""The way to a peer and back, between two real ends of ICE on loopback: what a queue on it looks like."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aioice.ice
import pytest

from media.engine.addresses import offering
from media.engine.echo import FORGOTTEN_S, LEAST_UNANSWERED, REQUESTS, Echo
from media.engine.simulated import LOOPBACK

SOON_S = 5.0


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[aioice.ice.Connection, aioice.ice.Connection]]:
    """Two ends that have agreed on a pair of addresses; the second one answers as every peer does."""
    ours, theirs = aioice.ice.Connection(ice_controlling=False), aioice.ice.Connection(ice_controlling=True)
    try:
        with offering(LOOPBACK):
            await asyncio.gather(ours.gather_candidates(), theirs.gather_candidates())
        for one, other in ((ours, theirs), (theirs, ours)):
            for candidate in other.local_candidates:
                await one.add_remote_candidate(candidate)
            await one.add_remote_candidate(None)
            one.remote_username, one.remote_password = other.local_username, other.local_password
        await asyncio.gather(ours.connect(), theirs.connect())
        yield ours, theirs
    finally:
        await asyncio.gather(ours.close(), theirs.close())


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON_S):
        while not fact():  # noqa: ASYNC110 (a datagram's arrival tells nobody else)
            await asyncio.sleep(0.005)


def deafen(end: aioice.ice.Connection) -> Callable[[], None]:
    """Lose what this end answers; the returned call has it answer again."""
    transport: Any = end._nominated[1].protocol.transport
    send = transport.sendto
    transport.sendto = lambda *_: None
    return lambda: setattr(transport, "sendto", send)


async def test_every_request_is_answered_and_named_by_its_answer() -> None:
    async with connected() as (ours, _):
        echo = Echo(ours)
        for number in range(2 * REQUESTS):
            echo.ask(number * 1000, time.monotonic())
            await asyncio.sleep(0)
        await until(lambda: not echo._waiting)
        assert 0.0 < echo.transit.quickest_s < SOON_S
        assert echo.overdue_s(time.monotonic()) == 0.0
        echo.close()


async def test_answers_that_do_not_come_are_as_late_as_they_are_overdue() -> None:
    async with connected() as (ours, theirs):
        echo, now = Echo(ours), time.monotonic()
        echo.ask(0, now)
        await until(lambda: not echo._waiting)
        hear_again = deafen(theirs)
        for number in range(LEAST_UNANSWERED - 1):
            echo.ask(1000, now + number * 0.04)
        assert echo.overdue_s(now + 0.2) == 0.0, "so many may be lost"
        echo.ask(1000, now + 0.1)
        assert echo.overdue_s(now + 0.13) == 0.0, "this one may still come in time"
        assert 0.1 < echo.overdue_s(now + 0.2) <= 0.2
        hear_again()
        echo.ask(1000, time.monotonic())
        await until(lambda: echo.overdue_s(time.monotonic()) == 0.0)
        assert echo.late_s(now + 2 * FORGOTTEN_S) < SOON_S
        assert not echo._waiting, "those were lost"
        echo.close()


async def test_no_more_gets_through_than_was_sent_before_what_is_not_answered() -> None:
    async with connected() as (ours, theirs):
        echo = Echo(ours)
        echo.ask(0, time.monotonic())
        await until(lambda: not echo._waiting)
        later = echo._answers[-1][0] + 0.25
        assert echo.most_octets_per_s(0.15, 50_000, later) == pytest.approx(200_000), "nothing waits: all of it"
        deafen(theirs)
        echo.ask(10_000, later - 0.1)
        echo.ask(40_000, later)
        assert echo.most_octets_per_s(0.15, 50_000, later) == pytest.approx(40_000)
        echo.close()


async def test_who_has_closed_waits_for_nothing() -> None:
    async with connected() as (ours, theirs):
        echo = Echo(ours)
        deafen(theirs)
        echo.ask(0, time.monotonic())
        echo.close()
        assert echo.late_s(time.monotonic() + 1.0) == 0.0
