"""Participants who come back at the pace of a page whenever their server is gone, and operators at work.

Lean ones (`bench.peer`): five booths of them leave the machine to the server.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Sequence

from bench.cast import INTERPRETER, Participant, Wish, lines
from bench.hanmaru import Joining
from bench.peer import Peer, way
from server.robot import LineClosedError, Robot
from signaling.errors import RemoteError

FIRST_RETRY_S = (0.15, 0.4)  # web/protocol.js
RETRY_S = (0.8, 1.5)
BREAKS = (LineClosedError, RemoteError, ConnectionError, TimeoutError)


def trusting() -> ssl.SSLContext:
    """TLS that takes any certificate: the server is our own, on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Returning:
    """One seat, held for as long as `stay` runs."""

    def __init__(self, origin: str, token: str, booth: str) -> None:
        self.booth = booth
        self.robot = Robot(origin, token, tls=trusting())

    async def stay(self) -> None:
        """Come, and come back after every break; never returns."""
        tries = 0
        try:
            while True:
                try:
                    await self._enter()
                    tries = 0
                    await self._be_there()
                except BREAKS:
                    pass
                await asyncio.sleep(random.uniform(*(RETRY_S if tries else FIRST_RETRY_S)))
                tries += 1
        finally:
            await asyncio.shield(self.robot.close())

    async def _enter(self) -> None:
        if self.robot.welcome:
            answer = await self.robot.reconnect()
        else:
            await self.robot.open()
            answer = await self.robot.hello()
        if answer["type"] == "seat_taken":  # our own, from before the break
            after = self.robot.received
            await self.robot.send({"type": "take_over"})
            await self.robot.message("welcome", after=after)

    async def _be_there(self) -> None:
        """Until the line closes."""
        await self.robot.closed(timeout_s=1e9)


class Speaker(Returning):
    """A room with sound and picture, or an interpreter with sound: whoever has media."""

    def __init__(self, origin: str, token: str, booth: str, name: str, wish: Wish) -> None:
        super().__init__(origin, token, booth)
        self._name = name
        self._wish = wish
        self._person: Participant | None = None
        self.welcomed_s = 0.0
        """When it last had its seat."""

    def flows_since(self, at_s: float, *, anew: bool = False) -> float | None:
        """When sound, and a room's picture, had come after that time; None: not yet.

        `anew`: on a connection that is younger. Of an old one, packets still lie in sockets when its server is gone.
        """
        if self._person is None or (anew and self.welcomed_s < at_s):
            return None
        inlets = [self._person.hearing] + ([] if self._name == INTERPRETER else [self._person.screen])
        first = [
            next((each.at_s for each in inlet.arrivals if each.at_s > at_s), None) if inlet else None
            for inlet in inlets
        ]
        return max((each for each in first if each is not None), default=None) if None not in first else None

    async def _be_there(self) -> None:
        self.welcomed_s = time.monotonic()
        ways = [way("audio", "sendrecv", "0")]
        if self._name != INTERPRETER:
            ways.append(way("video", "sendrecv", "1"))
        person = Participant(self._name)
        peer = Peer(ways, lines(self._wish, self._name))
        person.attach(peer, self._wish)
        self._person = person
        try:
            await self.robot.connect(Joining(peer))
            person.be_quiet()
            if person.camera is not None:
                person.camera.start()
            await super()._be_there()
        finally:
            self._person = None
            await person.leave()


class Operator(Returning):
    """Sets the loudspeaker of a site again and again, to another volume each time, and knows what was acknowledged."""

    def __init__(self, origin: str, token: str, booth: str, site: str, pause_s: float) -> None:
        super().__init__(origin, token, booth)
        self.asked: list[float] = []
        self.acknowledged: list[float] = []
        self._site = site
        self._pause_s = pause_s

    async def _be_there(self) -> None:
        while True:
            volume_db = round(-40 + 0.001 * len(self.asked), 3)
            self.asked.append(volume_db)
            await self.robot.command("set", site=self._site, volume_db=volume_db)
            self.acknowledged.append(volume_db)
            await asyncio.sleep(self._pause_s)

    async def refusals(self, commands: int) -> set[str]:
        """Say so many commands as a technician at this booth: the codes with which they are refused."""
        found = set()
        await self.robot.open()
        try:
            await self.robot.send({"type": "hello", "booth": self.booth})
            await self.robot.message("welcome", "seat_taken")
            for count in range(commands):
                try:
                    await self.robot.command("set", site=self._site, volume_db=-20 - 0.001 * count)
                except RemoteError as error:
                    found.add(error.code)
                await asyncio.sleep(0.03)  # no faster than PROTOCOL.md allows
        finally:
            await self.robot.close()
        return found


def faults(asked: Sequence[float], acknowledged: Sequence[float], kept: Sequence[float]) -> list[str]:
    """What is wrong with the record that was `kept` of commands."""
    found = [f"{each} was acknowledged and is lost" for each in acknowledged if each not in set(kept)]
    found += [f"{each} is there {kept.count(each)} times" for each in sorted(set(kept)) if kept.count(each) > 1]
    found += [f"{each} was never asked for" for each in kept if each not in set(asked)]
    return found + (["the record is in another order"] if list(kept) != sorted(kept) else [])


async def until_all_flow(
    speakers: Sequence[Speaker], at_s: float, within_s: float, *, anew: bool = False
) -> dict[str, float]:
    """Seconds after `at_s` until each booth had all its media, `anew` after a restart. Raises TimeoutError."""
    took: dict[str, float] = {}
    async with asyncio.timeout(within_s):
        for speaker in speakers:
            while (since_s := speaker.flows_since(at_s, anew=anew)) is None:  # noqa: ASYNC110 - packets set no event
                await asyncio.sleep(0.02)
            took[speaker.booth] = max(took.get(speaker.booth, 0.0), since_s - at_s)
    return took
