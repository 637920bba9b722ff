"""Every seat of an event has one link, and the link opens that seat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.event import load
from server.links import equipment_table, links_of, name_of, qr_code, seats_of, table
from server.tokens import Tokens
from signaling.seats import Role, parse_seat

NOW = datetime(2026, 3, 1, tzinfo=UTC)
EVENT = load("events/suwon-hanoi.toml")
TOKENS = Tokens("s" * 43, EVENT.id)
ORIGIN = "https://localhost:8443"
LINKS = links_of(EVENT, TOKENS, origin=ORIGIN, now=NOW)


def test_five_booths_have_two_rooms_two_operators_and_an_interpreter_each_and_there_is_one_technician() -> None:
    rows = [link.as_json() for link in LINKS]
    assert [list(row) for row in rows] == [["role", "booth", "site", "name", "url", "token"]] * 26
    assert sum(row["role"] == "room" for row in rows) == 10
    assert sum(row["role"] == "operator" for row in rows) == 10
    assert sum(row["role"] == "interpreter" for row in rows) == 5
    technician = rows[-1]
    assert (technician["role"], technician["booth"], technician["site"]) == ("technician", None, None)
    assert str(technician["url"]).startswith("https://localhost:8443/loopback#")


def test_each_link_opens_its_seat_for_a_day_at_least() -> None:
    for link in LINKS:
        claims = TOKENS.verify(link.token, NOW + timedelta(hours=23, minutes=59))
        assert claims.seat == str(link.seat)
        assert link.url.endswith(f"#{link.token}")
    assert len({link.token for link in LINKS}) == len(LINKS)


def test_a_link_of_before_the_event_lives_until_its_day_has_ended() -> None:
    printed = datetime(2020, 4, 1, tzinfo=UTC)
    (room, *_) = links_of(EVENT, TOKENS, origin=ORIGIN, now=printed)
    assert TOKENS.verify(room.token, printed).expires_at == EVENT.ends_at().timestamp()


def test_one_booth_is_shown_with_those_who_span_booths() -> None:
    found = links_of(EVENT, TOKENS, origin=ORIGIN, now=NOW, booth="booth-2")
    assert {link.seat.booth for link in found} == {"booth-2", None}
    assert len(found) == 6


@pytest.mark.parametrize(
    ("seat", "name"),
    [
        ("room.booth-1.suwon", "Booth 1, Suwon"),
        ("operator.booth-2.hanoi", "Booth 2, Hanoi"),
        ("interpreter.booth-1.kim", "Kim Ji-woo, Booth 1"),
        ("technician.duty", "Technician"),
    ],
)
def test_a_link_is_named_in_words(seat: str, name: str) -> None:
    assert name_of(EVENT, parse_seat(seat)) == name


def test_every_seat_is_written_as_the_protocol_writes_it() -> None:
    for seat in seats_of(EVENT):
        assert parse_seat(str(seat)) == seat


def test_in_the_table_each_link_stands_whole_on_a_line_of_its_own() -> None:
    lines = [line.strip() for line in table(EVENT, LINKS).splitlines()]
    assert [line for line in lines if line.startswith("https://")] == [link.url for link in LINKS]
    assert "Booth 3 (booth-3): Deundeun Door, Multi-purpose door wedge" in lines


def test_a_qr_code_fits_a_terminal() -> None:
    rows = qr_code(LINKS[0].url).splitlines()
    assert len(rows) <= 50
    assert max(len(row) for row in rows) <= 80


def test_equipment_is_set_up_with_two_addresses_and_a_token_for_each_room() -> None:
    text = equipment_table(LINKS)
    rooms = [link for link in LINKS if link.seat.role is Role.ROOM]
    assert text.count("  token  ") == len(rooms)
    assert (
        f"  sends  {ORIGIN}/whip/booth-1/suwon\n  plays  {ORIGIN}/whep/booth-1/suwon\n  token  {rooms[0].token}" in text
    )
