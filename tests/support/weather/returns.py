"""How soon everybody is heard and seen again after a fault, and whether anybody else was disturbed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.scenarios.patience import watching_stalls
from tests.support.weather.attendee import Attendee
from tests.support.weather.meeting import INTERPRETER, Meeting
from tests.support.weather.tones import first_after, holes

LONGEST_HOLE_S = 0.2  # in what others hear, whom it is none of the business
LOOK_S = 0.2
SETTLED_S = 0.5
CALM_S = 2.5
PATIENCE_S = 30.0
TRIES = 4


@dataclass
class Returns:
    """Seconds from the end of a fault until what was gone came back, by what it was; None: it did not."""

    found: dict[str, float | None] = field(default_factory=dict)
    clicks: list[str] = field(default_factory=list)
    on_air: bool = True
    """Whether the interpreter was still on air, and had to be heard."""

    @property
    def complete(self) -> bool:
        return bool(self.found) and None not in self.found.values()

    @property
    def worst_s(self) -> float:
        """The longest of them; for ever, if something did not come back."""
        return max((float("inf") if each is None else each for each in self.found.values()), default=float("inf"))

    def __str__(self) -> str:
        said = [f"{what} {'never' if after_s is None else f'{after_s:.2f} s'}" for what, after_s in self.found.items()]
        return ", ".join([*said, *self.clicks, *([] if self.on_air else ["the interpreter went off air"])])


async def watch(held: Meeting, booth: str, victims: Sequence[Attendee], ended_s: float, within_s: float) -> Returns:
    """Look until everything is back, or `within_s` are over."""
    while True:
        returns = await _look(held, booth, victims, ended_s)
        if returns.complete or time.monotonic() > ended_s + within_s:
            return returns
        await asyncio.sleep(LOOK_S)


async def _look(held: Meeting, booth: str, victims: Sequence[Attendee], ended_s: float) -> Returns:
    returns = Returns()
    people = held.of(booth)
    notes = dict(zip(people, await asyncio.gather(*(each.notes(ended_s) for each in people)), strict=True))
    returns.on_air = all(each.on_air(INTERPRETER) for each in notes.values())

    def note(what: str, at_s: float | None) -> None:
        returns.found[what] = None if at_s is None else at_s - ended_s

    for me, mine in notes.items():
        for other in people:
            if other is not me and (me in victims or other in victims) and (other.role == "room" or returns.on_air):
                note(f"{me.name} hears {other.name}", first_after(mine.hears(other), ended_s))
        if me.role == "room" and any(each.role == "room" for each in victims):
            note(f"{me.name} sees", first_after(mine.shown, ended_s))
        returns.clicks += [f"{me.name} heard a click at {at_s - ended_s:.2f} s" for at_s in mine.clicks]
    return returns


async def set_right(held: Meeting, booth: str) -> None:
    """Whatever a fault left behind: everybody is there, the interpreter on air, everybody hears everybody."""
    kim = held.booths[booth][INTERPRETER]
    for _ in range(TRIES):
        notes = await kim.until(lambda notes: notes.all_connected, time.monotonic(), PATIENCE_S)
        if not notes.on_air(INTERPRETER):
            await asyncio.sleep(SETTLED_S)
            await held.on_air(booth, True)
        await held.everybody_hears_everybody(booth, PATIENCE_S)
        await asyncio.sleep(CALM_S)  # who came back by sound may still come back by a fresh line, and is off air then
        if (await kim.notes(time.monotonic())).on_air(INTERPRETER):
            return
    raise RuntimeError("the interpreter does not stay on air")


@asynccontextmanager
async def undisturbed(held: Meeting, booth: str) -> AsyncIterator[None]:
    """Nobody in that booth may miss a voice of the others for long meanwhile; stalls of this machine are allowed."""
    begun_s = time.monotonic()
    async with watching_stalls() as stalls:
        yield
        broken: list[str] = []
        for me in held.of(booth):
            notes = await me.notes(begun_s)
            until_s = notes.now_s - SETTLED_S
            for other in held.of(booth):
                if other is not me:
                    broken += [
                        f"{me.name} missed {other.name} for {end - start:.2f} s, {start - begun_s:.2f} s after"
                        for start, end in holes(notes.hears(other), begun_s, until_s)
                        if end - start > stalls.allow_s(LONGEST_HOLE_S)
                    ]
    assert not broken, broken
