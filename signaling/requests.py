"""What a client can say: one frozen value for each message, and how each is read from its fields."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from interpreter.modes import Mode
from signaling.errors import RemoteError
from signaling.fields import MAX_MESSAGE_BYTES, Fields

MAX_CANDIDATE = 1024
"""Characters: the longest that browsers send have about 200."""
VOLUME_DB = (-40.0, 6.0)


class Purpose(StrEnum):
    """What a client says hello for."""

    CONSULTATION = "consultation"
    LOOPBACK = "loopback"


class Framing(StrEnum):
    """How a site's picture fills the far screen; it is never stretched."""

    FILL = "fill"
    FIT = "fit"


@dataclass(frozen=True, slots=True)
class Hello:
    """The first word. `booth` is said by those whose link spans booths, `site` by those whose loopback has no site."""

    TYPE: ClassVar = "hello"
    purpose: Purpose = Purpose.CONSULTATION
    booth: str | None = None
    site: str | None = None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            fields.choice("purpose", Purpose) if "purpose" in fields else Purpose.CONSULTATION,
            fields.text_or_none("booth"),
            fields.text_or_none("site"),
        )


@dataclass(frozen=True, slots=True)
class Reconnect:
    """The same client again, on a fresh socket or on the open one: a new generation of its seat."""

    TYPE: ClassVar = "reconnect"
    seat: str
    resume: str
    booth: str | None = None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.text("seat"), fields.text("resume"), fields.text_or_none("booth"))


@dataclass(frozen=True, slots=True)
class TakeOver:
    """A client that was told `seat_taken` wants the seat all the same."""

    TYPE: ClassVar = "take_over"

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls()


@dataclass(frozen=True, slots=True)
class Offer:
    """The SDP of a new peer connection."""

    TYPE: ClassVar = "offer"
    sdp: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.text("sdp", longest=MAX_MESSAGE_BYTES))


@dataclass(frozen=True, slots=True)
class Candidate:
    """An ICE candidate of the offered connection; an empty one ends them."""

    TYPE: ClassVar = "candidate"
    candidate: str
    mid: str | None = None
    line: int | None = None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            fields.text("candidate", longest=MAX_CANDIDATE),
            fields.text_or_none("mid"),
            None if fields.is_null("line") else fields.count("line", 1000),
        )


@dataclass(frozen=True, slots=True)
class Proceed:
    """A command of the lifecycle: `start`, `pause`, `resume`, `end` or `next`."""

    TYPE: ClassVar = "proceed"
    command: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class SetRoom:
    """Settings of a room; None leaves one as it is. `volume_db` trims what its loudspeakers play."""

    TYPE: ClassVar = "set"
    site: str
    muted: bool | None = None
    camera_off: bool | None = None
    volume_db: float | None = None
    framing: Framing | None = None
    id: str | None = None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        asked = cls(
            fields.text("site"),
            fields.flag("muted") if "muted" in fields else None,
            fields.flag("camera_off") if "camera_off" in fields else None,
            fields.number("volume_db", *VOLUME_DB) if "volume_db" in fields else None,
            fields.choice("framing", Framing) if "framing" in fields else None,
            read_id(fields),
        )
        if (asked.muted, asked.camera_off, asked.volume_db, asked.framing) == (None, None, None, None):
            raise RemoteError("bad_message", "A set message sets muted, camera_off, volume_db or framing.")
        return asked


@dataclass(frozen=True, slots=True)
class SetMode:
    """Interpret in another mode."""

    TYPE: ClassVar = "mode"
    mode: Mode
    id: str | None = None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.choice("mode", Mode), read_id(fields))


@dataclass(frozen=True, slots=True)
class OnAir:
    """Open or close one's microphone."""

    TYPE: ClassVar = "on_air"
    on: bool
    id: str | None = None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.flag("on"), read_id(fields))


@dataclass(frozen=True, slots=True)
class Cough:
    """Press or release the cough key."""

    TYPE: ClassVar = "cough"
    on: bool
    id: str | None = None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.flag("on"), read_id(fields))


@dataclass(frozen=True, slots=True)
class Direction:
    """Speak into the language of that site."""

    TYPE: ClassVar = "direction"
    to: str
    id: str | None = None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.text("to"), read_id(fields))


@dataclass(frozen=True, slots=True)
class AskMeasure:
    """Ask what the server measured of one's own stream."""

    TYPE: ClassVar = "measure"
    id: str | None = None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(read_id(fields))


@dataclass(frozen=True, slots=True)
class Watch:
    """Wish to see small pictures of the rooms, or no more; the wish ends with the socket."""

    TYPE: ClassVar = "watch"
    on: bool
    id: str | None = None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.flag("on"), read_id(fields))


Command = Proceed | SetRoom | SetMode | OnAir | Cough | Direction | Watch
"""What changes the booth, is written down where it has to outlast a restart, and is answered."""
ClientMessage = Hello | Reconnect | TakeOver | Offer | Candidate | Command | AskMeasure


def read_id(fields: Fields) -> str | None:
    """The name that a client may give a command, to know its answer by."""
    return fields.text_or_none("id", longest=64)
