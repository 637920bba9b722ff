"""Voices first: looks at the machine's pressure every two seconds, and has what matters less left out and come back.

`media.shedding` says how far; this is the one place that acts on it. Where the kernel tells nothing of waiting and of
what is left, nothing is left out.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence

import structlog
from aiohttp import web

from media.engine import door
from media.shedding import PICTURES, RATE, Load, Sample, Shedding, load, review
from media.shedding import THUMBNAILS as FIRST
from server.conductor import Conductor
from server.conductor.spawn import end, spawn
from server.keys import CONDUCTOR, ENGINE, EVENT, SETTINGS, TALLY
from server.processors import left_s, waited_s
from server.tally import Tally
from signaling.booth import PICTURE, THUMBNAILS
from signaling.phases import Phase

LOOK_S = 2.0
ENGINE_S = 1.0  # a media process that does not answer has its watchdog, and keeps nobody here

log = structlog.get_logger("shedding")


class VoicesFirst:
    """For the booths of one event. Call it from the event loop only."""

    def __init__(self, booths: Sequence[str], conductor: Conductor, engine: door.Engine, tally: Tally) -> None:
        self._conductor = conductor
        self._engine = engine
        self._tally = tally
        self._live: list[str] = []
        """Booths that are live, the newest last."""
        self._shed: dict[str, tuple[str, ...]] = dict.fromkeys(booths, ())
        self._thin = False
        self._state = Shedding()
        self._before: Sample | None = None

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look(await self._sample())

    async def look(self, sample: Sample | None) -> None:
        """Take what was counted by now (None: nothing is known), and do what follows."""
        self._follow()
        before, self._before = self._before, sample
        seen = None if before is None or sample is None else load(before, sample)
        if seen is not None and sample is not None:
            was = self._state.level
            self._state = review(self._state, seen, RATE + len(self._live), sample.at_s)
            if self._state.level != was:
                self._tell(was, seen)
        await self._act()

    def _follow(self) -> None:
        """Who is live, in the order in which they became so."""
        booths = {name: self._conductor.booth(name) for name in self._shed}
        live = [name for name, booth in booths.items() if booth is not None and booth.phase is Phase.LIVE]
        stayed = [name for name in self._live if name in live]
        self._live = stayed + [name for name in live if name not in stayed]

    def _tell(self, was: int, seen: Load) -> None:
        level = self._state.level
        self._tally.shedding_level = level
        self._tally.shedding_changes["raised" if level > was else "lowered"] += 1
        shares = {"waited": round(seen.waited, 3), "late": round(seen.late, 3), "left": round(seen.left, 3)}
        log.warning("shedding", level=level, was=was, **shares)

    async def _act(self) -> None:
        level = self._state.level
        paused = self._live[-(level - PICTURES + 1) :] if level >= PICTURES else []
        for name, before in self._shed.items():
            what = ((THUMBNAILS,) if level >= FIRST else ()) + ((PICTURE,) if name in paused else ())
            if what != before:
                self._shed[name] = what
                self._conductor.shed(name, what)
        if (level >= RATE) != self._thin:
            self._thin = level >= RATE
            await self._ask(door.Thin(self._thin))

    async def _sample(self) -> Sample | None:
        """What was counted by now; None where nothing is known, or nobody is there to be protected."""
        left = left_s()
        self._follow()
        if left is None or not (self._live or self._state.level):
            return None
        surveyed = await self._ask(door.Survey())
        engines = surveyed.engines if isinstance(surveyed, door.Surveyed) else ()
        talking = [each for each in engines if each.name != door.SPARE]
        ticks = {each.name: each.ticks for each in talking}
        counted = {name: (each.ran + each.skipped, each.late + each.skipped) for name, each in ticks.items()}
        waits = {each.process.pid: waited_s(each.process.pid) for each in talking if each.process is not None}
        waited = {pid: seconds for pid, seconds in waits.items() if seconds is not None}
        return Sample(asyncio.get_running_loop().time(), counted, waited, left, os.cpu_count() or 1)

    async def _ask(self, command: door.Thin | door.Survey) -> door.Outcome | None:
        try:
            async with asyncio.timeout(ENGINE_S):
                return await self._engine.perform(command)
        except TimeoutError:
            return None
        except Exception:
            log.exception("engine_broke", command=type(command).__name__)
            return None


async def voices_first(app: web.Application) -> AsyncIterator[None]:
    """Protect the voices for as long as the application lives, unless that is switched off."""
    if not app[SETTINGS].shedding:
        yield
        return
    booths = tuple(booth.id for booth in app[EVENT].booths)
    looking = spawn(VoicesFirst(booths, app[CONDUCTOR], app[ENGINE], app[TALLY]).run(), "voices-first")
    yield
    await end((looking,))
