"""The files that an event brings along, beside its event file and nowhere else: glossaries, briefs, pictures."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from server.event_faults import Fault, did_you_mean, fault_at
from server.event_lines import Path

MAX_PICTURES = 12  # of one booth: more than an interpreter looks at


@dataclass(frozen=True, slots=True)
class Kind:
    """What a key may name: the endings it may have, and how large it may be."""

    what: str
    endings: tuple[str, ...]
    max_bytes: int


GLOSSARY = Kind("glossary", (".csv",), 1_000_000)
BRIEF = Kind("brief", (".md", ".txt"), 200_000)
# No SVG: a drawing can carry script and links to elsewhere.
PICTURE = Kind("picture", (".png", ".jpg", ".jpeg", ".webp"), 5_000_000)
OPENINGS = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff", ".webp": b"RIFF"}
"""How the content of a picture begins."""
TERM = "term"
"""The first column of a glossary: the term as its company writes it. The others are languages of the event."""

Found = Iterator[tuple[Path, str]]


def faults_of_files(file: str, lines: Mapping[Path, int], raw: Mapping[str, Any], folder: FilePath) -> list[Fault]:
    """Every fault of the files that an event names; `folder` is where the event file lies."""
    return [fault_at(file, lines, path, sentence) for path, sentence in _found(raw, folder)]


def _found(raw: Mapping[str, Any], folder: FilePath) -> Found:
    languages = raw.get("languages")
    spoken = [one for one in languages if isinstance(one, str)] if isinstance(languages, list) else []
    for path, name, kind in _named(raw):
        sentence = _fault_of(name, kind, folder, spoken)
        if sentence is not None:
            yield path, sentence


def _named(raw: Mapping[str, Any]) -> Iterator[tuple[Path, str, Kind]]:
    """Every file that is named, by the path of its key; what is not text is a fault of shape and told elsewhere."""
    yield from _one((), raw, "glossary", GLOSSARY)
    booths = raw.get("booths")
    for position, booth in enumerate(booths if isinstance(booths, list) else ()):
        if not isinstance(booth, dict):
            continue
        at: Path = ("booths", position)
        yield from _one(at, booth, "glossary", GLOSSARY)
        yield from _one(at, booth, "brief", BRIEF)
        pictures = booth.get("pictures")
        for number, name in enumerate(pictures if isinstance(pictures, list) else ()):
            if isinstance(name, str):
                yield (*at, "pictures", number), name, PICTURE


def _one(at: Path, table: Mapping[str, Any], key: str, kind: Kind) -> Iterator[tuple[Path, str, Kind]]:
    name = table.get(key)
    if isinstance(name, str):
        yield (*at, key), name, kind


def _fault_of(name: str, kind: Kind, folder: FilePath, languages: list[str]) -> str | None:
    """What is wrong with one file, as a sentence; None when nothing is."""
    outside = _leads_outside(name)
    if outside is not None:
        return outside
    ending = PurePosixPath(name).suffix.lower()
    if ending not in kind.endings:
        return f'"{name}" cannot be a {kind.what}; its name ends in {_or(kind.endings)}.'
    try:
        path = (folder / name).resolve(strict=True)
        if not path.is_relative_to(folder.resolve()):
            return f'"{name}" is a link that leads out of the folder of the event file; put the file itself there.'
        if not path.is_file():
            return f'"{name}" is no file; name the {kind.what} itself.'
        with path.open("rb") as stream:
            content = stream.read(kind.max_bytes + 1)
    except FileNotFoundError:
        return f'There is no file "{name}" beside this event file.{_near(name, folder)}'
    except (OSError, RuntimeError) as error:
        return f'"{name}" cannot be read: {getattr(error, "strerror", None) or "its links lead in a circle"}.'
    if len(content) > kind.max_bytes:
        return f'"{name}" is larger than {_size(kind.max_bytes)}, which is the most for a {kind.what}.'
    if kind is PICTURE:
        good = content.startswith(OPENINGS[ending])
        return None if good else f'"{name}" holds no {ending[1:]} picture; save it anew.'
    return _fault_of_text(name, kind, content, languages)


def _leads_outside(name: str) -> str | None:
    if not name.strip() or not name.isprintable():
        return "This name of a file is empty or holds invisible characters."
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or "\\" in name or name.startswith("~"):
        return f'"{name}" is not relative; write the way from this event file, with slashes, such as "files/brief.md".'
    if ".." in PurePosixPath(name).parts:
        return f'"{name}" leads out of the folder of this event file; put the file beside it or in a folder below.'
    return None


def _fault_of_text(name: str, kind: Kind, content: bytes, languages: list[str]) -> str | None:
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        return f'"{name}" is not UTF-8 in its line {row}; save it as UTF-8 (in a spreadsheet: "CSV UTF-8").'
    if not text.strip():
        return f'"{name}" is empty.'
    return _fault_of_glossary(name, text, languages) if kind is GLOSSARY else None


def _fault_of_glossary(name: str, text: str, languages: list[str]) -> str | None:
    """A glossary's first row names its columns: `term`, then languages of the event; every row is as long as that."""
    try:
        cells = csv.reader(io.StringIO(text, newline=""), strict=True)
        rows = [[cell.strip() for cell in row] for row in cells if "".join(row).strip()]
    except csv.Error as error:
        return f'"{name}" is not a table of commas and lines: {error}.'
    head = rows[0] if rows else [""]
    if head[0] != TERM or len(head) < 2:
        return f'"{name}" begins with the row "{", ".join(head)[:60]}"; write "{", ".join([TERM, *languages])}".'
    for language in head[1:]:
        if languages and language not in languages:
            hint = did_you_mean(language, languages)
            return f'"{name}" has a column "{language}", which is not one of the event\'s languages.{hint}'
    if len(set(head)) < len(head):
        return f'"{name}" has the same column twice: "{", ".join(head)}".'
    for row in rows[1:]:
        if not row[0]:
            return f'"{name}" has a row without its term: "{", ".join(row)[:60]}".'
        if len(row) != len(head):
            cure = "put a text with a comma in it between double quotes"
            return f'"{name}" has {len(row)} columns in its row "{row[0][:60]}" and {len(head)} in its first; {cure}.'
    return None


def _near(name: str, folder: FilePath) -> str:
    place = (folder / name).parent
    try:
        return did_you_mean(PurePosixPath(name).name, sorted(each.name for each in place.iterdir())[:200])
    except OSError:
        return ""


def _or(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _size(count: int) -> str:
    return f"{count // 1_000_000} MB" if count >= 1_000_000 else f"{count // 1000} kB"
