"""What a server does about pressure: who is told what, in which order, and that it is all taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from media.engine import door
from media.shedding import CALM_S, Sample
from server.keys import CONDUCTOR, TALLY
from server.shedding import LOOK_S, VoicesFirst
from tests.support.hall import EVENT, HANOI, KIM, SUWON, Hall, Line, hall

NEWER = ("room.booth-2.suwon", "room.booth-2.hanoi")
BOOTHS = tuple(booth.id for booth in EVENT.booths)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall(tmp_path) as opened:
        yield opened


class Looking:
    """A server's looks, with what the kernel counts as a test wants it."""

    def __init__(self, at: Hall) -> None:
        self.voices = VoicesFirst(BOOTHS, at.app[CONDUCTOR], at.engine, at.app[TALLY])
        self.at_s, self.waited_s, self.left_s = 1000.0, 0.0, 0.0

    async def look(self, waited: float, left: float = 0.5) -> None:
        """Two more seconds, for this share of which a process with voices waited."""
        self.at_s += LOOK_S
        self.waited_s += waited * LOOK_S
        self.left_s += left * LOOK_S
        await self.voices.look(Sample(self.at_s, {}, {7: self.waited_s}, self.left_s, 1))

    async def calm(self, seconds: float) -> None:
        for _ in range(round(seconds / LOOK_S)):
            await self.look(0.0)


async def live(at: Hall, *seats: str) -> list[Line]:
    lines = [await at.join(seat) for seat in seats]
    await lines[0].until(lambda booth: booth["phase"] == "live")
    return lines


async def shed(line: Line, *what: str) -> dict[str, Any]:
    return await line.until(lambda booth: booth["shed"] == list(what))


async def test_small_pictures_go_first_and_pictures_of_the_newest_booth_last_and_all_comes_back(at: Hall) -> None:
    suwon, _, kim = await live(at, SUWON, HANOI, KIM)
    looking = Looking(at)
    await looking.look(0.0)
    newer, _ = await live(at, *NEWER)
    await kim.say("watch", on=True, id="w")
    await kim.next("ok")
    await looking.look(0.5)
    assert not (await shed(suwon, "thumbnails"))["thumbnails"], "its page is not asked any more"
    await looking.look(0.5)
    assert at.engine.asked(door.Thin) == [], "product pictures, which there are none of yet"
    await looking.look(0.5)
    assert at.engine.asked(door.Thin) == [door.Thin(on=True)]
    await looking.look(0.5)
    await shed(newer, "thumbnails", "picture")
    assert at.engine.asked(door.Show)[-1] == door.Show("booth-2", ())
    assert [show.views for show in at.engine.asked(door.Show) if show.place == "booth-1"][-1], "the older one is seen"
    await looking.look(0.5)
    await shed(suwon, "thumbnails", "picture")
    await looking.look(0.5)
    assert at.app[TALLY].shedding_level == 5, "nothing is left to be taken: voices are not"

    routed = len(at.engine.asked(door.Route))
    await looking.calm(6 * CALM_S)
    assert (await shed(suwon))["thumbnails"]
    await shed(newer)
    assert at.engine.asked(door.Thin)[-1] == door.Thin(on=False)
    assert at.engine.asked(door.Show)[-1].views
    assert at.app[TALLY].shedding_changes == {"raised": 5, "lowered": 5}
    assert len(at.engine.asked(door.Route)) == routed, "no gain was touched"


async def test_nothing_is_left_out_where_the_kernel_tells_nothing(at: Hall) -> None:
    await live(at, SUWON, HANOI)
    looking = Looking(at)
    for _ in range(5):
        await looking.voices.look(None)
    assert at.app[TALLY].shedding_level == 0


async def test_who_comes_while_small_pictures_are_left_out_is_told_so(at: Hall) -> None:
    await live(at, SUWON, HANOI)
    looking = Looking(at)
    await looking.look(0.0)
    await looking.look(0.5)
    await shed(await at.join(NEWER[0]), "thumbnails")
