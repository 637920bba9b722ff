"""The engine's door: every word that crosses between the conductor and the media of a booth, as plain values.

Commands go in, an `Outcome` answers each, events come out. All of it survives `to_wire`/`from_wire` (JSON), so that a
booth's media can live in another process. A *place* is one mixer: a booth's id, or a private one for a loopback test.
A *connection* is (seat, generation).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from media.engine.figures import (
    COUNTS,
    ENGINE,
    LATE_EDGES_S,
    LOSSES,
    QUEUES,
    SPARE,
    EngineFigures,
    PlaceFigures,
    ProcessFigures,
    Surveyed,
    Ticks,
)

__all__ = [
    "COUNTS",
    "ENGINE",
    "LATE_EDGES_S",
    "LOSSES",
    "QUEUES",
    "SPARE",
    "EngineFigures",
    "PlaceFigures",
    "ProcessFigures",
    "Surveyed",
    "Ticks",
]  # its own words beside them


@dataclass(frozen=True, slots=True)
class Connect:
    """Answer an offer with a new peer connection; outcome `Answered` or `Refused`."""

    place: str
    seat: str
    generation: int
    audio: str | None
    """Direction as the client offers it: `sendrecv`, `recvonly`, `sendonly`, or None for no m-line."""
    video: str | None
    offer: str
    loopback_candidates: bool
    """Whether candidates on 127/8 and ::1 are accepted."""


@dataclass(frozen=True, slots=True)
class AddCandidate:
    """Add a remote candidate (`candidate:...`; empty ends them); outcome `Done` or `Refused`."""

    place: str
    seat: str
    generation: int
    candidate: str
    mid: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Drop one connection; unknown ones are no error."""

    place: str
    seat: str
    generation: int


@dataclass(frozen=True, slots=True)
class Gain:
    """One cell of the matrix: what `listener` gets of `source`, in dB (None: never sent), reached in `ramp_s`."""

    listener: str
    source: str
    db: float | None
    ramp_s: float


@dataclass(frozen=True, slots=True)
class Route:
    """The whole gain matrix of a place; cells that are not named go to None over 30 ms."""

    place: str
    gains: tuple[Gain, ...]


@dataclass(frozen=True, slots=True)
class View:
    """`viewer` sees `source` on width x height pixels; `framing` is `fill` (crop) or `fit` (letterbox)."""

    viewer: str
    source: str
    width: int
    height: int
    framing: str
    exact: bool = True
    """Whether the picture must have exactly that size and framing; a page does both for itself, a display cannot."""


@dataclass(frozen=True, slots=True)
class Show:
    """All pictures of a place; viewers that are not named see nothing."""

    place: str
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """Ask for figures of a place; outcome `Measured`."""

    place: str


@dataclass(frozen=True, slots=True)
class ClosePlace:
    """Drop every connection of a place and forget it."""

    place: str


@dataclass(frozen=True, slots=True)
class Thin:
    """Have all pictures take less of the machine, or as much as they want again; voices are not touched.

    Of those that are made anew every second one is shown at best, and cameras are asked for a low bitrate.
    """

    on: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """Ask for the figures of the whole engine, for whoever operates it; outcome `Surveyed`."""


PlaceCommand = Connect | AddCandidate | Disconnect | Route | Show | Measure | ClosePlace
Command = PlaceCommand | Thin | Survey


@dataclass(frozen=True, slots=True)
class Done:
    """The command was carried out."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to an offer, candidates included."""

    sdp: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The command changed nothing: `code` is one of the protocol's, `message` a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """What one connection received so far. Sizes in pixels; counts since it connected."""

    seat: str
    generation: int
    audio_packets: int
    audio_lost: int
    video_packets: int
    video_lost: int
    video_frames: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of a place: streams and drops by queue; and of the engine: ticks, late by over 20 ms, skipped.

    Of the drops, `strangers` (datagrams from elsewhere) are the engine's too.
    """

    streams: tuple[StreamFigures, ...]
    ticks: int
    ticks_late: int
    ticks_skipped: int
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float
    drops: dict[str, int]


Outcome = Done | Answered | Refused | Measured | Surveyed


@dataclass(frozen=True, slots=True)
class Carrying:
    """The connection has received its first packets of every kind it sends: it is connected."""

    place: str
    seat: str
    generation: int


@dataclass(frozen=True, slots=True)
class Lost:
    """Connected before, and silent for 3 s (or closed by the peer)."""

    place: str
    seat: str
    generation: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Never got up (`media_timeout`) or cannot go on (`media_failed`)."""

    place: str
    seat: str
    generation: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class PictureRefused:
    """The picture of a connection is not taken any more, whatever it becomes; its sound is."""

    place: str
    seat: str
    generation: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Levels:
    """RMS of each source of a place over 200 ms in dBFS (None: nothing arrives), and the seats that speak now."""

    place: str
    dbfs: dict[str, float | None]
    speaking: tuple[str, ...]


Event = Carrying | Lost | Failed | PictureRefused | Levels


@dataclass(frozen=True, slots=True)
class Hello:
    """A media process is ready to be asked; its first word."""

    version: int
    """Of the door's wire form."""
    pid: int


@dataclass(frozen=True, slots=True)
class Beating:
    """A media process lives: the ticks of its sound so far. Whoever keeps it hears this, nobody behind it."""

    ticks: int


Sign = Hello | Beating


class Engine(Protocol):
    """What the conductor drives: here in this process, or at the far end of a pipe."""

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Have `listener` called with every event; it must not block."""

    def perform(self, command: Command) -> Awaitable[Outcome]:
        """Carry out a command. Never raises for bad input: that is `Refused`."""

    def close(self) -> Awaitable[None]:
        """Drop everything; returns within 5 s."""
