"""Credentials for the relay: as coturn reads them, of one seat, for some hours, and in nobody's log."""

from __future__ import annotations

import datetime as dt

import pytest

from server.relay import Relay, ice_servers, is_address, link_header
from signaling.seats import Role, Seat

NOW = dt.datetime(2020, 5, 12, 1, 24, tzinfo=dt.UTC)
RELAY = Relay(("turn:turn.example:3478?transport=udp", "turns:turn.example:443?transport=tcp"), "north" * 8, 3600)
SUWON = Seat(Role.ROOM, "booth-1", "suwon")


def test_a_credential_is_the_hmac_of_a_name_that_begins_with_its_end() -> None:
    (server,) = ice_servers(RELAY, SUWON, NOW)
    assert server.urls == RELAY.addresses
    assert server.username == "1589250240:2f557149bc8ebdd7"  # an hour later
    # printf %s NAME | openssl dgst -sha1 -hmac SECRET -binary | base64
    assert server.credential == "sOKduBtLgDflAEhTZJeiEdAUvC0="


def test_a_credential_names_neither_booth_nor_person_and_each_seat_has_its_own() -> None:
    kim = Seat(Role.INTERPRETER, "booth-1", person="kim")
    (one,), (other,) = ice_servers(RELAY, SUWON, NOW), ice_servers(RELAY, kim, NOW)
    assert one.username != other.username
    for word in ("room", "booth", "suwon", "kim", "interpreter"):
        assert word not in f"{one.username} {other.username}"


def test_without_a_relay_there_is_nothing() -> None:
    assert ice_servers(None, SUWON, NOW) == ()


def test_the_secret_is_not_shown() -> None:
    assert RELAY.secret not in repr(RELAY)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("turn:turn.example", True),
        ("turn:192.0.2.7:3478?transport=udp", True),
        ("turn:turn.example:80?transport=tcp", True),
        ("turns:turn.example:443?transport=tcp", True),
        ("turn:[2001:db8::7]:3478", True),
        ("turns:turn.example:443?transport=udp", False),
        ("turn:turn.example:0", False),
        ("turn:turn.example:65536", False),
        ("turn:turn.example?transport=sctp", False),
        ("turn://turn.example", False),
        ("turn:name@turn.example", False),
        ("stun:turn.example", False),
        ("https://turn.example", False),
        ("turn:\u0661.example", False),
        ("", False),
    ],
)
def test_an_address_is_one_that_a_browser_takes(text: str, taken: bool) -> None:
    assert is_address(text) is taken


def test_equipment_is_told_in_links() -> None:
    (server,) = ice_servers(RELAY, SUWON, NOW)
    link = (
        f'rel="ice-server"; username="{server.username}"; credential="{server.credential}"; credential-type="password"'
    )
    assert link_header((server,)) == f"<{RELAY.addresses[0]}>; {link}, <{RELAY.addresses[1]}>; {link}"
