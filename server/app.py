"""The web application: routes, what they share, and what lives and ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from media.engine.door import Engine
from server import websocket
from server.answers import add_headers, answers
from server.cadence import until_next
from server.conductor import Conductor
from server.conductor.spawn import end, spawn
from server.equipment import Equipment
from server.event import Event
from server.forwarded import forwarded
from server.health import healthz, readyz
from server.keys import (
    CONDUCTOR,
    CONDUCTOR_RUNS,
    ENGINE,
    EQUIPMENT,
    EVENT,
    LOCKOUT,
    METRICS,
    REVOCATIONS,
    SEATS,
    SETTINGS,
    STORE,
    TALLY,
    THUMBNAILS,
    TOKENS,
)
from server.links import seats_of
from server.lockout import Lockout
from server.metrics import Metrics, lag_felt, serve_metrics, tallied
from server.pages import add_pages
from server.patience import patience
from server.revocation import RevocationError, Revocations
from server.session import exchange
from server.settings import Settings
from server.shedding import voices_first
from server.sheet_door import add_sheets
from server.state_dir import secret_of
from server.store import Store
from server.tally import Tally
from server.thumbnail_door import add_thumbnails
from server.thumbnails import Thumbnails
from server.tokens import Tokens
from server.whip import add_doorways

REVOCATION_LOOK_S = 0.5  # a revoked link is out within 2 s
MAX_BODY_BYTES = 64 * 1024  # nothing that is posted is larger

log = structlog.get_logger("server")


def make_app(
    settings: Settings,
    event: Event,
    *,
    conductor: Conductor,
    engine: Engine,
    store: Store,
    tokens: Tokens | None = None,
    authority: Path | None = None,
) -> web.Application:
    """The application for one event. It opens and closes `store`, starts and closes `conductor`.

    `authority`: the local certificate authority's file, served at `/ca.crt`. `engine`: whose figures are told.
    Raises SetupError.
    """
    app = web.Application(middlewares=[patience, tallied, forwarded, answers], client_max_size=MAX_BODY_BYTES)
    app[SETTINGS] = settings
    app[EVENT] = event
    app[TOKENS] = tokens or Tokens(secret_of(settings), event.id)
    app[REVOCATIONS] = Revocations(settings.state_dir)
    app[LOCKOUT] = Lockout()
    app[SEATS] = frozenset(str(seat) for seat in seats_of(event))
    app[CONDUCTOR] = conductor
    app[CONDUCTOR_RUNS] = asyncio.Event()
    app[ENGINE] = engine
    app[EQUIPMENT] = Equipment(conductor)
    app[STORE] = store
    app[TALLY] = Tally()
    app[THUMBNAILS] = Thumbnails(app[TALLY].thumbnails)
    app[METRICS] = Metrics(app, engine)
    app.router.add_get("/signal", websocket.signal)
    app.router.add_post("/session", exchange)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", serve_metrics)
    if authority is not None:
        app.router.add_get("/ca.crt", _serving(authority))
    add_doorways(app)
    add_sheets(app, authority)
    add_thumbnails(app)
    add_pages(app)
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(_kept)
    app.cleanup_ctx.append(_conducted)
    app.cleanup_ctx.append(_revoking)
    app.cleanup_ctx.append(lag_felt)
    app.cleanup_ctx.append(voices_first)
    app.on_shutdown.append(_say_goodbye)
    return app


async def _kept(app: web.Application) -> AsyncIterator[None]:
    await app[STORE].open()
    yield
    await app[STORE].close()


async def _conducted(app: web.Application) -> AsyncIterator[None]:
    await app[CONDUCTOR].start()
    app[CONDUCTOR_RUNS].set()
    yield
    await _say_goodbye(app)


async def _say_goodbye(app: web.Application) -> None:
    """End every connection before aiohttp waits for its handlers."""
    if app[CONDUCTOR_RUNS].is_set():
        app[CONDUCTOR_RUNS].clear()
        await app[CONDUCTOR].close()


async def _revoking(app: web.Application) -> AsyncIterator[None]:
    looking = spawn(_look_for_revocations(app), "revocations")
    yield
    await end((looking,))


async def _look_for_revocations(app: web.Application) -> None:
    was_readable = True
    while True:
        await asyncio.sleep(until_next(REVOCATION_LOOK_S, asyncio.get_running_loop().time()))
        try:
            seats = app[REVOCATIONS].refresh()
        except (RevocationError, OSError) as error:
            if was_readable:
                log.error("revocations_unreadable", reason=str(error))  # noqa: TRY400 - the sentence says it all
            was_readable = False
            continue
        was_readable = True
        for seat in seats:
            log.info("seat_revoked", seat=seat)
            app[CONDUCTOR].revoke(seat)


def _serving(authority: Path) -> Handler:
    async def serve(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(
            authority,
            headers={
                "Content-Type": "application/x-x509-ca-cert",
                "Content-Disposition": 'attachment; filename="hanmaru-ca.crt"',
                "Cache-Control": "no-cache",
            },
        )

    return serve
