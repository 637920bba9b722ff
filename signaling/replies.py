"""What the server says to one client: one frozen value for each message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from signaling.fields import MAX_MESSAGE_BYTES, Fields

Names = Mapping[str, str]
"""A name by language."""


@dataclass(frozen=True, slots=True)
class SeatTaken:
    """Somebody else holds that seat; take it over, or wait."""

    TYPE: ClassVar = "seat_taken"
    seat: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.text("seat"))


@dataclass(frozen=True, slots=True)
class Replaced:
    """Another client took this seat over."""

    TYPE: ClassVar = "replaced"

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls()


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The server goes away: for a `restart`, or because it is to `stop`."""

    TYPE: ClassVar = "goodbye"
    reason: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.text("reason"))


@dataclass(frozen=True, slots=True)
class Beat:
    """There was nothing to say for a while, and the line stands."""

    TYPE: ClassVar = "beat"

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls()


@dataclass(frozen=True, slots=True)
class Answer:
    """The SDP that answers the offer of that generation, candidates included."""

    TYPE: ClassVar = "answer"
    generation: int
    sdp: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.count("generation"), fields.text("sdp", longest=MAX_MESSAGE_BYTES))


@dataclass(frozen=True, slots=True)
class Ok:
    """The command of that id is written down and done."""

    TYPE: ClassVar = "ok"
    id: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.text("id"))


@dataclass(frozen=True, slots=True)
class Error:
    """Something was refused or went wrong; nothing has changed by it. `id` names the command, if it was one."""

    TYPE: ClassVar = "error"
    id: str | None
    code: str
    message: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.text_or_none("id"), fields.text("code"), fields.text("message", longest=1000))


@dataclass(frozen=True, slots=True)
class Levels:
    """The level of each source in dBFS (RMS over 200 ms; None when nothing arrives): by site, by interpreter."""

    TYPE: ClassVar = "levels"
    sites: Mapping[str, float | None]
    interpreters: Mapping[str, float | None]

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.each("sites", _level), fields.each("interpreters", _level))


@dataclass(frozen=True, slots=True)
class Measured:
    """What the server received of one's own newest connection, and how late its sound clock is (p99)."""

    TYPE: ClassVar = "measured"
    id: str | None
    audio_packets: int
    audio_lost: int
    video_packets: int
    video_lost: int
    video_frames: int
    width: int
    height: int
    tick_late_ms: float

    @classmethod
    def read(cls, fields: Fields) -> Self:
        counts = ("audio_packets", "audio_lost", "video_packets", "video_lost", "video_frames", "width", "height")
        name = fields.text_or_none("id")
        return cls(name, **{each: fields.count(each) for each in counts}, tick_late_ms=fields.number("tick_late_ms"))


def _level(fields: Fields, name: str) -> float | None:
    return None if fields.is_null(name) else fields.number(name)
