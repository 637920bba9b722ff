"""`GET /signal`: the WebSocket edge. Text comes in, words of the protocol go on; nobody's bad input is our error."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog
from aiohttp import WSMessage, WSMsgType, web

from server.cadence import until_next
from server.conductor import Conductor, Session
from server.conductor.closing import DONE, FLOODING, LEAVING, NO_HELLO, REASONS, TOO_LARGE
from server.conductor.outgoing import Outgoing
from server.conductor.spawn import end, spawn
from server.doors import authenticate, body
from server.frames import Line
from server.keys import CONDUCTOR, TALLY
from signaling.errors import RemoteError
from signaling.fields import MAX_MESSAGE_BYTES
from signaling.messages import id_of, parse
from signaling.pace import Verdict, heard, pace
from signaling.seats import parse_seat

SUBPROTOCOL = "hanmaru.v1"
HELLO_S = 10.0
PING_EVERY_S = 2.0
SILENT_S = 4.0
LATE_S = 1.0  # when this process itself was held up that long, a silence proves nothing

FLUSH_S = 0.5  # what was said last may still reach a client that listens

log = structlog.get_logger("signal")


async def signal(request: web.Request) -> web.StreamResponse:
    """Take a client in: 401 and 403 as in `doors`, 400 without the subprotocol, 503 when there is no room."""
    claims = authenticate(request)
    socket = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,), autoping=False, compress=False, max_msg_size=4 * MAX_MESSAGE_BYTES, timeout=1.0
    )
    if SUBPROTOCOL not in _asked(request) or not socket.can_prepare(request):
        return _refused(400, "bad_request", f"This door speaks WebSocket with the subprotocol {SUBPROTOCOL}.")
    conductor = request.app[CONDUCTOR]
    outgoing = Outgoing(lambda: _hang_up(request), request.app[TALLY])
    try:
        session = conductor.enter(parse_seat(claims.seat), outgoing)
    except RemoteError as error:
        return _refused(503, error.code, error.message)
    client = Client(request, socket, conductor, session, outgoing)
    try:
        await socket.prepare(request)
        await client.run()
    except ConnectionError:
        return web.Response()  # gone before the door was open: nobody reads this
    finally:
        conductor.leave(session)
        log.info(
            "left", seat=claims.seat, code=outgoing.code and int(outgoing.code), levels_dropped=outgoing.levels_dropped
        )
    return socket


class Client:
    """One open socket: reads, watches the line, and lets the outgoing queue write."""

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        conductor: Conductor,
        session: Session,
        outgoing: Outgoing,
    ) -> None:
        self._request = request
        self._socket = socket
        self._conductor = conductor
        self._session = session
        self._outgoing = outgoing
        self._pace = pace(self._now())
        self._last_heard_at = self._now()

    async def run(self) -> None:
        """Serve the client until its socket is closed."""
        name = f"session {self._session.number}"
        outgoing = self._outgoing
        reading = spawn(self._read(), f"{name} reads")
        writing = spawn(outgoing.run(Line(self._request, self._socket)), f"{name} writes")
        watching = spawn(self._watch(), f"{name} watched")
        hello = asyncio.get_running_loop().call_later(HELLO_S, self._miss_hello)
        try:
            await asyncio.wait((reading, writing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            hello.cancel()
            self._conductor.leave(self._session, meant=self._socket.close_code in LEAVING)
            outgoing.close(DONE)
            await end((reading, watching))  # so that the closing handshake, and nobody else, reads from here on
            await asyncio.wait((writing,), timeout=FLUSH_S)
            await end((writing,))
            code = outgoing.code or DONE
            await self._socket.close(code=code, message=REASONS.get(code, "").encode())
            outgoing.ended()

    async def _read(self) -> None:
        with suppress(ConnectionError):  # a pong to somebody who has just gone
            async for message in self._socket:
                self._last_heard_at = self._now()
                self._pace, verdict = heard(self._pace, self._last_heard_at)
                if verdict is Verdict.HANG_UP:
                    self._session.outgoing.close(FLOODING)
                    return  # what is left of the flood would hold up everybody else
                if verdict is Verdict.REFUSE:
                    name = id_of(message.data) if message.type is WSMsgType.TEXT else None
                    self._session.refuse(RemoteError("too_fast", "More than 50 messages a second; slow down."), name)
                elif verdict is Verdict.TAKE:
                    await self._take(message)

    async def _take(self, message: WSMessage) -> None:
        match message.type:
            case WSMsgType.TEXT:
                await self._hear(message.data)
            case WSMsgType.PING:
                await self._socket.pong(message.data)
            case WSMsgType.BINARY:
                self._session.refuse(RemoteError("bad_json", "A message is text."))

    async def _hear(self, text: str) -> None:
        try:
            await self._conductor.receive(self._session, parse(text))
        except RemoteError as error:
            self._session.refuse(error, id_of(text))
            if error.code == "bad_json" and len(text.encode("utf-8", "surrogatepass")) > MAX_MESSAGE_BYTES:
                self._session.outgoing.close(TOO_LARGE)

    async def _watch(self) -> None:
        """Ping, give a sign of life that pages can see, and hang up on whoever gives none."""
        while True:
            asked_at = self._now()
            try:
                await self._socket.ping()
            except ConnectionError:
                return
            await asyncio.sleep(until_next(PING_EVERY_S, asked_at))
            now = self._now()
            if self._session.place is not None:
                self._outgoing.beat()
            if now - self._last_heard_at > SILENT_S and now - asked_at < PING_EVERY_S + LATE_S:
                log.info("silent", seat=str(self._session.seat))
                _hang_up(self._request)
                return

    def _miss_hello(self) -> None:
        if self._session.place is None:
            self._session.outgoing.close(NO_HELLO)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _asked(request: web.Request) -> tuple[str, ...]:
    return tuple(name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(","))


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _refused(status: int, code: str, message: str) -> web.Response:
    return web.Response(status=status, text=body(code, message), content_type="application/json")
