"""Who may come in: a good token, by header or by the cookie of its seat, from a good Origin."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import NoReturn

import structlog
from aiohttp import web

from server.keys import LOCKOUT, REVOCATIONS, SEATS, SETTINGS, TOKENS
from server.lockout import LOCKED_S
from server.settings import origin_of
from server.tokens import Claims, refuse
from signaling.errors import RemoteError

COOKIE_PREFIX = "__Host-hanmaru-"

log = structlog.get_logger("doors")


def authenticate(request: web.Request) -> Claims:
    """The claims of whoever asks; raises 401, 403 or 429 with a JSON body.

    The token comes in `Authorization: Bearer`, or in the cookie that belongs to `?seat=`. An Origin, where there is
    one, must be good; a WebSocket opened with a cookie needs one (RFC 6455, 10.2: a foreign page can open it, too).
    """
    check_origin(request)
    bearer = bearer_of(request)
    if bearer is None and "Origin" not in request.headers and "Upgrade" in request.headers:
        _refuse_origin()
    seat = None if bearer is not None else request.query.get("seat", "")
    token = bearer if seat is None else request.cookies.get(f"{COOKIE_PREFIX}{seat}", "")
    return claims_of(request, token or "", seat)


def claims_of(request: web.Request, token: str, seat: str | None = None) -> Claims:
    """The claims of a token that is good here and now, and for `seat` where one is given; raises 401 or 429."""
    address, lockout = request.remote or "", request.app[LOCKOUT]
    now_s = time.monotonic()
    if lockout.is_locked(address, now_s):
        raise web.HTTPTooManyRequests(
            headers={"Retry-After": str(round(LOCKED_S))},
            text=body("too_many_attempts", "Too many wrong links came from this address. Wait a minute and try again."),
            content_type="application/json",
        )
    try:
        now = datetime.now(UTC)
        claims = request.app[TOKENS].verify(token, now)
        is_known = claims.seat in request.app[SEATS] and seat in {None, claims.seat}
        if not is_known or request.app[REVOCATIONS].covers(claims, now):
            refuse()
    except RemoteError as error:
        if token and lockout.failed(address, token, now_s):
            log.warning("address_locked_out", address=address)
        raise web.HTTPUnauthorized(
            headers={"WWW-Authenticate": "Bearer"},
            text=body(error.code, error.message),
            content_type="application/json",
        ) from None
    return claims


def bearer_of(request: web.Request) -> str | None:
    """The token of the Authorization header, None without one; another scheme gives an empty token, which is none."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def check_origin(request: web.Request) -> None:
    """Raise 403 for an Origin that is neither the request's own host nor a configured public one."""
    if "Origin" not in request.headers:
        return
    origins = request.headers.getall("Origin")
    good = {origin_of(f"{request.scheme}://{request.host}"), *request.app[SETTINGS].public_origins} - {None}
    if len(origins) != 1 or origin_of(origins[0]) not in good:
        _refuse_origin()


def _refuse_origin() -> NoReturn:
    raise web.HTTPForbidden(
        text=body("bad_origin", "This request comes from another site's page."), content_type="application/json"
    )


def body(code: str, message: str) -> str:
    """The JSON of an error: a code for machines, a sentence for people."""
    return json.dumps({"code": code, "message": message}, ensure_ascii=False)
