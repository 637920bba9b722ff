"""A token opens one seat of one event for a time, and tells nothing when it does not."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.tokens import REFUSAL, Claims, Tokens, expiry
from signaling.errors import RemoteError
from signaling.seats import Role, Seat

NOW = datetime(2020, 5, 12, 1, 0, tzinfo=UTC)
SECRET = "s" * 43
ROOM = Seat(Role.ROOM, "booth-1", "suwon")
TOKENS = Tokens(SECRET, "suwon-hanoi")


def minted(seat: Seat = ROOM, *, secret: str = SECRET, event: str = "suwon-hanoi", hours: float = 24) -> str:
    return Tokens(secret, event).mint(seat, now=NOW, expires_at=NOW + timedelta(hours=hours))


def forged(algorithm: str = "HS256", key: str = SECRET, **changes: Any) -> str:
    claims = jwt.decode(minted(), options={"verify_signature": False}) | changes
    return jwt.encode({name: value for name, value in claims.items() if value != "absent"}, key, algorithm=algorithm)


def unsigned() -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    return f"{header}.{minted().split('.')[1]}."


@pytest.mark.parametrize(
    "seat",
    [
        ROOM,
        Seat(Role.OPERATOR, "booth-1", "hanoi"),
        Seat(Role.INTERPRETER, "booth-1", person="kim"),
        Seat(Role.TECHNICIAN, person="duty"),
    ],
)
def test_a_token_says_which_seat_it_opens(seat: Seat) -> None:
    claims = TOKENS.verify(minted(seat), NOW)
    assert claims == Claims(
        seat.role, seat.booth, seat.site, seat.person, str(seat), NOW.timestamp(), NOW.timestamp() + 24 * 3600
    )


def test_the_payload_is_the_documented_one() -> None:
    assert jwt.decode(minted(), options={"verify_signature": False}) == {
        "aud": "suwon-hanoi",
        "sub": "room.booth-1.suwon",
        "iat": NOW.timestamp(),
        "exp": NOW.timestamp() + 24 * 3600,
        "role": "room",
        "booth": "booth-1",
        "site": "suwon",
        "person": None,
    }


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "a" * 10_000,
        "é.é.é",
        "\x00",
        minted()[:-1],
        minted()[:-2] + ("AA" if not minted().endswith("AA") else "BB"),
        minted().upper(),
        unsigned(),
        minted(secret="t" * 43),
        minted(event="suwon-hong-kong"),
        minted(hours=-1),
        forged("HS512", SECRET * 2),
        forged(key=SECRET, exp="tomorrow"),
        forged(exp="absent"),
        forged(iat="absent"),
        forged(aud="absent"),
        forged(sub="absent"),
        forged(sub="room.booth-2.suwon"),
        forged(sub="room..suwon"),
        forged(site="hanoi"),
        forged(role="technician"),
        forged(booth=None),
        forged(booth=["booth-1"]),
    ],
)
def test_whatever_is_wrong_with_a_token_the_answer_is_the_same(token: str) -> None:
    with pytest.raises(RemoteError) as refused:
        TOKENS.verify(token, NOW)
    assert (refused.value.code, refused.value.message) == ("bad_token", REFUSAL)


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_no_text_is_a_token_or_breaks_the_door(text: str) -> None:
    with pytest.raises(RemoteError):
        TOKENS.verify(text, NOW)
    with pytest.raises(RemoteError):
        TOKENS.verify(f"{minted().split('.')[0]}.{text}", NOW)


def test_a_token_counts_until_its_end_and_not_a_moment_longer() -> None:
    token = minted(hours=1)
    end = NOW + timedelta(hours=1)
    assert TOKENS.verify(token, end - timedelta(milliseconds=1)).seat == "room.booth-1.suwon"
    with pytest.raises(RemoteError):
        TOKENS.verify(token, end)


def test_a_clock_that_is_set_back_ends_no_link() -> None:
    assert TOKENS.verify(minted(), NOW - timedelta(hours=1)).seat == "room.booth-1.suwon"


def test_a_link_lives_until_its_day_ends_and_for_a_day_at_least() -> None:
    day_ends = datetime(2020, 5, 12, 15, 0, tzinfo=UTC)
    day = timedelta(hours=24)
    assert expiry(day_ends, day_ends - timedelta(days=7), day) == day_ends
    assert expiry(day_ends, NOW, day) == NOW + day
    assert expiry(day_ends, datetime(2026, 1, 1, tzinfo=UTC), day) == datetime(2026, 1, 2, tzinfo=UTC)
