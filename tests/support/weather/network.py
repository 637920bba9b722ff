"""Places and the weather between them: namespaces, joined by one delay line for as long as the block lasts."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Self

from tests.support.weather.namespace import Namespace, networks, sweep
from tests.support.weather.way import CUT, OPEN, Way

CHECKOUT = Path(__file__).resolve().parents[3]
END_S = 5.0


class Network:
    """`async with Network(seed) as network`: then `place` what there is to be, and let it rain with `weather`."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._number = next(networks)
        self.places: dict[str, Namespace] = {}
        self._wan: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()
        self._ways: dict[tuple[str, str], Way] = {}
        """What a line is when it is not cut."""

    async def __aenter__(self) -> Self:
        await sweep()
        self._wan = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.weather.wan", str(self.seed)),
            cwd=CHECKOUT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        wan = self._wan
        assert wan is not None
        assert wan.stdin is not None
        wan.stdin.close()
        try:
            await asyncio.wait_for(wan.wait(), END_S)
        except TimeoutError:
            wan.kill()
            await wan.wait()
        for place in self.places.values():
            await place.remove()

    @property
    def process_id(self) -> int:
        """Of the delay line."""
        assert self._wan is not None
        return self._wan.pid

    async def place(self, name: str) -> Namespace:
        """A new place of that name (short, small letters and digits), in reach of all others."""
        assert name not in self.places
        place = Namespace(name, len(self.places) + 1, self._number)
        self.places[name] = place
        await place.make()
        await self._join(place)
        return place

    async def weather(self, one: Namespace, other: Namespace, there: Way = OPEN, back: Way | None = None) -> None:
        """From now on the line from `one` to `other` is so; both ways, unless `back` is another."""
        for start, end, way in ((one, other, there), (other, one, there if back is None else back)):
            self._ways[start.place, end.place] = way
            await self._way(start, end, way)

    async def cut(self, *places: Namespace) -> None:
        """Nothing comes from or to these places; nobody is told."""
        await self._everywhere(places, CUT)

    async def mend(self, *places: Namespace) -> None:
        """Lines are what they were before they were cut."""
        await self._everywhere(places, None)

    async def change_address(self, place: Namespace) -> None:
        """The interface goes and another one comes, with other addresses."""
        await self._ask({"ask": "leave", "place": place.name})
        await self._join(place)

    async def counts(self) -> dict[str, Any]:
        """`lanes`: by "from to" (names of namespaces), what became of packets; `processor_s` that the line has used."""
        return await self._ask({"ask": "count"})

    async def _join(self, place: Namespace) -> None:
        place.interfaces += 1
        addresses = [place.ipv4, place.ipv6]
        await self._ask({"ask": "join", "place": place.name, "interface": place.interface, "addresses": addresses})
        await place.set_up()

    async def _everywhere(self, places: tuple[Namespace, ...], way: Way | None) -> None:
        for place in places:
            for other in self.places.values():
                if other is not place:
                    for start, end in ((place, other), (other, place)):
                        await self._way(start, end, way or self._ways.get((start.place, end.place), OPEN))

    async def _way(self, start: Namespace, end: Namespace, way: Way) -> None:
        await self._ask({"ask": "way", "from": start.name, "to": end.name, "way": way.spoken()})

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        wan = self._wan
        assert wan is not None
        assert wan.stdin is not None
        assert wan.stdout is not None
        async with self._one_at_a_time:
            wan.stdin.write(json.dumps(request).encode() + b"\n")
            line = await wan.stdout.readline()
        if not line:
            raise RuntimeError(f"the delay line ended with {await wan.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "fault" in answer:
            raise RuntimeError(answer["fault"])
        return answer


def seed() -> int:
    """`HANMARU_SEED`, or a new one."""
    return int(os.environ.get("HANMARU_SEED") or int.from_bytes(os.urandom(4), "big"))
