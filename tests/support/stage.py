"""A server that only plays: real pages and a real welcome, a booth in whatever state is wanted, and no media at all."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import cv2
import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestServer
from numpy.typing import NDArray

from media.engine.simulated_room import draw_room
from server.conductor.cards import welcome
from server.event import Event
from server.pages import add_pages
from signaling.effects import Admit
from signaling.messages import parse_server, to_wire
from signaling.seats import parse_seat

SCRIPT = Path(__file__).with_name("stage.js")
CLOCK = time(10, 24)  # at the event's own place
FAR_TIME = datetime(2020, 5, 21, 10, 24, 5, tzinfo=UTC)
LEVELS_S = 0.2
State = dict[str, Any]


@dataclass
class Stage:
    """One booth on show; change `state` and `show()` it."""

    event: Event
    booth_id: str
    state: State = field(default_factory=dict)
    levels: dict[str, float | None] = field(default_factory=dict)
    cut: bool = False
    """Whether the line is dead: sockets close, and no new one is taken."""
    far: NDArray[np.uint8] = field(default_factory=lambda: draw_room(1280, 1024, FAR_TIME, 0.3, ""))
    """The far picture as it arrives, I420 of any size; a page fetches it when it connects, or by `fetchFar()`."""
    ages_s: dict[str, int] = field(default_factory=dict)
    """By site, how old its small picture is."""
    _sockets: set[web.WebSocketResponse] = field(default_factory=set)

    async def show(self, **changes: Any) -> None:
        """Put changes on top of a booth where everybody is there and the floor is open."""
        booth = self.event.booth(self.booth_id)
        there = {"present": True, "media": "connected"}
        first, second = (site.id for site in self.event.sites)
        room = {**there, "muted": False, "camera_off": False, "volume_db": 0, "framing": "fill", "lamp": "open"}
        room |= {"equipment": [], "paused": []}
        desk = {**there, "on_air": False, "cough": False, "from": first, "to": second, "heard_by": [first, second]}
        sites, people = changes.pop("sites", {}), changes.pop("interpreters", {})
        self.state = {
            "type": "booth",
            "phase": "live",
            "epoch": 1,
            "mode": "liaison",
            "sites": {site.id: room | sites.get(site.id, {}) for site in self.event.sites},
            "interpreters": {person: desk | people.get(person, {}) for person in booth.interpreters},
            "last_speaker": None,
            "proposal": None,
            "thumbnails": False,
            "shed": [],
            **changes,
        }
        parse_server(json.dumps(self.state))  # raises when the protocol has grown a field that is not shown here
        for socket in list(self._sockets):
            await socket.send_json(self.state)

    async def hang_up(self) -> None:
        """Cut every line, as a dead network does."""
        self.cut = True
        for socket in list(self._sockets):
            await socket.close()

    async def far_png(self, _: web.Request) -> web.Response:
        """The far picture as a file."""
        _done, png = cv2.imencode(".png", cv2.cvtColor(self.far, cv2.COLOR_YUV2BGR_I420))
        return web.Response(body=png.tobytes(), content_type="image/png")

    async def thumbnail(self, request: web.Request) -> web.Response:
        """A room's small picture, as old as `ages_s` says; none of a site that is not there."""
        age_s = self.ages_s.get(request.match_info["site"])
        if age_s is None:
            raise web.HTTPNotFound
        small = cv2.resize(cv2.cvtColor(self.far, cv2.COLOR_YUV2BGR_I420), (320, 256))
        _done, jpeg = cv2.imencode(".jpg", small)
        return web.Response(body=jpeg.tobytes(), content_type="image/jpeg", headers={"Age": str(age_s), "ETag": '"1"'})

    async def line(self, request: web.Request) -> web.StreamResponse:
        """One page's WebSocket."""
        if self.cut:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(protocols=("hanmaru.v1",))
        await socket.prepare(request)
        telling = asyncio.create_task(self._tell_levels(socket))
        try:
            async for frame in socket:
                await self._answer(socket, request.query["seat"], json.loads(frame.data))
        finally:
            telling.cancel()
            self._sockets.discard(socket)
        return socket

    async def _answer(self, socket: web.WebSocketResponse, seat: str, message: State) -> None:
        match message["type"]:
            case "hello" | "reconnect":
                at = datetime.combine(self.event.date, CLOCK, ZoneInfo(self.event.time_zone)).astimezone(UTC)
                booth = self.event.booth(self.booth_id)
                card = welcome(self.event, booth, parse_seat(seat), Admit(1, seat, 1, "r" * 22), (), at)
                await socket.send_str(to_wire(card))
                self._sockets.add(socket)
                await socket.send_json(self.state)
            case "offer":
                await socket.send_json({"type": "answer", "generation": 1, "sdp": "v=0"})
            case _ if "id" in message:
                await socket.send_json({"type": "ok", "id": message["id"]})

    async def _tell_levels(self, socket: web.WebSocketResponse) -> None:
        with contextlib.suppress(ConnectionError):
            while not socket.closed:
                await asyncio.sleep(LEVELS_S)
                if socket in self._sockets:
                    sites = {site.id: self.levels.get(site.id, -24.0) for site in self.event.sites}
                    people = {person: self.levels.get(person) for person in self.state["interpreters"]}
                    await socket.send_json({"type": "levels", "sites": sites, "interpreters": people})


@contextlib.asynccontextmanager
async def stage(event: Event, booth_id: str) -> AsyncIterator[tuple[Stage, str]]:
    """The stage and the address of its pages, such as http://127.0.0.1:40123."""
    own = Stage(event, booth_id)
    await own.show()
    app = web.Application()
    app.router.add_get("/signal", own.line)
    app.router.add_get("/far.png", own.far_png)
    app.router.add_get("/thumbnail/{booth}/{site}", own.thumbnail)
    add_pages(app)
    async with TestServer(app, host="127.0.0.1") as server:
        yield own, str(server.make_url("")).rstrip("/")
