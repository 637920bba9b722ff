"""The server from first socket to goodbye: puts store, engine, conductor and application together and serves them."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import os
import resource
import signal
import ssl
import sys
import zoneinfo
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import structlog
import uvloop
from aiohttp import web

from media.engine.child import Recipe
from media.engine.pool import PoolEngine
from server.addresses import announced, media_addresses
from server.app import make_app
from server.certificate_watch import CertificateWatch
from server.conductor import LOOPBACKS, Conductor
from server.conductor.spawn import end, spawn
from server.event import Event
from server.event_watch import EventWatch
from server.keys import CONDUCTOR_RUNS
from server.notify import VARIABLES, Notify
from server.patience import PatientHandler
from server.records import path_of, unfinished
from server.settings import CHECKOUT, Settings, SetupError
from server.store import Store
from server.tls import certificates
from server.tokens import Tokens

TLS_HANDSHAKE_S = 10.0
GRACE_S = 1.5  # handlers that do not end after the goodbye are cancelled, twice this long at most (SIGTERM: 5 s in all)
BACKLOG = 1024
OPEN_FILES = 65_536  # thousands of half-open requests must not keep participants out

MEDIA_PROCESS = (sys.executable, "-m", "server.media_process")

log = structlog.get_logger("server")


class ServingError(SetupError):
    """The server cannot begin; the message is a sentence for whoever runs it."""

    may_pass = True


def rehearsed(event: Event, now: dt.datetime) -> Event:
    """The event itself, or, when its day has passed, a rehearsal of it today; with loopback decided elsewhere."""
    today = now.astimezone(zoneinfo.ZoneInfo(event.time_zone)).date()
    return event.held_on(today) if event.date < today else event


def held(settings: Settings, event: Event, now: dt.datetime) -> Event:
    """The event on the day of its meeting that still goes on, as at a restart after midnight; else as `rehearsed`."""
    record = unfinished(settings.state_dir, event.id, now, since=event.date)
    return event.held_on(record.day) if record is not None else rehearsed(event, now)


def rehearsable(event: Event, settings: Settings) -> Event:
    """Loopback candidates count only where the server itself is bound to this machine."""
    return event.model_copy(update={"allow_loopback": event.allow_loopback and settings.binds_loopback})


def record_of(settings: Settings, event: Event) -> Path:
    """The file of an event's facts, one for each day: tomorrow's rehearsal does not begin where today's ended."""
    return path_of(settings.state_dir, event.id, event.date)


TRANSCODE_LEDGER = "transcoding"
"""In the state folder: what media processes tell each other of the pictures that they make."""


def media_process(settings: Settings, environment: Mapping[str, str]) -> Recipe:
    """How a media process is started: with what it has to know, and without our own settings and their secret.

    Raises SetupError.
    """
    pairs = ",".join(f"{local}={public}" for local, public in announced(settings))
    announce = ("--announce", pairs) if pairs else ()
    cores = () if settings.transcode_cores is None else ("--transcode-cores", str(settings.transcode_cores))
    ledger = ("--transcode-ledger", str(settings.state_dir / TRANSCODE_LEDGER))
    command = (*MEDIA_PROCESS, "--addresses", ",".join(media_addresses(settings)), *announce, *cores, *ledger)
    kept = {name: value for name, value in environment.items() if not name.startswith(("HANMARU_", *VARIABLES))}
    return Recipe(command, CHECKOUT, kept)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def serve(
    settings: Settings, event: Event, tokens: Tokens, *, announce: Callable[[int], None], stop: asyncio.Event
) -> None:
    """Serve until `stop` is set; `announce` gets the port as soon as connections are taken.

    Raises SetupError, and LocalError for a store that cannot be opened.
    """
    _allow_many_connections()
    notify = Notify.from_environment(os.environ, os.getpid())
    made = certificates(settings, dt.datetime.now(dt.UTC)) if settings.tls else None
    context = made.context() if made else None
    event = rehearsable(held(settings, event, dt.datetime.now(dt.UTC)), settings)
    engine = PoolEngine(media_process(settings, os.environ), most=len(event.booths) + LOOPBACKS)
    store = Store(record_of(settings, event))
    conductor = Conductor(event, engine, store, settings.relay)
    app = make_app(
        settings,
        event,
        conductor=conductor,
        store=store,
        tokens=tokens,
        authority=made.authority if made else None,
        engine=engine,
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE_S)
    await runner.setup()
    engine.open(ahead=conductor.live_booths())
    watching = [
        spawn(notify.keep_signing(app[CONDUCTOR_RUNS].is_set), "signs of life"),
        spawn(EventWatch(settings).watch(), "event file"),
    ]
    if made and context:
        watching.append(spawn(CertificateWatch(settings, made, context).watch(), "certificate"))
    try:
        listening = await _listen(runner, settings, context)
        try:
            port: int = listening.sockets[0].getsockname()[1]
            log.info("serving", hosts=settings.hosts, port=port, event_id=event.id)
            announce(port)
            notify.ready(f"Serving {event.id} on {', '.join(settings.hosts)}, port {port}.")
            _settle()
            await stop.wait()
            log.info("stopping")
        finally:
            notify.stopping()
            listening.close()
            # Before the runner's own clean-up: that one stops reading first, and a goodbye wants its answer.
            await app.shutdown()
    finally:
        await end(watching)
        await runner.cleanup()
        await engine.close()
    log.info("stopped")


def _settle() -> None:
    """Spare the collector what lives as long as the server: scanning it would keep everybody waiting."""
    gc.collect()
    gc.freeze()


async def _listen(runner: web.AppRunner, settings: Settings, context: ssl.SSLContext | None) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    server = runner.server
    assert server is not None
    try:
        return await loop.create_server(
            lambda: PatientHandler(server, loop=loop),
            settings.hosts,  # IPv4 and IPv6 are sockets of their own: `0.0.0.0,::` for both
            settings.port,
            ssl=context,
            ssl_handshake_timeout=TLS_HANDSHAKE_S if context else None,
            backlog=BACKLOG,
        )
    except OSError as error:
        raise ServingError(
            f"Port {settings.port} on {', '.join(settings.hosts)} cannot be used ({error.strerror or error}); "
            "another server may be running there: end it, or set HANMARU_PORT."
        ) from error


def until_told(stop: asyncio.Event) -> None:
    """Have SIGTERM and SIGINT set `stop`; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def told(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told, number)


def _allow_many_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
