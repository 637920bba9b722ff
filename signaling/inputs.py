"""What can happen to a booth: words of clients, words of the engine about (seat, generation), and time."""

from __future__ import annotations

from dataclasses import dataclass

from signaling.requests import ClientMessage
from signaling.seats import Seat


@dataclass(frozen=True, slots=True)
class Received:
    """A client said something. `seat` is what its link is good for; `secret` is fresh: it may become a `resume`."""

    session: int
    seat: Seat
    message: ClientMessage
    secret: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The socket of a session is gone."""

    session: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The engine took an offer."""

    seat: str
    generation: int
    sdp: str


@dataclass(frozen=True, slots=True)
class OfferRefused:
    """The engine refused an offer."""

    seat: str
    generation: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class CandidateRefused:
    """The engine refused a candidate."""

    seat: str
    generation: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Carrying:
    """A connection carries media."""

    seat: str
    generation: int


@dataclass(frozen=True, slots=True)
class Lost:
    """A connection that carried media is silent."""

    seat: str
    generation: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A connection cannot go on."""

    seat: str
    generation: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class PictureRefused:
    """The picture of a connection is not taken any more; its sound is."""

    seat: str
    generation: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Sagging:
    """Pictures of a connection that are paused for the voices' sake from now on, of `PAUSES`."""

    seat: str
    generation: int
    paused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Speaking:
    """These seats are speaking now, and no others."""

    seats: frozenset[str]


@dataclass(frozen=True, slots=True)
class Revoked:
    """The links of a seat are good no more."""

    seat: str


@dataclass(frozen=True, slots=True)
class Shed:
    """The machine leaves this out for the voices' sake now, of `thumbnails` and `picture`; nothing of it before."""

    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The deadline that the state named has come."""


Input = (
    Received
    | Closed
    | Answered
    | OfferRefused
    | CandidateRefused
    | Carrying
    | Lost
    | Failed
    | PictureRefused
    | Sagging
    | Speaking
    | Revoked
    | Shed
    | Elapsed
)
