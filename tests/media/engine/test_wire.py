"""Every word of the door survives the wire, and nothing else passes."""

from __future__ import annotations

import builtins
import math
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.engine import door
from media.engine.wire import MAX_WORD_BYTES, AnyWord, from_wire, to_wire
from media.engine.word import Value, Word
from media.errors import MediaError

WORDS = AnyWord.__args__
NUMBERS = {int: st.integers(-(1 << 63), (1 << 63) - 1), float: st.floats(allow_nan=False, allow_infinity=False)}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of such a field."""
    if isinstance(hint, type) and issubclass(hint, Value):
        return st.builds(hint, **{name: values_of(each) for name, each in get_type_hints(hint).items()})
    if hint in NUMBERS:
        return NUMBERS[hint]
    inside = get_args(hint)
    match get_origin(hint):
        case builtins.tuple:
            return st.lists(values_of(inside[0]), max_size=4).map(tuple)
        case builtins.dict:
            return st.dictionaries(*map(values_of, inside), max_size=4)
        case None:
            return st.text() if hint is str else st.from_type(hint)
    return st.one_of(*map(values_of, inside))


@given(st.one_of(*map(values_of, WORDS)))
def test_every_word_comes_back_as_it_was(word: AnyWord) -> None:
    assert from_wire(to_wire(word)) == word


def test_every_word_of_the_door_has_a_wire_form() -> None:
    words = {each for each in vars(door).values() if isinstance(each, type) and issubclass(each, Word)}
    assert words - {Word} == set(WORDS)


def test_a_word_does_not_change() -> None:
    with pytest.raises(AttributeError):
        door.Beating(1).ticks = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b'{"word":"Nonsense"}',
        b'{"word":"Done","v":2}',
        b'{"word":"Done"} {}',
        b'{"word":"Disconnect","place":"a","seat":"b","generation":"1"}',
        b'{"word":"Disconnect","place":"a","seat":"b","generation":true}',
        b'{"word":"Disconnect","place":"a"}',
        b'{"word":"Disconnect","place":"\xff","seat":"b","generation":1}',
        b'{"word":"Route","place":"a","gains":[{"listener":"a","source":"b","db":NaN,"ramp_s":0}]}',
        b'{"word":"Route","place":"a","gains":[{"listener":"a","source":"b","db":0,"ramp_s":0,"extra":0}]}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_word_is_refused(line: bytes) -> None:
    with pytest.raises(MediaError):
        from_wire(line)


@pytest.mark.parametrize(("db", "ramp_s"), [(math.inf, 0.0), (math.nan, 0.0), (0.0, math.inf)])
def test_a_command_with_what_is_no_number_is_not_sent(db: float, ramp_s: float) -> None:
    with pytest.raises(MediaError):
        to_wire(door.Route("a", (door.Gain("b", "c", db, ramp_s),)))


def test_half_a_character_is_no_text_for_the_door() -> None:
    with pytest.raises(MediaError, match="half"):
        to_wire(door.ClosePlace("\ud800"))


def test_a_word_that_is_longer_than_words_may_be_is_not_sent() -> None:
    with pytest.raises(MediaError, match="longer"):
        to_wire(door.Answered("x" * MAX_WORD_BYTES))
