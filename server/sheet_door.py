"""`GET /sheet/{site}` and `/sheet/{site}.pdf`: the sheet of a site, for whoever has the technician's link."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from aiohttp import web

from server.doors import COOKIE_PREFIX, bearer_of, body, check_origin, claims_of
from server.keys import EVENT, SETTINGS, TOKENS
from server.links import TECHNICIAN, links_of, valid_until
from server.settings import origin_of
from server.sheet import Sheet, sheet_of
from server.sheet_printing import Press, PressBusyError, PressError
from signaling.seats import Role, Seat

SITE = "{site:[a-z0-9-]+}"
RETRY_S = 60
PRESS = web.AppKey("press", Press)
AUTHORITY: web.AppKey[Path | None] = web.AppKey("authority")


def add_sheets(app: web.Application, authority: Path | None) -> None:
    """Add both routes; `authority` is the local certificate authority's file."""
    app[PRESS] = Press()
    app[AUTHORITY] = authority
    app.router.add_get(f"/sheet/{SITE}.pdf", pdf, allow_head=False)
    app.router.add_get(f"/sheet/{SITE}", page, allow_head=False)


async def page(request: web.Request) -> web.Response:
    """The sheet as a page that prints; raises 401, 403, 404, 429 or 503."""
    seat = _seat_of(request)
    made = await _made(request, "html", seat)
    return web.Response(body=made, content_type="text/html", charset="utf-8", headers={"Cache-Control": "no-store"})


async def pdf(request: web.Request) -> web.Response:
    """The same as a PDF; raises likewise."""
    _seat_of(request)
    made = await _made(request, "pdf", None)
    name = f"hanmaru-{request.app[EVENT].id}-{request.match_info['site']}.pdf"
    return web.Response(
        body=made,
        content_type="application/pdf",
        headers={"Cache-Control": "no-store", "Content-Disposition": f'inline; filename="{name}"'},
    )


def _seat_of(request: web.Request) -> str:
    """The seat of whoever asks. A browser that opened the technician's link needs no `?seat=`."""
    check_origin(request)
    token, seat = bearer_of(request), None
    if token is None:
        seat = request.query.get("seat") or str(Seat(Role.TECHNICIAN, person=TECHNICIAN))
        token = request.cookies.get(f"{COOKIE_PREFIX}{seat}", "")
    claims = claims_of(request, token, seat)
    if claims.role is not Role.TECHNICIAN:
        raise web.HTTPForbidden(
            text=body("not_allowed", "Sheets hold every seat's link: they are for the technician."),
            content_type="application/json",
        )
    return claims.seat


async def _made(request: web.Request, kind: str, seat: str | None) -> bytes:
    sheet = _sheet(request)
    try:
        return await request.app[PRESS].make(kind, sheet, seat=seat)
    except PressBusyError as error:
        _refuse("busy", str(error), {"Retry-After": str(RETRY_S)})
    except PressError as error:
        _refuse("no_sheet", str(error), {})


def _refuse(code: str, sentence: str, headers: dict[str, str]) -> NoReturn:
    headers = {**headers, "Cache-Control": "no-store"}
    raise web.HTTPServiceUnavailable(text=body(code, sentence), content_type="application/json", headers=headers)


def _sheet(request: web.Request) -> Sheet:
    event, site = request.app[EVENT], request.match_info["site"]
    if site not in {own.id for own in event.sites}:
        raise web.HTTPNotFound
    now = datetime.now(UTC)
    origin = _origin(request)
    links = links_of(event, request.app[TOKENS], origin=origin, now=now)
    authority = request.app[AUTHORITY]
    pem = None if authority is None else authority.read_bytes()
    until = valid_until(event, now)
    return sheet_of(event, site, links, origin=origin, now=now, expires_at=until, authority=pem)


def _origin(request: web.Request) -> str:
    """Where links point to: the configured public origin, else the name by which this browser found the server."""
    settings = request.app[SETTINGS]
    if settings.public_origins:
        return settings.origin
    return origin_of(f"https://{request.host}") or settings.origin
