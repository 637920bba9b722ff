"""Who is where: sessions come in, find their place, and leave; the engine's words find theirs."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import structlog

from media.engine import door
from server.conductor import cards
from server.conductor.census import Census, census
from server.conductor.machine import BoothMachine, LoopbackMachine
from server.conductor.outgoing import WayOut
from server.conductor.place import Place
from server.conductor.record import Record
from server.conductor.session import Session
from server.conductor.spawn import end, spawn
from server.event import Booth, Event
from server.relay import Relay, ice_servers
from signaling import inputs, loopback
from signaling.admission import ToBooth, ToLoopback, admission
from signaling.booth import Booth as State
from signaling.booth import belongs
from signaling.effects import REVOKED, Admit
from signaling.errors import RemoteError
from signaling.ledger import restore
from signaling.permissions import MEDIA
from signaling.phases import Phase
from signaling.replies import Goodbye
from signaling.requests import ClientMessage
from signaling.seats import Role, Seat, link_of
from signaling.welcome import Welcome

log = structlog.get_logger("conductor")

GOING_AWAY = 1001
RESUME_BYTES = 16  # 128 bits
LOOPBACKS = 8  # at a time: each costs as much as a booth
SOCKETS_PER_SEAT = 64  # a technician opens one for each booth
CLOSING_S = 2.0


class Conductor:
    """All booths of an event, and the loopback tests. Call it from the event loop only."""

    def __init__(self, event: Event, engine: door.Engine, record: Record, relay: Relay | None = None) -> None:
        self._event = event
        self._relay = relay
        self._engine = engine
        self._record = record
        self._places: dict[str, Place] = {}
        self._sessions: dict[int, Session] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._count = 0
        self._open = False

    async def start(self) -> None:
        """Bring every booth back to where its facts left it, and begin. Raises what the record raises."""
        for booth in self._event.booths:
            facts = await self._record.facts(booth.id)
            at, now = datetime.now(UTC).timestamp(), asyncio.get_running_loop().time()
            state = restore(cards.plan_of(self._event, booth), facts, at, now)
            self._begin(booth.id, BoothMachine(state), partial(self._welcome, booth))
            log.info("booth_opened", place=booth.id, phase=state.phase.value, epoch=state.epoch)
        self._engine.listen(self._heard)
        self._open = True

    async def close(self) -> None:
        """Say goodbye to everybody, close their sockets, and stop; the engine stays with whoever made it."""
        self._open = False
        for session in tuple(self._sessions.values()):
            session.outgoing.say(Goodbye())
            session.outgoing.close(GOING_AWAY)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                await asyncio.gather(*(session.outgoing.over.wait() for session in self._sessions.values()))
        await end(self._ending)
        for place in tuple(self._places.values()):
            await place.close(for_good=False)

    def enter(self, seat: Seat, outgoing: WayOut) -> Session:
        """A socket, or the like, has opened with a link that is good for `seat`. Raises RemoteError `busy`."""
        if not self._open:
            raise RemoteError("busy", "The server is going away; come back in a moment.")
        if sum(session.seat == seat for session in self._sessions.values()) >= SOCKETS_PER_SEAT:
            raise RemoteError("busy", "Too many connections are open with this link.")
        self._count += 1
        session = self._sessions[self._count] = Session(self._count, seat, outgoing)
        return session

    async def receive(self, session: Session, message: ClientMessage) -> None:
        """A client said something. Raises RemoteError for what no place can answer."""
        if session.place is None:
            self._place_for(session, message).enter(session)
        assert session.place is not None
        secret = secrets.token_urlsafe(RESUME_BYTES)
        await session.place.receive(inputs.Received(session.number, session.seat, message, secret))

    def leave(self, session: Session) -> None:
        """A socket is gone; saying so twice is fine."""
        place = session.place
        if self._sessions.pop(session.number, None) is None or place is None:
            return
        place.leave(session)
        if isinstance(place.machine, LoopbackMachine):
            del self._places[place.name]
            self._end(place)

    def revoke(self, seat: str) -> None:
        """The links of a seat are good no more: whoever came in by one is out."""
        for session in tuple(self._sessions.values()):
            is_at_booth = session.place is not None and isinstance(session.place.machine, BoothMachine)
            if str(link_of(session.seat)) == seat and not is_at_booth:
                session.outgoing.close(REVOKED)
        for place in self._places.values():
            place.post(inputs.Revoked(seat))

    def booth(self, name: str) -> State | None:
        """A booth as it stands now; None where there is none of that name."""
        place = self._places.get(name)
        return place.machine.state if place is not None and isinstance(place.machine, BoothMachine) else None

    def live_booths(self) -> int:
        """How many consultations have begun and are not over: each is about to need its media."""
        states = (self.booth(name) for name in self._places)
        return sum(state is not None and state.phase in (Phase.LIVE, Phase.PAUSED) for state in states)

    def shed(self, booth: str, what: tuple[str, ...]) -> None:
        """Have a booth leave that out from now on, and nothing else."""
        place = self._places.get(booth)
        if place is not None:
            place.post(inputs.Shed(what))

    def census(self) -> Census:
        """Who is where now, in numbers."""
        return census(self._places.values(), self._sessions.values())

    def _place_for(self, session: Session, message: ClientMessage) -> Place:
        match admission(session.seat, message):
            case ToBooth(booth):
                place = self._places.get(booth)
                if place is None or not isinstance(place.machine, BoothMachine):
                    raise RemoteError("not_allowed", "There is no such booth.")
                if not belongs(place.machine.state.plan, session.seat):
                    raise RemoteError("not_allowed", "This link is for a seat that the event no longer has.")
                return place
            case ToLoopback(site):
                return self._loopback(session.seat, site)

    def _loopback(self, seat: Seat, site_id: str | None) -> Place:
        sites = {site.id: site for site in self._event.sites}
        site = sites.get(site_id or self._event.sites[0].id)
        if site is None:
            raise RemoteError("bad_message", "The field site names no site of this event.")
        if sum(isinstance(place.machine, LoopbackMachine) for place in self._places.values()) >= LOOPBACKS:
            raise RemoteError("busy", "Too many loopback tests are running; try again in a minute.")
        with_picture = seat.role is Role.TECHNICIAN or MEDIA[seat.role][1] is not None
        name = secrets.token_hex(RESUME_BYTES)
        state = loopback.opened(name, cards.site_plan_of(site), with_picture=with_picture)
        return self._begin(str(state.chair.seat), LoopbackMachine(state), partial(self._loopback_welcome, state))

    def _begin(self, name: str, machine: BoothMachine | LoopbackMachine, welcome: partial[Welcome]) -> Place:
        place = self._places[name] = Place(
            name,
            machine,
            record=self._record,
            engine=self._engine,
            welcome=welcome,
            loopback_candidates=self._event.allow_loopback,
        )
        place.start()
        return place

    def _end(self, place: Place) -> None:
        task = spawn(place.close(for_good=True), f"end {place.name}")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _heard(self, event: door.Event) -> None:
        """A word of the engine; one about a place that has ended is stale."""
        place = self._places.get(event.place)
        if place is None:
            return
        match event:
            case door.Carrying(_, seat, generation):
                place.post(inputs.Carrying(seat, generation))
            case door.Lost(_, seat, generation):
                place.post(inputs.Lost(seat, generation))
            case door.Failed(_, seat, generation, code, message):
                place.post(inputs.Failed(seat, generation, code, message))
            case door.PictureRefused(_, seat, generation, code, message):
                place.post(inputs.PictureRefused(seat, generation, code, message))
            case door.Sagging(_, seat, generation, paused):
                place.post(inputs.Sagging(seat, generation, paused))
            case door.Levels():
                place.levels(event)

    def _welcome(self, booth: Booth, admit: Admit, session: Session) -> Welcome:
        now = datetime.now(UTC)
        return cards.welcome(self._event, booth, session.seat, admit, ice_servers(self._relay, session.seat, now), now)

    def _loopback_welcome(self, state: loopback.Loopback, admit: Admit, session: Session) -> Welcome:
        now = datetime.now(UTC)
        relay = ice_servers(self._relay, session.seat, now)
        return cards.loopback_welcome(self._event, session.seat, state, admit, relay, now)
