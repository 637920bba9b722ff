"""`POST /session`: a page exchanges the token of its link for the cookie of its seat (PROTOCOL.md, section 1)."""

from __future__ import annotations

import time

import structlog
from aiohttp import web

from server.conductor.cards import language_of
from server.doors import COOKIE_PREFIX, bearer_of, check_origin, claims_of
from server.keys import EVENT
from signaling.seats import parse_seat

log = structlog.get_logger("doors")


async def exchange(request: web.Request) -> web.Response:
    """Answer 200 with the seat and set its cookie; 401, 403 or 429 otherwise."""
    check_origin(request)
    token = bearer_of(request) or ""
    claims = claims_of(request, token)
    answer = web.json_response(
        {
            "seat": claims.seat,
            "role": claims.role.value,
            "booth": claims.booth,
            "site": claims.site,
            "language": language_of(request.app[EVENT], parse_seat(claims.seat)),
        }
    )
    answer.headers["Cache-Control"] = "no-store"
    answer.set_cookie(
        f"{COOKIE_PREFIX}{claims.seat}",
        token,
        max_age=max(0, int(claims.expires_at - time.time())),
        path="/",
        secure=True,
        httponly=True,
        samesite="Strict",
    )
    log.info("seat_exchanged", seat=claims.seat)
    return answer
