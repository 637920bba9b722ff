"""Seats: who one is in a booth, as one string that tokens, cookies, messages and the engine share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from signaling.errors import RemoteError

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


class Role(StrEnum):
    """What one may be."""

    ROOM = "room"
    OPERATOR = "operator"
    INTERPRETER = "interpreter"
    TECHNICIAN = "technician"
    LOOPBACK = "loopback"
    """A private place of one's own, for a test of the line."""
    FEED = "feed"
    """Equipment that sends a site's camera and sound (WHIP): in no token, the link of the site's room opens it."""
    DISPLAY = "display"
    """Equipment that plays what a site sees and hears (WHEP), by number: likewise."""


EQUIPMENT = frozenset({Role.FEED, Role.DISPLAY})


@dataclass(frozen=True, slots=True)
class Seat:
    """A role with what names it: booth and site of a room or an operator, booth and person of an interpreter.

    A display's `person` is its number.
    """

    role: Role
    booth: str | None = None
    site: str | None = None
    person: str | None = None

    def __str__(self) -> str:
        return ".".join((self.role, *(part for part in (self.booth, self.site, self.person) if part is not None)))


def parse_seat(text: str) -> Seat:
    """The seat of its string. Raises RemoteError `bad_message`."""
    role, *names = text.split(".")
    if all(_NAME.fullmatch(name) for name in names):
        match role, names:
            case (("room" | "operator" | "feed"), [booth, site]):
                return Seat(Role(role), booth, site)
            case "display", [booth, site, number]:
                return Seat(Role.DISPLAY, booth, site, number)
            case "interpreter", [booth, person]:
                return Seat(Role.INTERPRETER, booth, person=person)
            case "technician" | "loopback", [person]:
                return Seat(Role(role), person=person)
    raise RemoteError("bad_message", "The field seat is not written like a seat, such as room.booth-1.north.")


def room(booth: str, site: str) -> str:
    """The seat string of a room."""
    return f"{Role.ROOM}.{booth}.{site}"


def feed(booth: str, site: str) -> str:
    """The seat string of the equipment that sends for a site."""
    return f"{Role.FEED}.{booth}.{site}"


def link_of(seat: Seat) -> Seat:
    """The seat whose link opens a seat: equipment comes in by the link of its site's room."""
    return Seat(Role.ROOM, seat.booth, seat.site) if seat.role in EQUIPMENT else seat


def interpreter(booth: str, person: str) -> str:
    """The seat string of an interpreter."""
    return f"{Role.INTERPRETER}.{booth}.{person}"
