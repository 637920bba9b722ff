"""A booth as one frozen value: its plan, its consultation, its seats, its settings, and what was last sent about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from interpreter.modes import Mode
from interpreter.turns import Turns
from signaling.booth_view import BoothView
from signaling.effects import Gain, View
from signaling.lines import Chair
from signaling.phases import Phase
from signaling.requests import Framing
from signaling.seats import Role, Seat, feed, interpreter, parse_seat, room

DISPLAYS = ("1", "2", "3", "4")
"""The numbers that the displays of a site can have: each is one more connection to send all of it to."""

THUMBNAILS, PICTURE = SHED = ("thumbnails", "picture")
"""What a machine under pressure leaves out of a booth: small pictures of the rooms; the far picture on the screens."""

V = TypeVar("V")
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class SitePlan:
    """A site and the pixels of its screen; `scaled`: its room page is sent exactly those, too."""

    id: str
    width: int
    height: int
    scaled: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What the event file says of a booth; `automatic`: it goes live by itself when all its rooms are connected."""

    booth: str
    sites: tuple[SitePlan, ...]
    interpreters: tuple[str, ...]
    automatic: bool


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """What can be set of a room."""

    muted: bool = False
    camera_off: bool = False
    volume_db: float = 0.0
    framing: Framing = Framing.FILL


@dataclass(frozen=True, slots=True)
class Console:
    """An interpreter's keys: speaking into the language of `to`."""

    to: str
    on_air: bool = False
    cough_until: float | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """A client that waits for a taken seat."""

    seat: str
    secret: str


@dataclass(frozen=True, slots=True)
class Booth:
    """All of it. The mappings are never changed, only replaced."""

    plan: Plan
    rooms: Mapping[str, RoomSettings]
    """By site."""
    consoles: Mapping[str, Console]
    """By interpreter."""
    phase: Phase = Phase.EMPTY
    epoch: int = 1
    sequence: int = 0
    """Of the last fact."""
    mode: Mode = Mode.LIAISON
    chairs: Mapping[str, Chair] = field(default_factory=dict)
    """By seat; only those that were ever taken."""
    askers: Mapping[int, Asker] = field(default_factory=dict)
    """By session, first come first."""
    speaking: frozenset[str] = frozenset()
    """Seats, as the engine told last."""
    last_speaker: str | None = None
    turns: Turns = field(default_factory=Turns)
    done: tuple[str, ...] = ()
    """"<seat>/<id>" of the last commands that were written down, so that none is obeyed twice."""
    kept_until: float | None = None
    """After a restart: until then seats that nobody holds wait for those who held them."""
    shed: tuple[str, ...] = ()
    """What is left out for the voices' sake, of `SHED`."""
    gains: tuple[Gain, ...] = ()
    views: tuple[View, ...] = ()
    shown: BoothView | None = None

    def chair(self, seat: str) -> Chair:
        """The chair of a seat, taken before or not."""
        return self.chairs.get(seat) or Chair(parse_seat(seat))

    def room_chair(self, site: str) -> Chair:
        """The chair of a site's room."""
        return self.chair(room(self.plan.booth, site))

    def feed_chair(self, site: str) -> Chair:
        """The chair of the equipment that sends for a site."""
        return self.chair(feed(self.plan.booth, site))

    def displays(self, site: str) -> tuple[Chair, ...]:
        """The chairs of the equipment that plays what a site sees and hears, of those that are there."""
        return tuple(
            chair
            for chair in self.chairs.values()
            if chair.seat.role is Role.DISPLAY and chair.seat.site == site and chair.present
        )

    def interpreter_chair(self, person: str) -> Chair:
        """The chair of an interpreter."""
        return self.chair(interpreter(self.plan.booth, person))

    def with_chair(self, chair: Chair) -> Booth:
        """The booth with that chair as it is now."""
        return replace(self, chairs=put(self.chairs, str(chair.seat), chair))

    def with_console(self, person: str, console: Console) -> Booth:
        """The booth with that interpreter's keys as they are now."""
        return replace(self, consoles=put(self.consoles, person, console))

    def holder(self, session: int) -> Chair | None:
        """The chair that a session holds."""
        return next((chair for chair in self.chairs.values() if chair.session == session), None)

    def other_site(self, site: str) -> str:
        """The site at the far end."""
        return next(each.id for each in self.plan.sites if each.id != site)


def opened(plan: Plan) -> Booth:
    """A booth that nobody has entered yet: interpreters speak from the first site's language into the second's."""
    to = plan.sites[1].id
    return Booth(
        plan,
        rooms={site.id: RoomSettings() for site in plan.sites},
        consoles={person: Console(to) for person in plan.interpreters},
    )


def belongs(plan: Plan, seat: Seat) -> bool:
    """Whether a seat is one of this booth's: the event may have changed since a link was printed."""
    if seat.booth not in (None, plan.booth):
        return False
    if seat.site is not None and seat.site not in {site.id for site in plan.sites}:
        return False
    if seat.role is Role.DISPLAY:
        return seat.person in DISPLAYS
    return seat.booth is None or seat.person is None or seat.person in plan.interpreters


def put(mapping: Mapping[K, V], key: K, value: V) -> dict[K, V]:
    """A copy with one entry set."""
    return {**mapping, key: value}


def without(mapping: Mapping[K, V], key: K) -> dict[K, V]:
    """A copy without one entry."""
    return {each: value for each, value in mapping.items() if each != key}
