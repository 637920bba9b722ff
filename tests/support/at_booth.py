"""A booth of the pure machine, with a clock that a test turns: for tests that need neither sockets nor an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from signaling.booth import Booth, Plan, SitePlan, opened
from signaling.booth_view import BoothView
from signaling.effects import Admit, Effect, Send, View, Write
from signaling.facts import Fact
from signaling.inputs import Carrying, Closed, Elapsed, Input, Lost, Received
from signaling.ledger import restore
from signaling.messages import ServerMessage, parse
from signaling.replies import Error
from signaling.seats import parse_seat
from signaling.step import deadline, step
from signaling.view import view

SUWON, HANOI = "room.booth-1.suwon", "room.booth-1.hanoi"
KIM, LEE = "interpreter.booth-1.kim", "interpreter.booth-1.lee"
DESK, FAR_DESK, TECHNICIAN = "operator.booth-1.suwon", "operator.booth-1.hanoi", "technician.tech"
SUWON_FEED, HANOI_FEED = "feed.booth-1.suwon", "feed.booth-1.hanoi"
SUWON_DISPLAY, HANOI_DISPLAY = "display.booth-1.suwon.1", "display.booth-1.hanoi.1"
EQUIPMENT = (SUWON_FEED, HANOI_FEED, SUWON_DISPLAY, HANOI_DISPLAY)
SEATS = (SUWON, HANOI, KIM, LEE, DESK, FAR_DESK, TECHNICIAN, *EQUIPMENT)
E = TypeVar("E", bound=Effect)


def plan(*, automatic: bool = True, scaled: bool = False) -> Plan:
    """Two sites with different screens, two interpreters; `scaled`: Hanoi's room page wants exact pixels."""
    sites = SitePlan("suwon", 1280, 1024), SitePlan("hanoi", 640, 512, scaled)
    return Plan("booth-1", sites, ("kim", "lee"), automatic)


class AtBooth:
    """Inputs go in by name of seat; `effects` are those of the last one, `facts` all that were written."""

    def __init__(
        self, *, automatic: bool = True, scaled: bool = False, facts: Sequence[Fact] = (), now: float = 1000.0
    ) -> None:
        own = plan(automatic=automatic, scaled=scaled)
        self.now = now
        self.booth: Booth = restore(own, facts, self.now, self.now) if facts else opened(own)
        self.effects: tuple[Effect, ...] = ()
        self.facts: list[Fact] = list(facts)
        self.sessions: dict[str, int] = {}
        self.secrets: dict[str, str] = {}
        """By seat: what its last holder comes back with."""
        self.count = 0

    def input(self, happened: Input) -> tuple[Effect, ...]:
        """One step; checks what holds of every step."""
        self.booth, self.effects = step(self.booth, happened, self.now)
        writes = [index for index, effect in enumerate(self.effects) if isinstance(effect, Write)]
        assert writes in ([], [0]), "facts come first, in one effect"
        self.facts += [replace(fact, at=self.now) for effect in self.all(Write) for fact in effect.facts]
        self.secrets |= {effect.seat: effect.resume for effect in self.all(Admit)}
        assert [fact.sequence for fact in self.facts] == list(range(1, len(self.facts) + 1))
        return self.effects

    def say(self, seat: str, text: str, session: int | None = None) -> tuple[Effect, ...]:
        """What the holder of a seat (or another session) says, as JSON."""
        number = self.sessions[seat] if session is None else session
        self.count += 1
        return self.input(Received(number, parse_seat(seat), parse(text), f"secret-{self.count}"))

    def hello(self, seat: str) -> int:
        """A new client of a seat; returns its session."""
        self.count += 1
        session = 100 + self.count
        self.sessions.setdefault(seat, session)
        self.say(seat, '{"type": "hello"}', session)
        if self.chair_session(seat) == session:
            self.sessions[seat] = session
        return session

    def connect(self, seat: str) -> None:
        """The holder of a seat offers, and its media arrives."""
        self.say(seat, '{"type": "offer", "sdp": "v=0"}')
        self.carry(seat)

    def carry(self, seat: str, generation: int | None = None) -> tuple[Effect, ...]:
        """Media of a seat's newest (or another) generation arrives."""
        return self.input(Carrying(seat, generation or self.booth.chair(seat).generation))

    def lose(self, seat: str, generation: int | None = None) -> tuple[Effect, ...]:
        """Media of a seat's newest (or another) generation falls silent."""
        return self.input(Lost(seat, generation or self.booth.chair(seat).generation))

    def join(self, *seats: str) -> None:
        """Clients that take their seats and, where the seat has media, connect."""
        for seat in seats:
            self.hello(seat)
            if not seat.startswith(("operator", "technician")):
                self.connect(seat)

    def leave(self, seat: str) -> tuple[Effect, ...]:
        """The socket of the holder is gone."""
        return self.input(Closed(self.sessions[seat]))

    def wait(self, seconds: float) -> list[Effect]:
        """Turn the clock, with every deadline on the way; all effects of it."""
        until = self.now + seconds
        happened: list[Effect] = []
        while (at := deadline(self.booth)) is not None and at <= until:
            self.now = max(self.now, at)
            happened += self.input(Elapsed())
            later = deadline(self.booth)
            assert later is None or later > self.now, "a deadline that has come is over"
        self.now = until
        return happened

    def all(self, kind: type[E]) -> list[E]:
        """The last effects of one kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def sent(self, seat: str | int) -> list[ServerMessage]:
        """What the last input had said to a session, or to the one that holds a seat."""
        session = seat if isinstance(seat, int) else self.sessions[seat]
        return [effect.message for effect in self.all(Send) if effect.session == session]

    def codes(self, seat: str | int) -> list[str]:
        """The codes of the errors among that."""
        return [message.code for message in self.sent(seat) if isinstance(message, Error)]

    def told(self, kind: str) -> list[Fact]:
        """The facts of one kind, of all that were written."""
        return [fact for fact in self.facts if fact.kind == kind]

    def view(self) -> BoothView:
        """The booth as everybody is told."""
        return view(self.booth)

    def pictures(self) -> tuple[View, ...]:
        """Who sees whom, as last shown."""
        return self.booth.views

    def gains(self) -> dict[tuple[str, str], tuple[float, float]]:
        """(listener, source) -> (dB, ramp in seconds), as last routed."""
        return {(gain.listener, gain.source): (gain.db, gain.ramp_s) for gain in self.booth.gains}

    def chair_session(self, seat: str) -> int | None:
        """Who holds a seat."""
        return self.booth.chair(seat).session
