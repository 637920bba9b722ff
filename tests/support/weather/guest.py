"""A participant without a page, in a process of its own: hums, shows a clip, and notes whom it hears and sees when.

`python -m tests.support.weather.guest`: the first line of standard input says who it is (`Card`), each further one is a
request, answered by a line. It ends with its standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop

from bench import opus
from bench.cast import INTERPRETER, ROOMS, Participant, Wish
from bench.clip import Clip, clip
from bench.clockwork import Clockwork
from bench.peer import Peer, way
from media.engine.opus import Decoder
from media.errors import CodecError
from media.sound import FRAME_SAMPLES
from server.robot import LineClosedError, Message, Robot, trusting
from server.robot_stay import stay
from signaling.errors import RemoteError
from tests.support.weather.player import Player
from tests.support.weather.tones import LONGEST_FREEZE_S, MOST_TONES, Listener, Spans, hum, tone_hz

LOOK_S = 0.05  # how often what came is listened to; it keeps the instants at which it came
LEAVE_S = 3.0
HUM_S = 5.0  # then it begins again, with a seam of some milliseconds
LATE_PACKETS = 500


@dataclass(frozen=True, slots=True)
class Card:
    """Who this is: `tone` is the number of what it hums; `clips`, the folder of its film, () x () pixels of it."""

    origin: str
    token: str
    authority: str
    role: str
    tone: int
    clips: str
    clip: tuple[int, int, int]


@dataclass
class Connection:
    """The media of one connection, as a robot wants them."""

    guest: Guest
    participant: Participant = field(default_factory=lambda: Participant(ROOMS[0]))
    is_closed: bool = False
    heard_s: float | None = None
    """When the newest packet of sound came that was listened to."""

    @property
    def silent_s(self) -> float | None:
        """Seconds since sound came last; None where none has come yet."""
        hearing = self.participant.hearing
        newest = max((one.at_s for one in hearing.arrivals), default=self.heard_s) if hearing else None
        return None if newest is None else time.monotonic() - newest

    async def offer(self) -> str:
        card = self.guest.card
        ways = [way("audio", "sendrecv", "0")]
        if card.role == "room":
            ways.append(way("video", "sendrecv", "1"))
        # Both rooms show the clip, so both watch; the name is the bench's and nobody else's.
        self.participant.name = ROOMS[0] if card.role == "room" else INTERPRETER
        peer = Peer(ways, address=_own_address(card.origin))
        self.participant.attach(peer, Wish(clip=self.guest.film, chase=True))
        return await peer.offer()

    async def accept(self, answer: str) -> None:
        await self.participant.peers[0].accept(answer)
        self.guest.connected.append(time.monotonic())
        self.guest.current = self
        self.participant.speak(self.guest.packets)
        if self.participant.camera is not None:
            self.participant.camera.start()

    async def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.participant.leave(), LEAVE_S)


class Guest:
    """Holds a seat while it is to, and takes note."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.film: Clip | None = clip(Path(card.clips), *card.clip) if card.role == "room" else None
        hummed = opus.encode(hum(tone_hz(card.tone), 2 * HUM_S))
        self._hummed = hummed[len(hummed) // 2 :]  # the second of two rounds, so that its end meets its beginning
        self.packets: Sequence[bytes] = self._hummed
        self.connected: deque[float] = deque(maxlen=1000)
        self.said: deque[tuple[float, str]] = deque(maxlen=200)
        self.current: Connection | None = None
        self.listener = Listener([tone_hz(number) for number in range(MOST_TONES)])
        self.shown = Spans(LONGEST_FREEZE_S)
        self.robot: Robot | None = None
        self._staying: asyncio.Task[None] | None = None
        self.played: Counter[str] = Counter()
        """Samples by kind, of all connections that are over."""
        self._player = Player()
        self._decoder = Decoder()
        self._of: Connection | None = None
        self._number = 0
        Clockwork(LOOK_S, lambda _index, _due_s: self._look()).start()

    async def join(self) -> None:
        """Take the seat, again and again if need be."""
        await self.leave()
        self.robot = Robot(self.card.origin, self.card.token, tls=trusting(Path(self.card.authority)))
        self._staying = asyncio.create_task(stay(self.robot, self._media, _for_ever, self._say))

    async def leave(self) -> None:
        """Give the seat up in good order."""
        staying, self._staying = self._staying, None
        if staying is not None:
            staying.cancel()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(staying, return_exceptions=True), LEAVE_S)

    def speak(self, packets: Sequence[bytes]) -> None:
        """Say this over and over; nothing: hum again."""
        self.packets = packets or self._hummed
        if self.current is not None:
            self.current.participant.speak(self.packets)

    def notes(self, since_s: float) -> dict[str, Any]:
        """What was noted since then."""
        self._look()
        robot = self.robot
        return {
            "now_s": time.monotonic(),
            "heard": {hz: found for hz, spans in self.listener.heard.items() if (found := spans.since(since_s))},
            "shown": self.shown.since(since_s),
            "clicks": [at_s for at_s in self.listener.clicks if at_s >= since_s],
            "played": self.played + self._player.samples,
            "connected": [at_s for at_s in self.connected if at_s >= since_s],
            "said": [each for each in self.said if each[0] >= since_s],
            "booth": robot.booth if robot else {},
            "seat": robot.welcome.get("seat") if robot else None,
            "generation": robot.welcome.get("generation") if robot else None,
            "stays": self._staying is not None and not self._staying.done(),
        }

    def _media(self, _welcome: Message) -> Connection:
        return Connection(self)

    def _say(self, text: str) -> None:
        self.said.append((time.monotonic(), text))

    def _look(self) -> None:
        """Listen to what came since the last look."""
        connection = self.current
        if connection is None:
            return
        if connection is not self._of:
            self._of, self._decoder, self._number = connection, Decoder(), -LATE_PACKETS
            self.played += self._player.samples
            self._player = Player()
        hearing, screen = connection.participant.hearing, connection.participant.screen
        if hearing is not None:
            came, hearing.arrivals = hearing.arrivals, []
            for one in came:
                self._player.push(one.number, one.timestamp, one.payload, one.at_s)
            self._player.until(time.monotonic())
            for one in sorted(came, key=lambda one: one.number):
                connection.heard_s = max(connection.heard_s or one.at_s, one.at_s)
                # What is a little older came too late to be played; what is much older is another stream.
                if not self._number - LATE_PACKETS < one.number <= self._number:
                    if one.number != self._number + 1:
                        self.listener.interrupted()
                    self._number = one.number
                    with contextlib.suppress(CodecError):
                        self._hear(self._decoder.decode(one.payload).copy(), one.at_s)
        if screen is not None:
            screen.arrivals = []
            if screen.showing is not None:
                for at_s, _timestamp in screen.showing.shown[:-1]:  # the newest one is looked at by the inlet itself
                    self.shown.touch(at_s)
                del screen.showing.shown[:-1]

    def _hear(self, samples: Any, at_s: float) -> None:
        for start in range(0, samples.size - FRAME_SAMPLES + 1, FRAME_SAMPLES):
            self.listener.take(samples[start : start + FRAME_SAMPLES], at_s)


async def _for_ever() -> None:
    await asyncio.Event().wait()


def _own_address(origin: str) -> str:
    """The address that this place has at the moment for what goes there. Raises ConnectionError when it has none."""
    where = urlsplit(origin)
    family = socket.AF_INET6 if ":" in (where.hostname or "") else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((where.hostname, where.port or 443))
        except OSError as fault:
            raise ConnectionError(f"no way out: {fault}") from fault
        address: str = probe.getsockname()[0]
        return address


async def obey(guest: Guest, request: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked, and answer."""
    match request["ask"]:
        case "join":
            await guest.join()
        case "leave":
            await guest.leave()
        case "notes":
            return guest.notes(request["since_s"])
        case "speak":
            guest.speak([bytes.fromhex(packet) for packet in request["packets"]])
        case "command":
            assert guest.robot is not None
            try:
                return dict(await guest.robot.command(request["kind"], **request["fields"]))
            except (RemoteError, LineClosedError, TimeoutError) as refusal:
                return {"fault": str(refusal), "code": getattr(refusal, "code", None)}
        case unknown:
            return {"fault": f"no such request: {unknown}"}
    return {}


async def serve(respond: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]], orders: asyncio.StreamReader) -> None:
    """Answer line by line until there is nobody left who asks."""
    while line := await orders.readline():
        answer = await respond(json.loads(line))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


async def main() -> None:
    """Read who we are, then serve."""
    orders = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    said = json.loads(await orders.readline())
    guest = Guest(Card(**{**said, "clip": tuple(said["clip"])}))
    await serve(lambda request: obey(guest, request), orders)


if __name__ == "__main__":
    uvloop.run(main())
    sys.stdout.flush()
    os._exit(0)  # nobody is there any more who could be told of what was left open
