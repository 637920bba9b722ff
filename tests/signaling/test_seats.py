"""Seat strings: one way to write each, and nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.errors import RemoteError
from signaling.seats import Role, Seat, interpreter, parse_seat, room


@pytest.mark.parametrize(
    ("text", "seat"),
    [
        ("room.booth-1.suwon", Seat(Role.ROOM, "booth-1", "suwon")),
        ("operator.booth-1.suwon", Seat(Role.OPERATOR, "booth-1", "suwon")),
        ("interpreter.booth-1.kim", Seat(Role.INTERPRETER, "booth-1", person="kim")),
        ("technician.tech", Seat(Role.TECHNICIAN, person="tech")),
        ("loopback.0f3a", Seat(Role.LOOPBACK, person="0f3a")),
    ],
)
def test_a_seat_is_read_as_it_is_written(text: str, seat: Seat) -> None:
    assert parse_seat(text) == seat
    assert str(seat) == text


def test_seats_of_a_booth_have_names() -> None:
    assert (room("booth-1", "suwon"), interpreter("booth-1", "kim")) == (
        "room.booth-1.suwon",
        "interpreter.booth-1.kim",
    )


@pytest.mark.parametrize(
    "text",
    ["", "room", "room.booth-1", "room.booth-1.", "room.b.s.x", "technician.a.b", "king.a", "room.B.s", "room.a.b\n"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(RemoteError, match="bad_message"):
        parse_seat(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(text: str) -> None:
    try:
        seat = parse_seat(text)
    except RemoteError:
        return
    assert str(seat) == text
