"""What the handlers of the web application share, by typed key."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from server.event import Event
from server.lockout import Lockout
from server.revocation import Revocations
from server.settings import Settings
from server.store import Store
from server.tally import Tally
from server.thumbnails import Thumbnails
from server.tokens import Tokens

if TYPE_CHECKING:
    from media.engine.door import Engine
    from server.conductor import Conductor
    from server.equipment import Equipment
    from server.metrics import Metrics

SETTINGS = web.AppKey("settings", Settings)
EVENT = web.AppKey("event", Event)
TOKENS = web.AppKey("tokens", Tokens)
REVOCATIONS = web.AppKey("revocations", Revocations)
LOCKOUT = web.AppKey("lockout", Lockout)
SEATS = web.AppKey("seats", frozenset[str])
"""The seats that the event has: a token for another one is refused."""
CONDUCTOR_RUNS = web.AppKey("conductor_runs", asyncio.Event)
"""Set between the conductor's start and its goodbye."""
CONDUCTOR: web.AppKey[Conductor] = web.AppKey("conductor")
ENGINE: web.AppKey[Engine] = web.AppKey("engine")
EQUIPMENT: web.AppKey[Equipment] = web.AppKey("equipment")
STORE = web.AppKey("store", Store)
TALLY = web.AppKey("tally", Tally)
THUMBNAILS = web.AppKey("thumbnails", Thumbnails)
METRICS: web.AppKey[Metrics] = web.AppKey("metrics")
