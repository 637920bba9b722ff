"""The way out to one socket: state in order and without a gap, or the socket is closed; levels newest only."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from signaling.messages import ServerMessage, to_wire

WORDS = 256  # a booth that changes 10 times a second: 25 s of not reading, then the client has to come back
CLOSE_S = 1.0  # a client that does not take its goodbye in this time is cut off


class Socket(Protocol):
    """What a WebSocket can do for this queue."""

    async def send_str(self, data: str) -> None: ...

    async def close(self, *, code: int) -> bool: ...


class Outgoing:
    """Words wait here until the socket takes them. Call it from the event loop only."""

    def __init__(self, hang_up: Callable[[], None]) -> None:
        """`hang_up` is called when the client does not read: the line is cut, nothing more is said."""
        self._words: deque[str | int] = deque()  # texts and, last, a close code; bounded by `WORDS`: never dropped
        self._levels: str | None = None  # newest goes out, older ones are dropped and counted
        self._wake = asyncio.Event()
        self._hang_up = hang_up
        self._closed = False
        self._patience: asyncio.TimerHandle | None = None
        self.closed = asyncio.Event()
        """Set when nothing goes out any more."""
        self.levels_dropped = 0

    def say(self, message: ServerMessage) -> None:
        """Send a message, in order."""
        self._put(to_wire(message))

    def levels(self, text: str) -> None:
        """Send levels, when the socket has nothing better to do."""
        if self._closed:
            return
        if self._levels is not None:
            self.levels_dropped += 1
        self._levels = text
        self._wake.set()

    def close(self, code: int) -> None:
        """Close with that code after everything that was said; later words go nowhere."""
        if self._closed:
            return
        self._put(code)
        self._closed = True
        self._patience = asyncio.get_running_loop().call_later(CLOSE_S, self._hang_up)

    async def run(self, socket: Socket) -> None:
        """Carry words to the socket until it is closed, or the line breaks."""
        try:
            await self._carry(socket)
        except ConnectionError:  # whoever reads from the socket learns it too, and ends the session
            self._closed = True
        finally:
            self.closed.set()
            if self._patience is not None:
                self._patience.cancel()

    async def _carry(self, socket: Socket) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._words:
                word = self._words.popleft()
                if isinstance(word, int):
                    await socket.close(code=word)
                    return
                await socket.send_str(word)
            if self._levels is not None:
                text, self._levels = self._levels, None
                await socket.send_str(text)

    def _put(self, word: str | int) -> None:
        if self._closed:
            return
        if len(self._words) >= WORDS:
            self._closed = True
            self._words.clear()
            self._hang_up()
            return
        self._words.append(word)
        self._wake.set()
