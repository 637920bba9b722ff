"""No server at all: what one peer sends, a twin hands to the other, in this very process. It tests the instrument.

What is measured here is what the load itself adds; with `hold_s` a known delay that must show in the figures.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.cast import ROOMS, Participant, Wish, lines
from bench.peer import Peer, way
from bench.rtp import is_rtcp


@dataclass
class Mirror:
    """The two twins with their people."""

    people: dict[str, Participant]
    twins: list[Peer]

    async def leave(self) -> None:
        for person in self.people.values():
            await person.leave()
        for twin in self.twins:
            await twin.close()


@dataclass
class Reflector:
    """Hands packets over as they are, after `hold_s`."""

    hold_s: float = 0.0
    name: str = "reflector"
    pid: int = field(default_factory=os.getpid)

    async def meet(self, wish: Wish, place: int = 0) -> Mirror:
        mirror = Mirror({}, [])
        for person in ROOMS:
            peer = Peer([way("audio", "sendrecv", "0"), way("video", "sendrecv", "1")], lines(wish, person))
            twin = Peer()
            participant = mirror.people[person] = Participant(person)
            participant.attach(peer, wish)
            said, connecting = await twin.answer(await peer.offer())
            await asyncio.gather(peer.accept(said), connecting)
            mirror.twins.append(twin)
        first, second = mirror.twins
        first.on_rtp = first.on_rtcp = self._into(second)
        second.on_rtp = second.on_rtcp = self._into(first)
        for participant in mirror.people.values():
            participant.be_quiet()
        return mirror

    async def stop(self) -> None:
        """There is nothing to end."""

    def _into(self, other: Peer) -> Callable[[bytes, float], None]:
        loop = asyncio.get_running_loop()

        def hand_over(data: bytes, _now_s: float) -> None:
            if is_rtcp(data) or not self.hold_s:
                other.send(data)
            else:
                loop.call_later(self.hold_s, other.send, data)

        return hand_over
