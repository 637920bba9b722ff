"""The engine's door: every word that crosses between the conductor and the media of a booth, as plain values.

Commands go in, an `Outcome` answers each, events come out. All of it survives `to_wire`/`from_wire` (JSON), so that a
booth's media can live in another process. A *place* is one mixer: a booth's id, or a private one for a loopback test.
A *connection* is (seat, generation).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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
from media.engine.word import Value, Word

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


class Connect(Word, frozen=True):
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


class AddCandidate(Word, frozen=True):
    """Add a remote candidate (`candidate:...`; empty ends them); outcome `Done` or `Refused`."""

    place: str
    seat: str
    generation: int
    candidate: str
    mid: str | None
    line: int | None


class Disconnect(Word, frozen=True):
    """Drop one connection; unknown ones are no error."""

    place: str
    seat: str
    generation: int


class Gain(Value, frozen=True):
    """One cell of the matrix: what `listener` gets of `source`, in dB (None: never sent), reached in `ramp_s`."""

    listener: str
    source: str
    db: float | None
    ramp_s: float


class Route(Word, frozen=True):
    """The whole gain matrix of a place; cells that are not named go to None over 30 ms."""

    place: str
    gains: tuple[Gain, ...]


class View(Value, frozen=True):
    """`viewer` sees `source` on width x height pixels; `framing` is `fill` (crop) or `fit` (letterbox)."""

    viewer: str
    source: str
    width: int
    height: int
    framing: str
    exact: bool = True
    """Whether the picture must have exactly that size and framing; a page does both for itself, a display cannot."""


class Show(Word, frozen=True):
    """All pictures of a place; viewers that are not named see nothing."""

    place: str
    views: tuple[View, ...]


class Measure(Word, frozen=True):
    """Ask for figures of a place; outcome `Measured`."""

    place: str


class ClosePlace(Word, frozen=True):
    """Drop every connection of a place and forget it."""

    place: str


class Thin(Word, frozen=True):
    """Have all pictures take less of the machine, or as much as they want again; voices are not touched.

    Of those that are made anew every second one is shown at best, and cameras are asked for a low bitrate.
    """

    on: bool


class Survey(Word, frozen=True):
    """Ask for the figures of the whole engine, for whoever operates it; outcome `Surveyed`."""


PlaceCommand = Connect | AddCandidate | Disconnect | Route | Show | Measure | ClosePlace
Command = PlaceCommand | Thin | Survey


class Done(Word, frozen=True):
    """The command was carried out."""


class Answered(Word, frozen=True):
    """The answer to an offer, candidates included."""

    sdp: str


class Refused(Word, frozen=True):
    """The command changed nothing: `code` is one of the protocol's, `message` a sentence."""

    code: str
    message: str


class StreamFigures(Value, frozen=True):
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


class Measured(Word, frozen=True):
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


class Carrying(Word, frozen=True):
    """The connection has received its first packets of every kind it sends: it is connected."""

    place: str
    seat: str
    generation: int


class Lost(Word, frozen=True):
    """Connected before, and silent for 2 s (or closed by the peer)."""

    place: str
    seat: str
    generation: int


class Failed(Word, frozen=True):
    """Never got up (`media_timeout`) or cannot go on (`media_failed`)."""

    place: str
    seat: str
    generation: int
    code: str
    message: str


class PictureRefused(Word, frozen=True):
    """The picture of a connection is not taken any more, whatever it becomes; its sound is."""

    place: str
    seat: str
    generation: int
    code: str
    message: str


class Levels(Word, frozen=True):
    """RMS of each source of a place over 200 ms in dBFS (None: nothing arrives), and the seats that speak now."""

    place: str
    dbfs: dict[str, float | None]
    speaking: tuple[str, ...]


class Sagging(Word, frozen=True):
    """Which pictures of a connection are paused from now on, because its line cannot carry them beside the voices.

    `in`: it is shown none; `out`: it is to send none; `trial`: it is to send a small one, which nobody is shown.
    """

    place: str
    seat: str
    generation: int
    paused: tuple[str, ...]


Event = Carrying | Lost | Failed | PictureRefused | Levels | Sagging


class Hello(Word, frozen=True):
    """A media process is ready to be asked; its first word."""

    version: int
    """Of the door's wire form."""
    pid: int


class Beating(Word, frozen=True):
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
