"""Equipment at the booths: every connection of an encoder or a display is a resource, with a seat of its own."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field

import structlog

from server.conductor import Conductor, Session
from server.conductor.spawn import spawn
from signaling.booth import DISPLAYS
from signaling.effects import LINE_LOST
from signaling.errors import RemoteError
from signaling.messages import ServerMessage
from signaling.pace import Bucket, Pace, Verdict, heard, pace
from signaling.replies import Answer, Error
from signaling.requests import Candidate, ClientMessage, Hello, Offer
from signaling.seats import Role, Seat, link_of

ID_BYTES = 16  # 128 bits
ANSWER_S = 12.0  # the conductor gives the engine 10
NEW_PER_S = 1.0  # an encoder that starts again and again; each start costs as much as a page that joins
NEW_BURST = 10.0
ENDED = 1000

log = structlog.get_logger("equipment")


class Hearing:
    """Stands in for the way out to a socket: of all that is said to equipment, it waits for the answer to its offer."""

    def __init__(self) -> None:
        self.code: int | None = None
        """Why it was closed."""
        self.over = asyncio.Event()
        self._answer: asyncio.Future[Answer | Error] = asyncio.get_running_loop().create_future()

    def say(self, message: ServerMessage) -> None:
        """Keep the first answer or error; equipment is told nothing else."""
        if isinstance(message, Answer | Error) and not self._answer.done():
            self._answer.set_result(message)

    def levels(self, frame: bytes) -> None:
        """Equipment has no meters of ours."""

    def close(self, code: int) -> None:
        """Nothing more is said; whoever waits for an answer waits in vain."""
        if self.code is None:
            self.code = code
            self.say(Error(None, "replaced", "Somebody else took this seat, or the server ended the connection."))
            self.over.set()

    async def answer(self) -> str:
        """The answer's SDP. Raises RemoteError."""
        word = await self._answer
        if isinstance(word, Error):
            raise RemoteError(word.code, word.message)
        return word.sdp


@dataclass(eq=False, slots=True)
class Resource:
    """A connection of equipment, as its URL names it; it ends with the connection."""

    seat: Seat
    session: Session
    hearing: Hearing
    pace: Pace
    id: str = field(default_factory=lambda: secrets.token_urlsafe(ID_BYTES))
    etag: str = field(default_factory=lambda: f'"{secrets.token_urlsafe(ID_BYTES)}"')
    """Of its ICE session, the only one that it will have."""
    ufrags: frozenset[str] = frozenset()

    @property
    def holder(self) -> str:
        """The seat whose link opened it, and nobody else's may touch it."""
        return str(link_of(self.seat))


class Equipment:
    """All of them. Call it from the event loop only; their number is bounded by the seats that there are."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._resources: dict[str, Resource] = {}
        self._starts: dict[str, Bucket] = {}  # by room, so bounded by the event
        self._watching: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._resources)

    async def begin(self, role: Role, room: Seat, offer: str, ufrags: frozenset[str]) -> tuple[Resource, str]:
        """Take the seat for equipment of that role, and the answer to its offer.

        Raises RemoteError: `too_fast`, `busy`, and what booth and engine refuse.
        """
        self._count_start(role, room)
        seat = self._seat(role, room)
        hearing = Hearing()
        session = self._conductor.enter(seat, hearing)
        resource = Resource(seat, session, hearing, pace(_now()), ufrags=ufrags)
        self._resources[resource.id] = resource
        self._watch(resource)
        try:
            async with asyncio.timeout(ANSWER_S):
                for word in (Hello(), Offer(offer)):
                    await self._conductor.receive(session, word)
                answer = await hearing.answer()
        except TimeoutError:
            self.end(resource)
            raise RemoteError("media_failed", "The media server gave no answer in time.") from None
        except BaseException:
            self.end(resource)
            raise
        log.info("equipment_came", seat=str(seat))
        return resource, answer

    def find(self, id: str, room: Seat) -> Resource | None:  # noqa: A002 - it is one
        """The resource of that id that the link of `room` opened."""
        resource = self._resources.get(id)
        return resource if resource is not None and resource.holder == str(room) else None

    async def add(self, resource: Resource, candidates: tuple[tuple[str | None, str], ...]) -> None:
        """Add candidates to its connection. Raises RemoteError `too_fast`."""
        words: list[ClientMessage] = [Candidate(candidate, mid) for mid, candidate in candidates]
        for word in words:
            resource.pace, verdict = heard(resource.pace, _now())
            if verdict is not Verdict.TAKE:
                raise RemoteError("too_fast", "Too many candidates at a time; slow down.")
            await self._conductor.receive(resource.session, word)

    def end(self, resource: Resource) -> None:
        """Hang up; saying so twice is fine."""
        resource.hearing.close(ENDED)
        self._forget(resource)

    def _seat(self, role: Role, room: Seat) -> Seat:
        if role is Role.FEED:
            return Seat(role, room.booth, room.site)
        taken = {each.seat.person for each in self._resources.values() if each.holder == str(room)}
        number = next((number for number in DISPLAYS if number not in taken), None)
        if number is None:
            raise RemoteError("busy", f"{len(DISPLAYS)} displays are playing this site already; end one first.")
        return Seat(role, room.booth, room.site, number)

    def _count_start(self, role: Role, room: Seat) -> None:
        key = f"{role}.{room}"
        bucket = self._starts.get(key) or Bucket(NEW_PER_S, NEW_BURST, NEW_BURST, _now())
        rest = bucket.take(_now())
        if rest is None:
            raise RemoteError("too_fast", "This equipment connects again and again; wait a moment.")
        self._starts[key] = rest

    def _watch(self, resource: Resource) -> None:
        task = spawn(self._until_over(resource), f"equipment {resource.seat}")
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def _until_over(self, resource: Resource) -> None:
        await resource.hearing.over.wait()
        self._forget(resource)

    def _forget(self, resource: Resource) -> None:
        if self._resources.pop(resource.id, None) is not None:
            self._conductor.leave(resource.session)
            log.info("equipment_left", seat=str(resource.seat), lost=resource.hearing.code == LINE_LOST)


def _now() -> float:
    return asyncio.get_running_loop().time()
