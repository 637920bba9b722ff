"""The words of `hanmaru.v1` by their `type`: text in, value out, and back.

`parse` is total: any text gives a value or a RemoteError with a code of the protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields as fields_of
from dataclasses import is_dataclass
from functools import cache, partial
from typing import Any, TypeVar

import msgspec

from signaling.booth_view import BoothView
from signaling.errors import RemoteError
from signaling.fields import Fields, read_object, whole
from signaling.replies import Answer, Beat, Error, Goodbye, Levels, Measured, Ok, Replaced, SeatTaken
from signaling.requests import (
    AskMeasure,
    Candidate,
    ClientMessage,
    Cough,
    Direction,
    Hello,
    Offer,
    OnAir,
    Proceed,
    Reconnect,
    SetMode,
    SetRoom,
    TakeOver,
    Watch,
    read_id,
)
from signaling.welcome import Welcome

T = TypeVar("T")

ServerMessage = Welcome | BoothView | SeatTaken | Replaced | Goodbye | Beat | Answer | Ok | Error | Levels | Measured
SERVER_BYTES = 1024 * 1024
"""Clients take this much: a welcome with many names in many languages is the longest."""


_ENCODER = msgspec.json.Encoder()


def _proceed(command: str, fields: Fields) -> Proceed:
    return Proceed(command, read_id(fields))


_CLIENT: Mapping[str, Callable[[Fields], ClientMessage]] = {
    **{command: partial(_proceed, command) for command in ("start", "pause", "resume", "end", "next")},
    **{
        kind.TYPE: kind.read
        for kind in (
            Hello,
            Reconnect,
            TakeOver,
            Offer,
            Candidate,
            SetRoom,
            SetMode,
            OnAir,
            Cough,
            Direction,
            Watch,
            AskMeasure,
        )
    },
}
_SERVER: Mapping[str, Callable[[Fields], ServerMessage]] = {
    kind.TYPE: kind.read
    for kind in (Welcome, BoothView, SeatTaken, Replaced, Goodbye, Beat, Answer, Ok, Error, Levels, Measured)
}


def parse(text: str) -> ClientMessage:
    """What a client said. Raises RemoteError `bad_json`, `unknown_message` or `bad_message`."""
    return _read(read_object(text), _CLIENT)


def parse_server(text: str) -> ServerMessage:
    """What the server said, for native clients. Raises RemoteError like `parse`."""
    return _read(read_object(text, SERVER_BYTES), _SERVER)


def id_of(text: str) -> str | None:
    """The id of a command that could not be read, so that its error can be told by it; None when it has none."""
    try:
        return read_id(Fields(read_object(text)))
    except RemoteError:
        return None


def to_wire(message: ServerMessage) -> str:
    """A message as JSON text."""
    return _ENCODER.encode({"type": message.TYPE, **_plain(message)}).decode()


def _read(body: dict[str, Any], kinds: Mapping[str, Callable[[Fields], T]]) -> T:
    fields = Fields(body)
    read = kinds.get(fields.text("type"))
    if read is None:
        raise RemoteError("unknown_message", "There is no message of this type.")
    return whole(read, fields)


@cache
def _names(kind: Hashable) -> tuple[tuple[str, str], ...] | None:
    """The fields of a kind of message, each with its name on the wire; None of what has none. Kinds are few."""
    return tuple((field.name, field.name.rstrip("_")) for field in fields_of(kind)) if is_dataclass(kind) else None


def _plain(value: Any) -> Any:
    if value is None or type(value) in (str, float, int, bool):
        return value
    kind: Any = type(value)
    names = _names(kind)
    if names is not None:
        return {told: _plain(getattr(value, name)) for name, told in names}
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value
