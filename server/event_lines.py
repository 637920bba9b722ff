"""Where each key of a TOML text stands: its path to its line number, for faults that point at a line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]
"""Keys and list positions (from 0) from the top of the file, such as `("booths", 0, "people", "north")`."""

_BARE_ENDS = frozenset(" \t\r\n=.]}#,")


def lines_of(text: str) -> dict[Path, int]:
    """Line numbers (from 1) by path. The text must already have been read without error by `tomllib`."""
    return _Scanner(text).scan()


def line_of(lines: Mapping[Path, int], path: Path) -> int | None:
    """The line of a path, or of the nearest thing around it that stands in the file."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


class _Scanner:
    """Walks the text once, character by character; well-formed input only."""

    def __init__(self, text: str) -> None:
        self.text = text + "\n"
        self.at = 0
        self.line = 1
        self.lines: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip_blank():
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
        return self.lines

    def _step(self, count: int = 1) -> None:
        self.line += self.text.count("\n", self.at, self.at + count)
        self.at += count

    def _skip_blank(self, extra: str = "") -> bool:
        """Skip white space, comments and `extra`; False at the end of the text."""
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == "#":
                self._step(self.text.index("\n", self.at) - self.at)
            elif character in " \t\r\n" or character in extra:
                self._step()
            else:
                return True
        return False

    def _header(self) -> Path:
        line = self.line
        is_list = self.text.startswith("[[", self.at)
        self._step(2 if is_list else 1)
        keys = self._keys()
        self._step(2 if is_list else 1)
        path = self._resolved(keys[:-1]) + keys[-1:]
        self._note(path, line)
        if is_list:
            position = self.counts.get(path, 0)
            self.counts[path] = position + 1
            path = (*path, position)
            self.lines[path] = line
        return path

    def _resolved(self, keys: Path) -> Path:
        """A header path names lists without a position: it means their last entry so far."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
        return path

    def _keys(self) -> Path:
        keys: list[str] = []
        while True:
            self._skip_blank()
            keys.append(self._key())
            self._skip_blank()
            if self.text[self.at] != ".":
                return tuple(keys)
            self._step()

    def _key(self) -> str:
        if self.text[self.at] in "\"'":
            start = self.at
            self._string()
            return next(iter(tomllib.loads(f"{self.text[start : self.at]} = 0")))
        end = self.at
        while self.text[end] not in _BARE_ENDS:
            end += 1
        key = self.text[self.at : end]
        self._step(end - self.at)
        return key

    def _pair(self, table: Path) -> None:
        line = self.line
        keys = self._keys()
        self._note(table + keys, line)
        self._step()  # the equals sign
        self._value(table + keys)

    def _note(self, path: Path, line: int) -> None:
        """The line of a path, and of all around it that has not stood in the file before."""
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], line)

    def _value(self, path: Path) -> None:
        self._skip_blank()
        character = self.text[self.at]
        if character in "\"'":
            self._string()
        elif character == "[":
            self._array(path)
        elif character == "{":
            self._inline_table(path)
        else:
            while self.text[self.at] not in "\n,]}#":
                self._step()

    def _array(self, path: Path) -> None:
        self._step()
        position = 0
        while self._skip_blank(extra=",") and self.text[self.at] != "]":
            self.lines[(*path, position)] = self.line
            self._value((*path, position))
            position += 1
        self._step()

    def _inline_table(self, path: Path) -> None:
        self._step()
        while self._skip_blank(extra=",") and self.text[self.at] != "}":
            self._pair(path)
        self._step()

    def _string(self) -> None:
        quote = self.text[self.at]
        ending = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self._step(len(ending))
        while not self.text.startswith(ending, self.at):
            self._step(2 if quote == '"' and self.text[self.at] == "\\" else 1)
        self._step(len(ending))
        while len(ending) == 3 and self.text[self.at] == quote:  # up to two quotes may stand before the ending
            self._step()
