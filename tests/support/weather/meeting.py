"""Consultations on networks that can fail: a server at a place of its own, everybody else at places of theirs."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.clip import clip
from bench.line import Impairment
from media.sound import TICK_S
from tests.scenarios.booths import SITES, write_event
from tests.support.served import Served, serve
from tests.support.weather.attendee import SMALL, Attendee, Notes
from tests.support.weather.namespace import Namespace, ran
from tests.support.weather.network import Network
from tests.support.weather.way import Way

INTERPRETER = "kim"
LIVE_S = 30.0
SETTLED_S = 0.5
FETCH = """
import ssl, sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], context=ssl._create_unverified_context()).read().decode())
"""
FAR = Way(Impairment(delay_s=0.040))  # each way: 80 ms there and back, as between two countries


@dataclass
class Meeting:
    """A running server and everybody who is there, by booth."""

    network: Network
    folder: Path
    event: Path
    place: Namespace
    """The server's."""
    served: Served
    booths: dict[str, dict[str, Attendee]]
    """Booth -> name (suwon, hanoi, kim) -> who."""
    film: tuple[int, int, int]

    @property
    def everybody(self) -> list[Attendee]:
        """In all booths."""
        return [each for booth in self.booths.values() for each in booth.values()]

    def of(self, booth: str) -> Sequence[Attendee]:
        return list(self.booths[booth].values())

    async def on_air(self, booth: str, on: bool) -> None:
        """Have the interpreter there switch the microphone."""
        answer = await self.booths[booth][INTERPRETER].command("on_air", on=on)
        assert answer["type"] == "ok", answer

    async def everybody_hears_everybody(self, booth: str, within_s: float = LIVE_S) -> None:
        """Wait until it is so for half a second; pictures too. Of the interpreters only who is on air is heard."""
        now_s = time.monotonic()

        def fact(notes: Notes, me: Attendee) -> bool:
            heard = [each for each in self.of(booth) if each.role == "room" or notes.on_air(each.name.split()[0])]
            since = [notes.hears(other) for other in heard if other is not me]
            since += [notes.shown] if me.role == "room" else []
            return all(each and each[-1][1] - max(each[-1][0], now_s) > SETTLED_S for each in since)

        await asyncio.gather(
            *(me.until(lambda notes, me=me: fact(notes, me), now_s, within_s) for me in self.of(booth))  # type: ignore[misc]
        )

    async def concealed_s(self, booth: str = "booth-1") -> float:
        """Seconds of everybody's sound there that the server has made up so far, as its metrics say."""
        address = f"{self.served.origin}/metrics"
        text = await ran(*self.place.prefix, sys.executable, "-c", FETCH, address)
        rows = re.findall(r"^hanmaru_drops_total\{(.*)\} (\S+)$", text, re.MULTILINE)
        return sum(
            float(count) * TICK_S for labels, count in rows if f'"{booth}"' in labels and '"sound_concealed"' in labels
        )

    async def replace(self, who: Attendee, after_s: float = 0.0) -> None:
        """A power cut at that participant's, and another machine that long after it."""
        who.kill()
        await who.end()
        await asyncio.sleep(after_s)
        await who.start(self.served, self.folder / "clips", self.film)
        await who.join()

    async def restart(self) -> None:
        """Start the server once more where it was, with what it had written down."""
        port = int(self.served.environment["HANMARU_PORT"])
        state = Path(self.served.environment["HANMARU_STATE_DIR"])
        self.served = await serve(state, self.event, port, place=self.place)


@asynccontextmanager
async def meeting(
    network: Network,
    folder: Path,
    booths: int,
    way: Way = FAR,
    film: tuple[int, int, int] = SMALL,
    interpreters: tuple[str, ...] = (INTERPRETER,),
) -> AsyncIterator[Meeting]:
    """Everybody is there and live, the interpreters on air, so that everybody hears everybody else."""
    event = folder / "event.toml"
    write_event(
        event,
        start="automatic",
        screen_px=film[:2],
        booths=booths,
        interpreters=interpreters,
    )
    clips = folder / "clips"
    await asyncio.to_thread(clip, clips, *film)  # made once, and read by everybody
    place = await network.place("srv")
    served = await serve(folder / "state", event, place=place)
    people = {
        f"booth-{number}": await _people(network, place, number, way, (*SITES, *interpreters))
        for number in range(1, booths + 1)
    }
    held = Meeting(network, folder, event, place, served, people, film)
    try:
        await asyncio.gather(*(each.start(served, clips, film) for each in held.everybody))
        await asyncio.gather(*(each.join() for each in held.everybody))
        for booth in people:
            await people[booth][INTERPRETER].until(lambda notes: notes.all_connected, time.monotonic(), LIVE_S)
            await asyncio.sleep(SETTLED_S)  # on air is refused until the microphone's first packets are in
            await held.on_air(booth, True)
        for booth in people:
            await held.everybody_hears_everybody(booth)
        yield held
    finally:
        await asyncio.gather(*(each.end() for each in held.everybody))
        await held.served.stop()


async def _people(
    network: Network, server: Namespace, number: int, way: Way, names: tuple[str, ...]
) -> dict[str, Attendee]:
    booth, people = f"booth-{number}", {}
    for at, name in enumerate(names):
        place = await network.place(f"{name[0]}{number}")
        await network.weather(place, server, way)
        role, site = ("room", name) if name in SITES else ("interpreter", None)
        people[name] = Attendee(f"{name} {number}", booth, role, site, (number - 1) * len(names) + at, place)
    return people
