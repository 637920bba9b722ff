"""Which place a client asks for with its first word: its booth, or a private one to test its line."""

from __future__ import annotations

from dataclasses import dataclass

from signaling.errors import RemoteError
from signaling.requests import ClientMessage, Hello, Purpose, Reconnect
from signaling.seats import Role, Seat


@dataclass(frozen=True, slots=True)
class ToBooth:
    """Into the booth of that id."""

    booth: str


@dataclass(frozen=True, slots=True)
class ToLoopback:
    """Into a private place with the screen of that site; None leaves the choice to the server."""

    site: str | None


_TESTERS = frozenset({Role.ROOM, Role.INTERPRETER, Role.TECHNICIAN})


def admission(seat: Seat, message: ClientMessage) -> ToBooth | ToLoopback:
    """Where a client without a place wants to go. Raises RemoteError for words that need a seat or lead nowhere."""
    match message:
        case Hello(Purpose.LOOPBACK, _, site):
            return _loopback(seat, site)
        case Reconnect(wanted) if wanted.startswith(f"{Role.LOOPBACK}."):
            return _loopback(seat, None)  # a test place ends with its socket: this is a hello
        case Reconnect(wanted) if wanted != str(seat):
            raise RemoteError("not_allowed", "This link is good for another seat.")
        case Hello(_, booth) | Reconnect(_, _, booth):
            return _booth(seat, booth)
    raise RemoteError("not_seated", "This needs a seat; say hello first.")


def _loopback(seat: Seat, site: str | None) -> ToLoopback:
    if seat.role not in _TESTERS:
        raise RemoteError("not_allowed", "A loopback test needs the link of a room, an interpreter or a technician.")
    if None not in (seat.site, site) and seat.site != site:
        raise RemoteError("not_allowed", "This link tests the screen of its own site.")
    return ToLoopback(seat.site or site)


def _booth(seat: Seat, booth: str | None) -> ToBooth:
    if None not in (seat.booth, booth) and seat.booth != booth:
        raise RemoteError("not_allowed", "This link is good for another booth.")
    wanted = seat.booth or booth
    if wanted is None:
        raise RemoteError("bad_message", "The field booth is missing: this link is good for every booth, so name one.")
    return ToBooth(wanted)
