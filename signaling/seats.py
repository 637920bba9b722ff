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


@dataclass(frozen=True, slots=True)
class Seat:
    """A role with what names it: booth and site of a room or an operator, booth and person of an interpreter."""

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
            case (("room" | "operator"), [booth, site]):
                return Seat(Role(role), booth, site)
            case "interpreter", [booth, person]:
                return Seat(Role.INTERPRETER, booth, person=person)
            case "technician" | "loopback", [person]:
                return Seat(Role(role), person=person)
    raise RemoteError("bad_message", "The field seat is not written like a seat, such as room.booth-1.suwon.")


def room(booth: str, site: str) -> str:
    """The seat string of a room."""
    return f"{Role.ROOM}.{booth}.{site}"


def interpreter(booth: str, person: str) -> str:
    """The seat string of an interpreter."""
    return f"{Role.INTERPRETER}.{booth}.{person}"
