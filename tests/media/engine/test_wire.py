"""Every word of the door survives the wire, and nothing else passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.engine import door
from media.engine.wire import MAX_WORD_BYTES, WORDS, Word, from_wire, to_wire
from media.errors import MediaError

WORD = st.one_of(*(st.builds(word) if not word.__dataclass_fields__ else st.from_type(word) for word in WORDS.values()))


@given(WORD.filter(lambda word: "nan" not in repr(word) and "inf" not in repr(word)))
def test_every_word_comes_back_as_it_was(word: Word) -> None:
    assert from_wire(to_wire(word)) == word


def test_every_word_of_the_door_has_a_wire_form() -> None:
    assert set(WORDS.values()) == set((door.Command | door.Outcome | door.Event | door.Sign).__args__)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b'{"v":9,"word":"Done"}',
        b'{"v":2,"word":"Nonsense"}',
        b'{"v":2,"word":"Done","extra":1}',
        b'{"v":2,"word":"Disconnect","place":"a","seat":"b","generation":"1"}',
        b'{"v":2,"word":"Disconnect","place":"a"}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_word_is_refused(line: bytes) -> None:
    with pytest.raises(MediaError):
        from_wire(line)


def test_a_word_that_is_longer_than_words_may_be_is_not_sent() -> None:
    with pytest.raises(MediaError, match="longer"):
        to_wire(door.Answered("x" * MAX_WORD_BYTES))
