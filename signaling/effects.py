"""What a step wants done, in this order; the conductor in `server` does it.

`Write` comes first and is done before the step counts; the other effects follow.
"""

from __future__ import annotations

from dataclasses import dataclass

from signaling.facts import Fact
from signaling.messages import ServerMessage

REPLACED = 4001
REVOKED = 4003
LINE_LOST = 4010
"""Equipment whose media is gone: nobody at its end reads this, it comes again with a new request."""


@dataclass(frozen=True, slots=True)
class Write:
    """Put these facts on disk."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Connect:
    """Have the engine answer an offer."""

    seat: str
    generation: int
    audio: str | None
    video: str | None
    offer: str


@dataclass(frozen=True, slots=True)
class AddCandidate:
    """Have the engine take a remote candidate."""

    seat: str
    generation: int
    candidate: str
    mid: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Have the engine drop a connection."""

    seat: str
    generation: int


@dataclass(frozen=True, slots=True)
class Gain:
    """`listener` gets `source` at `db`, reached in `ramp_s`."""

    listener: str
    source: str
    db: float
    ramp_s: float


@dataclass(frozen=True, slots=True)
class Route:
    """The whole gain matrix; what is not named is silent."""

    gains: tuple[Gain, ...]


@dataclass(frozen=True, slots=True)
class View:
    """`viewer` sees `source` on width x height pixels, `framing` is `fill` or `fit`.

    `exact`: the picture itself has to have that size and framing. A page gives it both, a display cannot.
    """

    viewer: str
    source: str
    width: int
    height: int
    framing: str
    exact: bool


@dataclass(frozen=True, slots=True)
class Show:
    """All pictures; viewers that are not named see nothing."""

    views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class Admit:
    """Welcome a session to a seat: the conductor adds what the event file says about it."""

    session: int
    seat: str
    generation: int
    resume: str


@dataclass(frozen=True, slots=True)
class Send:
    """Say something to one client."""

    session: int
    message: ServerMessage


@dataclass(frozen=True, slots=True)
class Close:
    """Close a client's socket with that code, after what was said to it."""

    session: int
    code: int


@dataclass(frozen=True, slots=True)
class Measure:
    """Ask the engine for the figures of a connection and tell them to the session."""

    session: int
    id: str | None
    seat: str
    generation: int


Effect = Write | Connect | AddCandidate | Disconnect | Route | Show | Admit | Send | Close | Measure
