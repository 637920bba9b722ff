"""Faults of an event file, said so that somebody who does not program can mend them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from server.event_lines import Path, line_of

KNOWN_KEYS: Mapping[str, tuple[str, ...]] = {
    "": (
        "id", "title", "date", "opens", "closes", "time_zone", "languages", "start", "allow_loopback",
        "sites", "booths", "interpreters", "glossary", "limits",
    ),
    "sites": ("id", "name", "language", "second_language", "technician", "time_zone", "screen", "output", "networks"),
    "screen": ("width_mm", "height_mm", "width_px", "height_px"),
    "booths": ("id", "name", "company", "product", "people", "interpreters", "glossary", "pictures", "brief"),
    "interpreters": ("id", "name", "languages"),
    "limits": ("participants_per_booth", "link_validity_hours"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `line` counts from 1 (None: the whole file), `key` names the setting (lists count from 1)."""

    file: str
    line: int | None
    key: str
    sentence: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.sentence}" if self.key else f"{place}: {self.sentence}"


class EventFaults(Exception):  # noqa: N818 - it carries many
    """An event file that cannot be used, with all that is wrong with it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


def fault_at(file: str, lines: Mapping[Path, int], path: Path, sentence: str) -> Fault:
    """A fault at a path, with the nearest line that stands in the file."""
    return Fault(file, line_of(lines, path), key_of(path), sentence)


def key_of(path: Path) -> str:
    """A path for people: `("booths", 0, "name", "ko")` is `booths[1].name.ko`."""
    key = ""
    for part in path:
        key += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if key else part
    return key


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that offers the nearest known word, with a space before it; or what there is, when it is little."""
    choices = list(known)
    near = get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    if near:
        return f' Did you mean "{near[0]}"?'
    return f" Known here: {', '.join(choices)}." if 0 < len(choices) <= 12 else ""


def faults_of_shape(file: str, lines: Mapping[Path, int], errors: Iterable[Any]) -> list[Fault]:
    """The models' complaints, each as a fault with a sentence of ours."""
    faults = []
    for error in errors:
        if error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]:
            continue  # counts only the parts without faults: those are told anyway
        path = tuple(part for part in error["loc"] if part != "[key]")
        faults.append(fault_at(file, lines, path, _sentence(error, path, is_key="[key]" in error["loc"])))
    return faults


def _sentence(error: Any, path: Path, *, is_key: bool) -> str:
    kind: str = error["type"]
    context: Mapping[str, Any] = error.get("ctx", {})
    name = str(path[-1]) if path else "the file"
    if kind == "extra_forbidden":
        sections = [part for part in path[:-1] if isinstance(part, str)]
        known = KNOWN_KEYS.get(sections[-1] if sections else "", ())
        return f'"{name}" is not a setting of this place.{did_you_mean(name, known)}'
    if kind == "string_pattern_mismatch":
        return _pattern_sentence(str(error["input"]), str(context["pattern"]), is_key=is_key)
    if kind == "literal_error":
        possible = str(context["expected"]).replace("'", '"')
        return f"{_shown(error['input'])} is not possible here; write {possible}."
    if kind == "missing":
        return f'"{name}" is missing; every {_owner(path)} needs it.'
    return _simple_sentence(kind, context, error["input"])


def _simple_sentence(kind: str, context: Mapping[str, Any], value: object) -> str:  # noqa: C901 - a flat list
    shown = _shown(value)
    match kind:
        case "sentence":
            return str(context["sentence"])
        case "string_type":
            return f"{shown} is not text; put it between double quotes."
        case "int_type" | "int_from_float":
            return f"{shown} is not a whole number; write it without quotes and without a point."
        case "bool_type":
            return f"{shown} is neither true nor false; write one of the two, without quotes."
        case "tuple_type":
            return f'{shown} is not a list; write it between square brackets, such as ["ko", "vi"].'
        case "mapping_type" | "model_type" | "dict_type" | "model_attributes_type":
            return f'{shown} is not a group of settings; write it such as {{ ko = "...", en = "..." }}.'
        case "greater_than_equal":
            return f"{shown} is too small; it must be at least {context['ge']}."
        case "less_than_equal":
            return f"{shown} is too large; it may be at most {context['le']}."
        case "multiple_of":
            return f"{shown} is odd; pictures need an even number of pixels."
        case "string_too_long":
            return f"This text is too long; at most {context['max_length']} letters fit."
        case "too_short":
            return f"There are too few here ({context['actual_length']}); at least {context['min_length']} are needed."
        case "too_long":
            return (
                f"There are too many here ({context['actual_length']}); at most {context['max_length']} are possible."
            )
    if kind.startswith("date"):
        return f"{shown} is not a date; write year, month and day, such as 2020-05-12."
    if kind.startswith("time"):
        return f'{shown} is not a time of day; write hours and minutes, such as "09:00".'
    return f"{shown} is not possible here."


def _pattern_sentence(value: str, pattern: str, *, is_key: bool) -> str:
    if "A-Z" in pattern:
        return f'"{value}" is not a language code; write it such as "ko", "vi", "en" or "zh-Hant".'
    what = "the id of anything" if is_key else "an id"
    rule = "use small letters a to z, digits and hyphens only (40 at most)"
    return f'"{value}" cannot be {what}; {rule}, such as "booth-1".'


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value[:60]}"'
    if isinstance(value, (tuple, list)):
        return "This list"
    if isinstance(value, Mapping):
        return "This group"
    return str(value)[:60]


def _owner(path: Path) -> str:
    sections = [part for part in path[:-1] if isinstance(part, str)]
    owners = {"sites": "site", "booths": "booth", "interpreters": "interpreter"}
    return owners.get(sections[-1], sections[-1]) if sections else "event file"


_SYNTAX_SENTENCES = (
    ("Unterminated string", "A text is not closed: its second quotation mark is missing."),
    ("Illegal character '\\n'", "A text is not closed on its line: its second quotation mark is missing."),
    ("Expected '=' after a key", "After the name of a setting comes an equals sign: name = value."),
    ("Invalid initial character for a key", "A setting begins with its name; this line begins with something else."),
    ("Expected newline or end of document", "Something is left over after the value; one setting stands on each line."),
    ("Cannot overwrite a value", "This setting stands in the file twice; keep one of the two."),
    ("Cannot declare", "This section stands in the file twice; a list of things needs [[double brackets]]."),
    ("Cannot mutate immutable", "This setting belongs to a group that was already closed."),
    ("Duplicate inline table key", "The same name stands twice between the braces; keep one of the two."),
    ("Unclosed array", "A list is not closed: a ] or a comma is missing."),
    ("Unclosed inline table", "A group is not closed: a } or a comma is missing."),
    ("Expected ']'", "The title of a section is not closed: a ] is missing."),
    ("Unescaped '\\'", "A backslash has a meaning of its own between double quotes; write it twice."),
    ("Invalid date or datetime", "This is not a date that exists; write year, month and day, such as 2020-05-12."),
    ("Invalid value", "This value cannot be read; put text between double quotes."),
)


def fault_of_syntax(file: str, text: str, complaint: str) -> Fault:
    """The one fault of a text that is not TOML (the reader stops at the first)."""
    place = re.search(r"at line (\d+)", complaint)
    line = int(place[1]) if place else max(1, len(text.rstrip().splitlines()))
    rows = text.splitlines()
    row = rows[line - 1] if line <= len(rows) else ""
    if any(quote in row for quote in "\u201c\u201d\u2018\u2019\u300c\u300d"):
        sentence = 'This line has curly quotation marks; use the straight ones: ".'
    else:
        sentence = next(
            (ours for theirs, ours in _SYNTAX_SENTENCES if theirs in complaint), "This line cannot be read."
        )
    name = re.match(r"\s*([A-Za-z0-9_.-]+)\s*=", row)
    return Fault(file, line, name[1] if name else "", f"{sentence} The rest of the file was not checked.")
