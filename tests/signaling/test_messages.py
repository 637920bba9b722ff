"""Whatever a client sends is a word of the protocol, or is refused with a code and a sentence that names the field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpreter.modes import Mode
from signaling.errors import RemoteError
from signaling.messages import id_of, parse, parse_server, to_wire
from signaling.replies import Error, Levels
from signaling.requests import Candidate, Framing, Hello, OnAir, Proceed, Purpose, SetMode, SetRoom

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
TYPES = (
    *("hello", "reconnect", "take_over", "offer", "candidate", "start", "pause", "resume", "end", "next"),
    *("set", "mode", "on_air", "cough", "direction", "watch", "measure"),
)
NAMES = (
    *("id", "seat", "resume", "booth", "site", "purpose", "sdp", "candidate", "mid", "line", "muted", "camera_off"),
    *("volume_db", "framing", "mode", "on", "to", "type"),
)


def refusal(text: str) -> tuple[str, str]:
    with pytest.raises(RemoteError) as caught:
        parse(text)
    return caught.value.code, caught.value.message


def read(**body: Any) -> Any:
    return parse(json.dumps(body))


def test_messages_become_values() -> None:
    assert read(type="hello") == Hello(Purpose.CONSULTATION)
    assert read(type="hello", purpose="loopback", site="hanoi") == Hello(Purpose.LOOPBACK, None, "hanoi")
    assert read(type="start", id="c1") == Proceed("start", "c1")
    assert read(type="set", site="suwon", muted=True) == SetRoom("suwon", muted=True)
    assert read(type="set", site="suwon", volume_db=-6, framing="fit").framing is Framing.FIT
    assert read(type="mode", mode="simultaneous") == SetMode(Mode.SIMULTANEOUS)
    assert read(type="on_air", on=False, id=None) == OnAir(on=False)
    assert read(type="candidate", candidate="", mid=None, line=None) == Candidate("")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "1", '"hello"', "null", "[" * 60_000, '{"type": NaN}', '{"a": ' + "9" * 5000 + "}", "\ud800"],
)
def test_what_is_no_json_object_is_refused(text: str) -> None:
    assert refusal(text)[0] == "bad_json"


def test_more_than_64_kib_is_refused_by_bytes_not_by_letters() -> None:
    assert refusal(json.dumps({"type": "offer", "sdp": "x" * 65_536}))[0] == "bad_json"
    assert refusal(json.dumps({"type": "offer", "sdp": "한" * 22_000}, ensure_ascii=False))[0] == "bad_json"
    assert read(type="offer", sdp="x" * 65_000).sdp == "x" * 65_000


def test_an_unknown_type_is_told() -> None:
    assert refusal('{"type": "dance"}')[0] == "unknown_message"
    assert refusal('{"type": "welcome"}')[0] == "unknown_message"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "type"),
        ({"type": 5}, "type"),
        ({"type": "start", "now": True}, "now"),
        ({"type": "start", "id": 5}, "id"),
        ({"type": "start", "id": "x" * 65}, "id"),
        ({"type": "start", "id": "\ud800"}, "id"),
        ({"type": "offer"}, "sdp"),
        ({"type": "offer", "sdp": None}, "sdp"),
        ({"type": "candidate", "candidate": "x" * 1025}, "candidate"),
        ({"type": "candidate", "candidate": "", "line": -1}, "line"),
        ({"type": "candidate", "candidate": "", "line": True}, "line"),
        ({"type": "candidate", "candidate": "", "line": 1.0}, "line"),
        ({"type": "on_air", "on": 1}, "on"),
        ({"type": "on_air", "on": "true"}, "on"),
        ({"type": "mode", "mode": "whisper"}, "mode"),
        ({"type": "set", "muted": True}, "site"),
        ({"type": "set", "site": "suwon", "muted": None}, "muted"),
        ({"type": "set", "site": "suwon", "volume_db": 6.1}, "volume_db"),
        ({"type": "set", "site": "suwon", "volume_db": -40.1}, "volume_db"),
        ({"type": "set", "site": "suwon", "volume_db": True}, "volume_db"),
        ({"type": "set", "site": "suwon", "volume_db": 1e999}, "volume_db"),
        ({"type": "set", "site": "suwon", "volume_db": 10**400}, "volume_db"),
        ({"type": "set", "site": "suwon", "framing": "stretch"}, "framing"),
        ({"type": "hello", "purpose": "fun"}, "purpose"),
        ({"type": "hello", "site": "x" * 201}, "site"),
    ],
)
def test_a_bad_field_is_named(body: dict[str, Any], field: str) -> None:
    text = json.dumps(body).replace("Infinity", "1e999")
    code, sentence = refusal(text)
    assert code == "bad_message"
    assert f"The field {field} " in sentence


def test_a_set_that_sets_nothing_is_refused() -> None:
    assert refusal('{"type": "set", "site": "suwon"}')[0] == "bad_message"


def test_an_unreadable_name_of_a_field_is_not_echoed() -> None:
    assert "\x1b" not in refusal(json.dumps({"type": "start", "\x1b[31m": 1}))[1]


@given(st.text(max_size=300))
def test_any_text_gives_a_word_or_a_refusal(text: str) -> None:
    parses(text)


@given(json_values)
def test_any_json_gives_a_word_or_a_refusal(value: Any) -> None:
    parses(json.dumps(value))


@given(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(NAMES), json_values, max_size=6))
def test_any_fields_of_a_known_type_give_a_word_or_a_refusal(kind: str, fields: dict[str, Any]) -> None:
    parses(json.dumps({**fields, "type": kind}))


def parses(text: str) -> None:
    refused: RemoteError | None = None
    try:
        parse(text)
    except RemoteError as error:
        refused = error
    if refused is not None:
        assert refused.code in {"bad_json", "unknown_message", "bad_message"}
        assert refused.message.endswith(".")
        to_wire(Error(id_of(text), refused.code, refused.message)).encode()


def test_the_id_of_a_bad_command_is_still_found() -> None:
    assert id_of('{"type": "on_air", "id": "c7", "on": 5}') == "c7"
    assert id_of('{"type": "on_air", "id": 7}') is None
    assert id_of("{") is None


def test_what_the_server_says_comes_back_the_same() -> None:
    message = Levels({"suwon": -22.5, "hanoi": None}, {"kim": -61.0})
    assert parse_server(to_wire(message)) == message
    with pytest.raises(RemoteError, match="unknown_message"):
        parse_server('{"type": "hello"}')
