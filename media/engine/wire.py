"""The door's words as JSON and back, one object per word, refused when anything is off."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from media.engine import door
from media.errors import MediaError

VERSION = 4
"""The first word of a media process says its version, and no other word is exchanged where that is another one."""
MAX_WORD_BYTES = 256 * 1024
"""An offer has 64 KiB at most; a matrix of 100 seats stays below this."""

AnyWord: TypeAlias = door.Command | door.Outcome | door.Event | door.Sign

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[AnyWord] = msgspec.json.Decoder(AnyWord)


def to_wire(word: AnyWord) -> bytes:
    """A word as one line of JSON. Raises MediaError `bad_word` for one that is too long, or cannot be written."""
    try:
        line = _ENCODER.encode(word)
    except UnicodeEncodeError as error:  # half of a surrogate pair
        raise MediaError("bad_word", "This word holds half a character.") from error
    if len(line) > MAX_WORD_BYTES:
        raise MediaError("bad_word", f"This word is longer than {MAX_WORD_BYTES} bytes.")
    if isinstance(word, door.Command) and from_wire(line) != word:  # JSON has null for what is no number
        raise MediaError("bad_word", "This word holds a number that is none.")
    return line


def from_wire(line: bytes) -> AnyWord:
    """The word of one line. Raises MediaError `bad_word` for anything that `to_wire` would not write."""
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MediaError("bad_word", "This is no word of the door.") from error
