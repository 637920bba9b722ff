"""`GET /metrics`: what an operator needs to know, in Prometheus' text form; METRICS.md says what each figure means."""

from __future__ import annotations

import asyncio
import platform
import time
import tomllib
from collections.abc import AsyncIterator, Iterator

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from media.engine import door
from media.engine.process import process_figures
from server.cadence import until_next
from server.conductor.spawn import end, spawn
from server.doors import bearer_of, body, claims_of
from server.forwarded import address_of, is_among, is_plain
from server.keys import CONDUCTOR, EVENT, LOCKOUT, METRICS, SETTINGS, STORE, TALLY
from server.metric_families import Front, families
from server.settings import CHECKOUT
from server.spread import Spread
from signaling.seats import Role

CACHED_S = 1.0  # however many ask
ENGINE_S = 0.5  # a scrape never waits longer for an engine; Prometheus itself gives up after 10 s
LAG_EVERY_S = 0.5
LAG_EDGES_S = (0.001, 0.005, 0.010, 0.020, 0.050, 0.100, 0.250, 1.0)

log = structlog.get_logger("metrics")


class Metrics(Collector):
    """Gathers figures once a second at most, and gives them to a registry of this application alone."""

    def __init__(self, app: web.Application, engine: door.Engine) -> None:
        self._app = app
        self._engine = engine
        self._build = build()
        self._figures: tuple[Front, door.Surveyed | None] | None = None
        self._gathered_at_s = float("-inf")
        self._text = b""
        self._one_at_a_time = asyncio.Lock()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self.lag = Spread(LAG_EDGES_S)

    async def text(self) -> bytes:
        """Everything as text; as of now, or of a moment ago."""
        async with self._one_at_a_time:
            if time.monotonic() - self._gathered_at_s >= CACHED_S:
                surveyed = await _survey(self._engine)
                self._figures = (self._front(), surveyed)
                self._text = generate_latest(self._registry)
                self._gathered_at_s = time.monotonic()
            return self._text

    def describe(self) -> Iterator[Metric]:
        """Nothing is promised in advance: the registry asks this before there are figures."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """What was gathered last."""
        return iter(()) if self._figures is None else families(*self._figures)

    async def feel_lag(self) -> None:
        """Measure how much later than asked the event loop comes back, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            asked_s = loop.time()
            wait_s = until_next(LAG_EVERY_S, asked_s)
            await asyncio.sleep(wait_s)
            self.lag.add(max(0.0, loop.time() - asked_s - wait_s))

    def _front(self) -> Front:
        app = self._app
        return Front(
            booths=tuple(booth.id for booth in app[EVENT].booths),
            build=self._build,
            census=app[CONDUCTOR].census(),
            tally=app[TALLY],
            store=app[STORE],
            lag=self.lag,
            addresses_forgotten=app[LOCKOUT].dropped,
            process=process_figures(),
        )


async def serve_metrics(request: web.Request) -> web.Response:
    """The text; 404 when it is switched off, 401, 403 or 429 for those who may not see it."""
    _admit(request)
    text = await request.app[METRICS].text()
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


@web.middleware
async def tallied(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count every answer by its status."""
    status = 500
    try:
        answer = await handler(request)
        status = answer.status
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        request.app[TALLY].answers[status] += 1
    return answer


async def lag_felt(app: web.Application) -> AsyncIterator[None]:
    """Measure the event loop's lag as long as the application lives."""
    feeling = spawn(app[METRICS].feel_lag(), "event-loop-lag")
    yield
    await end((feeling,))


def build() -> dict[str, str]:
    """What runs: our version and Python's."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"version": project["version"], "python_version": platform.python_version()}


def _admit(request: web.Request) -> None:
    """Let in who comes from an address that may scrape, or has a technician's token."""
    networks = request.app[SETTINGS].metrics
    if networks is None:
        raise web.HTTPNotFound
    bearer = bearer_of(request)
    if bearer is not None:
        if claims_of(request, bearer).role is Role.TECHNICIAN:
            return
    elif is_plain(request) and is_among(address_of(request.remote or ""), networks):
        return
    raise web.HTTPForbidden(
        text=body("not_allowed", "Figures are for a technician's token, or for the addresses of HANMARU_METRICS."),
        content_type="application/json",
    )


async def _survey(engine: door.Engine) -> door.Surveyed | None:
    """An engine's figures; None when it gives none in time, or breaks."""
    try:
        async with asyncio.timeout(ENGINE_S):
            outcome = await engine.perform(door.Survey())
    except TimeoutError:
        log.warning("engine_silent")
        return None
    except Exception:
        log.exception("engine_broke", command="Survey")
        return None
    return outcome if isinstance(outcome, door.Surveyed) else None
