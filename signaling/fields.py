"""Strict reading of one JSON object, field by field: a value of the right kind, or a sentence that names the field."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from signaling.errors import RemoteError

T = TypeVar("T")

MAX_MESSAGE_BYTES = 64 * 1024
MAX_TEXT = 200
"""Characters of any text that is not SDP: names, sentences, ids, secrets."""
MAX_NUMBER = 2**53
"""Beyond it JSON numbers lose digits in browsers."""


class Fields:
    """The fields of one object; each is taken once, and `finish` refuses what nobody took."""

    def __init__(self, fields: Mapping[str, Any], path: str = "") -> None:
        self._fields = dict(fields)
        self._path = path

    def text(self, name: str, *, longest: int = MAX_TEXT) -> str:
        """A text of at most `longest` characters."""
        value = self._take(name)
        if not isinstance(value, str):
            self._refuse(name, "has to be a text")
        if len(value) > longest:
            self._refuse(name, f"is longer than {longest} characters")
        if not _encodable(value):
            self._refuse(name, "holds half a character")
        return value

    def text_or_none(self, name: str, *, longest: int = MAX_TEXT) -> str | None:
        """A text; or null, or left out."""
        return None if self.is_null(name) else self.text(name, longest=longest)

    def choice(self, name: str, choices: Callable[[str], T]) -> T:
        """One of the words that `choices` (an enumeration) knows."""
        word = self.text(name)
        try:
            return choices(word)
        except ValueError:
            self._refuse(name, "is not one of the words that are known there")

    def flag(self, name: str) -> bool:
        """Either true or false."""
        value = self._take(name)
        if not isinstance(value, bool):
            self._refuse(name, "has to be true or false")
        return value

    def number(self, name: str, low: float = -MAX_NUMBER, high: float = MAX_NUMBER) -> float:
        """A finite number in low ... high."""
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(name, "has to be a number")
        if not low <= value <= high:  # nor is NaN or an infinity, nor an integer that no float holds
            self._refuse(name, f"has to lie between {low:g} and {high:g}")
        return float(value)

    def count(self, name: str, high: int = MAX_NUMBER) -> int:
        """A whole number in 0 ... high."""
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int):
            self._refuse(name, "has to be a whole number")
        if not 0 <= value <= high:
            self._refuse(name, f"has to lie between 0 and {high}")
        return value

    def object(self, name: str) -> Fields:
        """An object inside this one, to be read and finished by itself."""
        value = self._take(name)
        if not isinstance(value, dict):
            self._refuse(name, "has to be an object")
        return Fields(value, f"{self._path}{name}.")

    def objects(self, name: str) -> tuple[Fields, ...]:
        """A list of objects."""
        value = self._take(name)
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self._refuse(name, "has to be a list of objects")
        return tuple(Fields(each, f"{self._path}{name}.{index}.") for index, each in enumerate(value))

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._take(name)
        if not isinstance(value, list):
            self._refuse(name, "has to be a list of texts")
        inside = Fields({str(index): each for index, each in enumerate(value)}, f"{self._path}{name}.")
        return tuple(inside.text(str(index)) for index in range(len(value)))

    def each(self, name: str, read: Callable[[Fields, str], T]) -> dict[str, T]:
        """A map: every key of an object with what `read` makes of it."""
        inside = self.object(name)
        return {key: read(inside, key) for key in list(inside._fields)}

    def is_null(self, name: str) -> bool:
        """Whether a field is left out or null; it is thereby taken."""
        if self._fields.get(name) is not None:
            return False
        self._fields.pop(name, None)
        return True

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def finish(self) -> None:
        """Raises RemoteError when a field is left that nobody asked for."""
        for name in self._fields:
            self._refuse(name if _plain(name) else "(unreadable)", "is not known here")

    def _take(self, name: str) -> Any:
        if name not in self._fields:
            self._refuse(name, "is missing")
        return self._fields.pop(name)

    def _refuse(self, name: str, sentence: str) -> NoReturn:
        raise RemoteError("bad_message", f"The field {self._path}{name} {sentence}.")


def whole(read: Callable[[Fields], T], fields: Fields) -> T:
    """What `read` makes of an object, when it leaves none of its fields over."""
    value = read(fields)
    fields.finish()
    return value


def read_object(text: str, most_bytes: int = MAX_MESSAGE_BYTES) -> dict[str, Any]:
    """The object that a JSON text is. Raises RemoteError `bad_json`."""
    if len(text) > most_bytes or len(text.encode("utf-8", "surrogatepass")) > most_bytes:
        raise RemoteError("bad_json", f"A message has at most {most_bytes // 1024} KiB.")
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise RemoteError("bad_json", "This is not JSON.") from None
    if not isinstance(value, dict):
        raise RemoteError("bad_json", "A message is a JSON object.")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON (RFC 8259, section 6)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair could not be echoed
        return False
    return True


def _plain(name: str) -> bool:
    return len(name) <= 40 and name.isascii() and name.isprintable()
