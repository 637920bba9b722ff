"""What the demonstration tells a newcomer, and what it tells its cast."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from server import settings
from server.demo import playbill, what_to_do
from server.event import load
from server.links import links_of
from server.tokens import Tokens

SETTINGS = replace(settings.read({}), port=9443, state_dir=Path("/var/lib/hanmaru"))
EVENT = load(SETTINGS.event)
LINKS = links_of(
    EVENT, Tokens("s" * 43, EVENT.id), origin=SETTINGS.origin, now=datetime.now(UTC), booth=EVENT.booths[0].id
)


def test_first_link_shown_is_the_room_of_the_visitor() -> None:
    text = what_to_do(SETTINGS, EVENT, LINKS)
    first = next(line.strip() for line in text.splitlines() if "https://" in line)
    room = next(link for link in LINKS if link.seat.role.value == "room" and link.seat.site == EVENT.sites[0].id)
    assert first == room.url
    assert first.startswith("https://localhost:9443/room#")


def test_cast_gets_the_other_room_and_the_interpreter() -> None:
    bill = playbill(SETTINGS, EVENT, LINKS)
    assert bill.url == "https://localhost:9443"
    assert bill.authority == "/var/lib/hanmaru/ca.crt"
    assert bill.visitor == EVENT.sites[0].id
    tokens = {link.token: link.seat for link in LINKS}
    assert tokens[bill.room_token].site == EVENT.sites[1].id
    assert tokens[bill.interpreter_token].role.value == "interpreter"
    assert tokens[bill.interpreter_token].booth == EVENT.booths[0].id
