"""The door's words as JSON and back: version 3, one object per word, refused when anything is off."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from media.engine import door
from media.errors import MediaError

VERSION = 3
MAX_WORD_BYTES = 256 * 1024
"""An offer has 64 KiB at most; a matrix of 100 seats stays below this."""

Word: TypeAlias = door.Command | door.Outcome | door.Event | door.Sign

WORDS: dict[str, type[Any]] = {
    word.__name__: word
    for word in (
        *(door.Connect, door.AddCandidate, door.Disconnect, door.Route, door.Show, door.Measure, door.ClosePlace),
        *(door.Thin, door.Survey, door.Done, door.Answered, door.Refused, door.Measured, door.Surveyed),
        *(door.Carrying, door.Lost, door.Failed, door.PictureRefused, door.Levels, door.Hello, door.Beating),
    )
}


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(WORDS[name])


def to_wire(word: Word) -> bytes:
    """A word as one line of JSON. Raises MediaError `bad_word` for one that is too long."""
    line = json.dumps({"v": VERSION, "word": type(word).__name__, **asdict(word)}, separators=(",", ":")).encode()
    if len(line) > MAX_WORD_BYTES:
        raise MediaError("bad_word", f"This word is longer than {MAX_WORD_BYTES} bytes.")
    return line


def from_wire(line: bytes) -> Any:
    """The word of one line. Raises MediaError `bad_word` for anything that `to_wire` would not write."""
    try:
        body = json.loads(line)
        if body.pop("v") != VERSION:
            raise MediaError("bad_word", "This word is of another version of the door.")
        name = body.pop("word")
        if set(body) - set(WORDS[name].__dataclass_fields__):
            raise MediaError("bad_word", f"The word {name} has fields that the door does not know.")
        return _adapter(name).validate_json(json.dumps(body), strict=True)
    except (ValueError, KeyError, AttributeError, TypeError, ValidationError) as error:
        raise MediaError("bad_word", "This is no word of the door.") from error


def prepare() -> None:
    """Build now what reads words, which takes as long as several ticks."""
    for name in WORDS:
        _adapter(name)
