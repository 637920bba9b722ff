"""Whether the server lives, and whether it is ready for participants."""

from __future__ import annotations

import asyncio

from aiohttp import web

from server.keys import CONDUCTOR_RUNS, EVENT, STORE

STORE_S = 2.0  # a disk that takes longer cannot acknowledge facts in time either


async def healthz(_request: web.Request) -> web.Response:
    """200 as long as the event loop turns."""
    return web.json_response({"status": "alive"}, headers={"Cache-Control": "no-store"})


async def readyz(request: web.Request) -> web.Response:
    """200 when the event is loaded, the store can be written and the engine is up; 503 with what is missing."""
    try:
        async with asyncio.timeout(STORE_S):
            store_writable = await request.app[STORE].is_writable()
    except TimeoutError:
        store_writable = False
    engine_up = request.app[CONDUCTOR_RUNS].is_set()
    checks = {"event": bool(request.app[EVENT].booths), "store": store_writable, "engine": engine_up}
    is_ready = all(checks.values())
    reason = request.app[STORE].broken
    return web.json_response(
        {
            "status": "ready" if is_ready else "not_ready",
            "event": request.app[EVENT].id,
            "checks": checks,
            **({"reason": reason} if reason is not None else {}),
        },
        status=200 if is_ready else 503,
        headers={"Cache-Control": "no-store"},
    )
