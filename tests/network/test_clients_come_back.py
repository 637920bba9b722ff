"""Clients whose network goes and comes back: they are back by themselves, in a real Chromium and natively."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from bench.line import Impairment
from tests.network.visitors import Visitor, serve_in, visit
from tests.support.served import Served
from tests.support.weather.namespace import Namespace, why_not
from tests.support.weather.network import Network
from tests.support.weather.way import Way

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.timeout(240),
]

LONG = os.environ.get("HANMARU_LONG_CUTS") == "on"
"""Cuts of a minute as well: too long for every run."""
CUTS_S = (10.0, *((60.0,) if LONG else ()))
BACK_S = {10.0: 2.0, 60.0: 3.0}
"""After the network, by the length of the cut."""
MOVED_S = 3.0
SLACK_S = 2.0
"""For a machine that has more to do; what is slow for good is slower than both."""
JOIN_S = 25.0
WIDE = Way(Impairment(delay_s=0.02))


@dataclass
class Scene:
    """A server and its rooms, each in a place of its own."""

    network: Network
    folder: Path
    cameras: Path
    server: Namespace
    served: Served
    visitors: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def come(self, name: str, kind: str, role: str, site: str | None, card: int, voice_hz: int) -> Visitor:
        """Let somebody in from a new place."""
        place = await self.network.place(name)
        await self.network.weather(place, self.server, WIDE)
        link = self.served.link(role, "booth-1", site).url
        visitor = await visit(place, kind, self.folder / name, link, str(card), str(voice_hz))
        self.visitors.push_async_callback(visitor.stop)
        return visitor

    async def rooms(self, first: str, second: str) -> tuple[Visitor, Visitor]:
        """Both rooms, each a `page` or `native`, and the consultation runs."""
        suwon = await self.come("suwon", first, "room", "suwon", 11, 430)
        hanoi = await self.come("hanoi", second, "room", "hanoi", 22, 610)
        await asyncio.gather(suwon.gets(within_s=JOIN_S), hanoi.gets(within_s=JOIN_S))
        return suwon, hanoi


@pytest_asyncio.fixture
async def scene(network: Network, tmp_path: Path, camera_folder: Path) -> AsyncIterator[Scene]:
    server = await network.place("server")
    served = await serve_in(server, tmp_path / "state")
    own = Scene(network, tmp_path, camera_folder, server, served)
    try:
        async with own.visitors:
            yield own
    finally:
        await served.stop()


def told(what: str, since_s: float, *visitors: Visitor, back: list[tuple[float, float]]) -> None:
    """Say what was measured; shown with -s, or when the test fails."""
    for visitor, (heard_s, seen_s) in zip(visitors, back, strict=True):
        shown = [text.strip() for text in visitor.shown(since_s - 70)]
        print(f"{what}: {visitor.name} hears after {heard_s:.2f} s, sees after {seen_s:.2f} s; {shown}")  # noqa: T201


@pytest.mark.parametrize("cut_s", CUTS_S)
@pytest.mark.parametrize("cable", [False, True], ids=["silently", "at-the-plug"])
async def test_a_room_whose_network_was_cut_is_back_by_itself(scene: Scene, cut_s: float, *, cable: bool) -> None:
    suwon, hanoi = await scene.rooms("page", "native")
    place = scene.network.places["suwon"]
    await (place.unplug() if cable else scene.network.cut(place))
    await asyncio.sleep(cut_s)
    await (place.plug() if cable else scene.network.mend(place))
    since_s = time.monotonic()
    back = await asyncio.gather(*(each.gets(within_s=20, since_s=since_s) for each in (suwon, hanoi)))
    told(f"cut of {cut_s:.0f} s", since_s, suwon, hanoi, back=back)
    assert max(max(both) for both in back) < BACK_S[cut_s] + SLACK_S


async def test_a_room_that_changes_its_address_is_silent_for_a_moment_only(scene: Scene) -> None:
    suwon, hanoi = await scene.rooms("page", "native")
    since_s = time.monotonic()
    await scene.network.change_address(scene.network.places["suwon"])
    back = await asyncio.gather(*(each.gets(within_s=20, since_s=since_s + 1) for each in (suwon, hanoi)))
    told("another address", since_s, suwon, hanoi, back=back)
    for each in (suwon, hanoi):
        silent_s = each.silent_s(since_s - 0.5)
        print(f"{each.name} was silent for {silent_s:.2f} s")  # noqa: T201
        assert silent_s < MOVED_S + SLACK_S


@pytest.mark.parametrize("cut_s", CUTS_S)
async def test_everybody_whose_network_was_cut_is_back_by_themselves(scene: Scene, cut_s: float) -> None:
    suwon, hanoi = await scene.rooms("native", "native")
    kim = await scene.come("kim", "native", "interpreter", None, 0, 970)
    await kim.gets(within_s=JOIN_S, picture=False)
    places = [scene.network.places[name] for name in ("suwon", "hanoi", "kim")]
    await scene.network.cut(*places)
    await asyncio.sleep(cut_s)
    await scene.network.mend(*places)
    since_s = time.monotonic()
    rooms = [each.gets(within_s=20, since_s=since_s) for each in (suwon, hanoi)]
    back = await asyncio.gather(*rooms, kim.gets(within_s=20, since_s=since_s, picture=False))
    told(f"cut of all, {cut_s:.0f} s", since_s, suwon, hanoi, kim, back=back)
    assert max(max(both) for both in back) < BACK_S[cut_s] + SLACK_S
