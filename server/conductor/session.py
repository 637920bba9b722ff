"""A session: one open socket, or the like, what its link is good for, and the place it has gone to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.conductor.outgoing import WayOut
from signaling.errors import RemoteError
from signaling.replies import Error
from signaling.seats import Seat

if TYPE_CHECKING:
    from server.conductor.place import Place


class Session:
    """`number` is never used twice in a process; `place` is None until a good hello."""

    __slots__ = ("number", "outgoing", "place", "seat", "seated")

    def __init__(self, number: int, seat: Seat, outgoing: WayOut) -> None:
        self.number = number
        self.seat = seat
        self.outgoing = outgoing
        self.place: Place | None = None
        self.seated = False

    def refuse(self, error: RemoteError, name: str | None = None) -> None:
        """Tell the client what it did wrong."""
        self.outgoing.say(Error(name, error.code, error.message))
