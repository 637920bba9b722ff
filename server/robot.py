"""A participant without a page: a native client of `hanmaru.v1` for loopback test, demonstration and tests."""

from __future__ import annotations

import asyncio
import json
import ssl
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from signaling.errors import RemoteError

SUBPROTOCOL = "hanmaru.v1"
ANSWER_S = 10.0  # no answer takes longer on a line that works
KEPT_MESSAGES = 1000  # oldest goes; the state of the booth is kept apart
LARGEST_MESSAGE = 1 << 20

Message = Mapping[str, Any]


class LineClosedError(Exception):
    """The WebSocket is closed, or could not be opened; `code` is its close code or HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code


class Media(Protocol):
    """The connection a robot brings along: `media.engine.simulated.SimulatedPeer`, or anything that offers."""

    async def offer(self) -> str:
        """SDP of the offer, candidates included."""

    async def accept(self, answer: str) -> None:
        """Take the answer's SDP, return when connected."""

    async def close(self) -> None:
        """Drop the connection."""


def split_link(link: str) -> tuple[str, str]:
    """`https://HOST/room#TOKEN` -> (`https://HOST`, `TOKEN`); raises ValueError."""
    address, _, token = link.partition("#")
    scheme, _, rest = address.partition("://")
    if scheme not in ("https", "http") or not rest or not token:
        raise ValueError("A join link looks like https://HOST/room#TOKEN.")
    return f"{scheme}://{rest.split('/', 1)[0]}", token


def trusting(authority: Path | None) -> ssl.SSLContext:
    """TLS that checks certificates, against the local authority's file too when there is one."""
    context = ssl.create_default_context()
    if authority is not None and authority.exists():
        context.load_verify_locations(authority)
    return context


class Robot:
    """One seat, held as PROTOCOL.md tells. `booth` is its booth's last state, `welcome` the last welcome, {} before.

    Every wait raises TimeoutError when nothing comes, LineClosedError when the line closes, and RemoteError when the
    answer is an `error`.
    """

    def __init__(self, url: str, token: str, *, tls: ssl.SSLContext | None = None) -> None:
        self.welcome: Message = {}
        self.booth: Message = {}
        self.levels: Message = {}
        self.media: Media | None = None
        self.messages: deque[tuple[int, Message]] = deque(maxlen=KEPT_MESSAGES)
        self.received = 0
        self._url = url.rstrip("/")
        self._token = token
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    @property
    def close_code(self) -> int | None:
        """The close code, None while the line is open."""
        return None if self._socket is None else self._socket.close_code

    async def open(self) -> None:
        """Open a fresh WebSocket; raises LineClosedError."""
        await self._hang_up()
        if self._session is None:
            self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {self._token}"})
        try:
            self._socket = await self._session.ws_connect(
                f"{self._url}/signal",
                protocols=(SUBPROTOCOL,),
                ssl=self._tls or True,
                max_msg_size=LARGEST_MESSAGE,
                timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
            )
        except aiohttp.WSServerHandshakeError as refusal:
            raise LineClosedError(refusal.status, "The server refused the line") from refusal
        except (aiohttp.ClientError, OSError) as fault:
            raise LineClosedError(0, f"The server cannot be reached: {fault}") from fault
        self._reader = asyncio.create_task(self._read(self._socket))

    async def hello(self, *, purpose: str | None = None, site: str | None = None, take_over: bool = False) -> Message:
        """Ask for the seat; the answer is `welcome`, or `seat_taken` unless `take_over`."""
        fields = {"purpose": purpose, "site": site}
        after = self.received
        await self.send({"type": "hello"} | {key: value for key, value in fields.items() if value is not None})
        answer = await self.message("welcome", "seat_taken", after=after)
        if answer["type"] == "seat_taken" and take_over:
            after = self.received
            await self.send({"type": "take_over"})
            answer = await self.message("welcome", after=after)
        return answer

    async def connect(self, media: Media) -> None:
        """Offer `media`, take the answer and wait until connected. The media it replaces is dropped only then."""
        after = self.received
        try:
            await self.send({"type": "offer", "sdp": await media.offer()})
            answer = await self.message("answer", after=after)
            await media.accept(answer["sdp"])
        except BaseException:
            await media.close()
            raise
        before, self.media = self.media, media
        if before is not None:
            await before.close()

    async def reconnect(self, *, fresh: bool = True) -> Message:
        """Come back to the same seat, on a fresh WebSocket or the open one: `welcome`, or `seat_taken`."""
        if fresh:
            await self.open()
        after = self.received
        await self.send({"type": "reconnect", "seat": self.welcome["seat"], "resume": self.welcome["resume"]})
        return await self.message("welcome", "seat_taken", after=after)

    async def command(self, kind: str, **fields: object) -> Message:
        """Send a command with an id and wait for its `ok` (or `measured`); raises RemoteError when it is refused."""
        mark = uuid.uuid4().hex
        after = self.received
        await self.send({"type": kind, "id": mark, **fields})
        return await self._first(lambda message: message.get("id") == mark, after, ANSWER_S, f"an answer to {kind}")

    async def send(self, message: Message) -> None:
        """Send one message as JSON; raises LineClosedError."""
        await self.send_text(json.dumps(message, ensure_ascii=False))

    async def send_text(self, text: str) -> None:
        """Send any text, also one that is no message at all."""
        if self._socket is None or self._socket.closed:
            raise self._closed()
        await self._socket.send_str(text)

    async def message(self, *kinds: str, after: int = 0, timeout_s: float = ANSWER_S) -> Message:
        """The first message of one of these types with a count above `after`; an `error` without an id is raised."""

        def fits(message: Message) -> bool:
            return message["type"] in kinds or (message["type"] == "error" and message.get("id") is None)

        return await self._first(fits, after, timeout_s, " or ".join(kinds), raising="error" not in kinds)

    async def until(self, fact: Callable[[Message], bool], timeout_s: float = ANSWER_S) -> Message:
        """Wait for a state of the booth of which `fact` holds; the present one counts."""
        async with asyncio.timeout(timeout_s):
            while not (self.booth and fact(self.booth)):
                await self._more()
        return self.booth

    async def closed(self, timeout_s: float) -> int:
        """Wait until the server closes the line: its close code."""
        async with asyncio.timeout(timeout_s):
            while self._socket is not None and not self._socket.closed:
                self._news.clear()
                await self._news.wait()
        return self.close_code or 0

    async def drop_line(self) -> None:
        """Cut the WebSocket without a word and leave the media up, as a network that changes under a page does."""
        if self._socket is not None:
            transport = self._socket.get_extra_info("transport")
            if transport is not None:
                transport.abort()
        await self._hang_up()

    async def close(self) -> None:
        """Leave: drop the media, close the line."""
        if self.media is not None:
            await self.media.close()
        await self._hang_up()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _first(
        self, fits: Callable[[Message], bool], after: int, timeout_s: float, what: str, *, raising: bool = True
    ) -> Message:
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    for count, message in self.messages:
                        if count > after and fits(message):
                            if raising and message["type"] == "error":
                                raise RemoteError(message["code"], message["message"])
                            return message
                    await self._more()
        except TimeoutError as late:
            raise TimeoutError(f"no {what} within {timeout_s:g} s") from late

    async def _more(self) -> None:
        if self._socket is None or self._socket.closed or self._reader is None or self._reader.done():
            raise self._closed()
        self._news.clear()
        await self._news.wait()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for frame in socket:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    self._take(json.loads(frame.data))
        finally:
            self._news.set()

    def _take(self, message: Message) -> None:
        kind = message["type"]
        if kind == "levels":
            self.levels = message  # five a second: only the newest matters
            return
        if kind == "welcome":
            self.welcome = message
        elif kind == "booth":
            self.booth = message
        self.received += 1
        self.messages.append((self.received, message))
        self._news.set()

    async def _hang_up(self) -> None:
        socket, reader = self._socket, self._reader
        self._socket = self._reader = None
        if socket is not None:
            await socket.close()
        if reader is not None:
            await asyncio.gather(reader, return_exceptions=True)

    def _closed(self) -> LineClosedError:
        return LineClosedError(self.close_code or 0, "The line is closed")
