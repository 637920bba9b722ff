"""Tokens: a signed, expiring claim to one seat of one event."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import jwt

from signaling.errors import RemoteError
from signaling.seats import Role, Seat, parse_seat

ALGORITHM = "HS256"  # the only one: a token that names another is refused (Jitsi CVE-2021-39215)
MAX_TOKEN_LETTERS = 2048  # ours have about 400: more is nobody's token
REFUSAL = "This link is not valid, or not any more. Ask the organiser for a new one."

_NAMES = ("role", "booth", "site", "person")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says; times in seconds since 1970 (UTC)."""

    role: Role
    booth: str | None
    site: str | None
    person: str | None
    seat: str
    issued_at: float
    expires_at: float


class Tokens:
    """Makes and checks the tokens of one event with one secret."""

    def __init__(self, secret: str, event_id: str) -> None:
        self._secret = secret.encode()
        self._event_id = event_id
        self._decoder = jwt.PyJWT()
        self._decoy = jwt.encode({"aud": event_id}, secrets.token_bytes(32), algorithm=ALGORITHM)

    def mint(self, seat: Seat, *, now: datetime, expires_at: datetime) -> str:
        """A token for a seat; short enough, with its link, for a QR code on a terminal."""
        claims = {
            "aud": self._event_id,
            "sub": str(seat),
            "iat": round(now.timestamp(), 3),
            "exp": round(expires_at.timestamp(), 3),
            "role": seat.role.value,
            "booth": seat.booth,
            "site": seat.site,
            "person": seat.person,
        }
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def verify(self, token: str, now: datetime) -> Claims:
        """The claims of a good token; raises RemoteError `bad_token`, the same for whatever is wrong with it.

        One that was issued in the future is good: it is signed by us, and a clock that is set back must end no link.
        """
        try:
            payload = self._payload(token)
        except (jwt.InvalidSignatureError, jwt.InvalidAudienceError, jwt.MissingRequiredClaimError):
            refuse()
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            self._spend()  # what fails before its signature takes as long as what fails by it
            refuse()
        claims = _claims(payload)
        moment = now.timestamp()
        if claims is None or moment >= claims.expires_at:
            refuse()
        return claims

    def _payload(self, token: str) -> Mapping[str, Any]:
        if len(token) > MAX_TOKEN_LETTERS or not token.isascii():
            raise ValueError
        payload: Mapping[str, Any] = self._decoder.decode(
            token,
            self._secret,
            algorithms=[ALGORITHM],
            audience=self._event_id,
            options={
                "require": ["aud", "sub", "iat", "exp"],
                # Time is an argument of `verify`: it is compared there.
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        return payload

    def _spend(self) -> None:
        try:
            self._payload(self._decoy)
        except jwt.PyJWTError:
            return


def refuse() -> NoReturn:
    """Raise the one answer to every bad token."""
    raise RemoteError("bad_token", REFUSAL)


def expiry(event_ends_at: datetime, now: datetime, validity: timedelta) -> datetime:
    """When a link printed now ends: not before the event's day, and not before it has lived for `validity`."""
    return max(event_ends_at, now + validity).astimezone(UTC)


def _claims(payload: Mapping[str, Any]) -> Claims | None:
    names = {name: payload.get(name) for name in _NAMES}
    issued_at, expires_at, seat = payload["iat"], payload["exp"], payload["sub"]
    if not all(type(moment) in {int, float} for moment in (issued_at, expires_at)) or not isinstance(seat, str):
        return None
    try:
        parsed = parse_seat(seat)
    except RemoteError:
        return None
    if names != {"role": parsed.role, "booth": parsed.booth, "site": parsed.site, "person": parsed.person}:
        return None
    return Claims(parsed.role, parsed.booth, parsed.site, parsed.person, seat, float(issued_at), float(expires_at))
