"""The sentences of the pages, for what is written on the server's side: the same catalogues, `web/words/*.json`."""

from __future__ import annotations

import json
import re
from functools import cache

from server.pages import WEB

LAST_RESORT = "en"
_BLANK = re.compile(r"\{(\w+)\}")


def say(key: str, language: str, **values: object) -> str:
    """The sentence of `key` with its blanks filled; a language without a catalogue is answered in English.

    Raises KeyError for a key that no catalogue has, or a blank without a value.
    """
    sentence = _catalogue(spoken(language))[key]
    return _BLANK.sub(lambda blank: str(values[blank[1]]), sentence)


def spoken(language: str) -> str:
    """The language itself where it has a catalogue, else English."""
    return language if language in _languages() else LAST_RESORT


@cache
def _languages() -> frozenset[str]:
    return frozenset(json.loads((WEB / "words" / "languages.json").read_text(encoding="utf-8")))


@cache
def _catalogue(language: str) -> dict[str, str]:
    words: dict[str, str] = json.loads((WEB / "words" / f"{language}.json").read_text(encoding="utf-8"))
    return words
