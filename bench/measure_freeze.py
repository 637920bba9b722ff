"""How long a picture stands still when the line loses packets both ways and answers take 80 ms."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.cast import ROOMS, Server, Visit, Wish, meeting
from bench.clip import Clip
from bench.line import CLEAN, Impairment
from bench.timing import longest_pause_s

BOOTHS = 2
SECONDS = 20.0  # times two booths, both ways: 80 stream-seconds
SETTLE_S = 4.0
ONE_WAY_S = 0.040
LOSSES = (0.02, 0.05)


@dataclass(frozen=True, slots=True)
class Freeze:
    """One stream: its longest pause, pictures shown, and what was asked for on the way to us and to the source."""

    server: str
    loss: float
    longest_s: float
    shown: int
    seconds: float
    nacks: int
    plis: int
    sent_again: int
    keys_asked: int


async def run(server: Server, clip: Clip, loss: float, seed: int) -> list[Freeze]:
    """Four streams at once."""
    visits: list[Visit] = []
    try:
        for place in range(BOOTHS):
            wish = Wish(clip=clip, voices=False, chase=True, seed=seed + place)
            visits.append(await meeting(server, wish, place))
        people = [person for visit in visits for person in visit.people.values()]
        for person in people:
            person.impair(Impairment(delay_s=ONE_WAY_S), Impairment(delay_s=ONE_WAY_S))
            assert person.camera is not None
            person.camera.start()
        await asyncio.sleep(SETTLE_S)
        line = Impairment(loss=loss, delay_s=ONE_WAY_S)
        for person in people:
            person.impair(line, line)
        start_s = time.monotonic()
        await asyncio.sleep(SECONDS)
        end_s = time.monotonic()
        for person in people:
            person.impair(CLEAN, CLEAN)
        return [_freeze(server, visit, room, loss, (start_s, end_s)) for visit in visits for room in ROOMS]
    finally:
        for visit in visits:
            await visit.leave()


def _freeze(server: Server, visit: Visit, room: str, loss: float, span: tuple[float, float]) -> Freeze:
    (other,) = [name for name in ROOMS if name != room]
    camera, screen = visit.people[room].camera, visit.people[other].screen
    assert camera is not None
    assert screen is not None
    assert screen.showing is not None
    start_s, end_s = span
    instants = [at_s for at_s, _ in screen.showing.shown]
    return Freeze(
        server.name,
        loss,
        longest_pause_s(instants, start_s, end_s),
        sum(start_s <= at_s < end_s for at_s in instants),
        end_s - start_s,
        screen.nacks,
        screen.plis,
        camera.sent_again,
        camera.keys_asked,
    )


async def measure(servers: Sequence[Server], clip: Clip, say: Callable[[str], None]) -> list[Freeze]:
    """Both losses on each server in turn."""
    found: list[Freeze] = []
    for loss in LOSSES:
        for server in servers:
            now = await run(server, clip, loss, int(loss * 100))
            found += now
            longest = max(one.longest_s for one in now)
            say(f"freeze at {loss:.0%} loss, {server.name}: {longest:.2f} s at most, {now[0].shown} shown in the first")
    return found
