"""Which place a first word leads to."""

from __future__ import annotations

import pytest

from signaling.admission import ToBooth, ToLoopback, admission
from signaling.errors import RemoteError
from signaling.messages import parse
from signaling.seats import parse_seat

ROOM, KIM, DESK, TECH = "room.booth-1.suwon", "interpreter.booth-1.kim", "operator.booth-1.suwon", "technician.tech"


@pytest.mark.parametrize(
    ("seat", "text", "place"),
    [
        (ROOM, '{"type": "hello"}', ToBooth("booth-1")),
        (ROOM, '{"type": "hello", "booth": "booth-1"}', ToBooth("booth-1")),
        (ROOM, '{"type": "reconnect", "seat": "room.booth-1.suwon", "resume": "x"}', ToBooth("booth-1")),
        (TECH, '{"type": "hello", "booth": "booth-2"}', ToBooth("booth-2")),
        (TECH, '{"type": "reconnect", "seat": "technician.tech", "resume": "x", "booth": "b"}', ToBooth("b")),
        (ROOM, '{"type": "hello", "purpose": "loopback"}', ToLoopback("suwon")),
        (KIM, '{"type": "hello", "purpose": "loopback"}', ToLoopback(None)),
        (TECH, '{"type": "hello", "purpose": "loopback", "site": "hanoi"}', ToLoopback("hanoi")),
        (ROOM, '{"type": "reconnect", "seat": "loopback.0f", "resume": "x"}', ToLoopback("suwon")),
    ],
)
def test_a_first_word_leads_to_a_place(seat: str, text: str, place: ToBooth | ToLoopback) -> None:
    assert admission(parse_seat(seat), parse(text)) == place


@pytest.mark.parametrize(
    ("seat", "text", "code"),
    [
        (ROOM, '{"type": "start"}', "not_seated"),
        (ROOM, '{"type": "take_over"}', "not_seated"),
        (ROOM, '{"type": "offer", "sdp": ""}', "not_seated"),
        (ROOM, '{"type": "hello", "booth": "booth-2"}', "not_allowed"),
        (ROOM, '{"type": "reconnect", "seat": "room.booth-1.hanoi", "resume": "x"}', "not_allowed"),
        (TECH, '{"type": "hello"}', "bad_message"),
        (DESK, '{"type": "hello", "purpose": "loopback"}', "not_allowed"),
        (ROOM, '{"type": "hello", "purpose": "loopback", "site": "hanoi"}', "not_allowed"),
    ],
)
def test_a_first_word_that_leads_nowhere_is_refused(seat: str, text: str, code: str) -> None:
    with pytest.raises(RemoteError) as caught:
        admission(parse_seat(seat), parse(text))
    assert caught.value.code == code
