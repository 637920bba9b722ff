"""The pages' sentences on the server's side."""

from __future__ import annotations

import pytest

from server.words import say, spoken


def test_a_sentence_comes_from_the_catalogue_of_its_language() -> None:
    assert say("operator.start", "ko") == "상담 시작"
    assert say("sheet.call", "en", technician="Kim {x} 031") == "If something does not work, call Kim {x} 031"


def test_a_language_without_catalogue_is_answered_in_english() -> None:
    assert (spoken("fr"), spoken("vi")) == ("en", "vi")
    assert say("operator.start", "fr") == say("operator.start", "en")


def test_an_unknown_key_or_an_empty_blank_is_our_bug() -> None:
    with pytest.raises(KeyError):
        say("sheet.no_such_key", "en")
    with pytest.raises(KeyError):
        say("sheet.call", "en")
