"""The way out to one socket: state in order and without a gap, or the socket is closed; levels newest only."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from server.conductor.closing import TOO_SLOW
from server.frames import text_frame
from server.tally import Tally
from signaling.messages import ServerMessage, to_wire
from signaling.replies import Beat, Error

WORDS = 256  # a booth that changes 10 times a second: 25 s of not reading, then the client has to come back
BEAT = text_frame(to_wire(Beat()))
CLOSE_S = 1.0  # a client that does not take its goodbye in this time is cut off


class WayOut(Protocol):
    """What the conductor does to a client: a socket's `Outgoing`, or what stands in for it at another door."""

    code: int | None
    over: asyncio.Event

    def say(self, message: ServerMessage) -> None: ...

    def levels(self, frame: bytes) -> None: ...

    def close(self, code: int) -> None: ...


class Line(Protocol):
    """What a WebSocket can do for this queue: `server.frames.Line`."""

    async def send_str(self, data: str) -> None: ...

    def put(self, frame: bytes) -> bool: ...


class Outgoing:
    """Words wait here until the socket takes them. Call it from the event loop only."""

    def __init__(self, hang_up: Callable[[], None], tally: Tally | None = None) -> None:
        """`hang_up` is called when the client does not read: the line is cut, nothing more is said."""
        self._tally = tally or Tally()
        self._words: deque[str] = deque()  # bounded by `WORDS`: never dropped
        self._levels: bytes | None = None  # newest goes out, older ones are dropped and counted
        self._spoke = False
        self._line: Line | None = None
        self._wake = asyncio.Event()
        self._hang_up = hang_up
        self._patience: asyncio.TimerHandle | None = None
        self.code: int | None = None
        """What the socket is to be closed with, as soon as that is known; nothing more is said then."""
        self.over = asyncio.Event()
        """Set when the socket is closed."""
        self.levels_dropped = 0

    def say(self, message: ServerMessage) -> None:
        """Send a message, in order."""
        if self.code is not None:
            return
        self._spoke = True
        if isinstance(message, Error):
            self._tally.errors[message.code] += 1
        if len(self._words) >= WORDS:
            self._words.clear()
            self.code = TOO_SLOW
            self._hang_up()
        else:
            self._words.append(to_wire(message))
        self._wake.set()

    def levels(self, frame: bytes) -> None:
        """Send levels: at once, or after the words that wait; a line that is full misses them."""
        if self.code is not None:
            return
        self._spoke = True
        if self._words or self._line is None:
            if self._levels is not None:
                self._drop_levels()
            self._levels = frame
        elif not self._line.put(frame):
            self._drop_levels()

    def beat(self) -> None:
        """Say that the line stands, if nothing was said since the last call: clients cannot see our pings."""
        if not self._spoke:
            self.levels(BEAT)
        self._spoke = False

    def close(self, code: int) -> None:
        """Close with that code after everything that was said; later words go nowhere."""
        if self.code is None:
            self.code = code
            self._patience = asyncio.get_running_loop().call_later(CLOSE_S, self._hang_up)
            self._wake.set()

    async def run(self, line: Line) -> None:
        """Carry words to the socket until it is to be closed, or the line breaks."""
        self._line = line
        with suppress(ConnectionError):  # whoever reads from the socket learns it too, and ends the session
            while self.code is None or self._words:
                await self._wake.wait()
                self._wake.clear()
                while self._words:
                    await line.send_str(self._words.popleft())
                if self._levels is not None:
                    frame, self._levels = self._levels, None
                    self.levels(frame)

    def _drop_levels(self) -> None:
        self.levels_dropped += 1
        self._tally.levels_dropped += 1

    def ended(self) -> None:
        """The socket is closed."""
        if self._patience is not None:
            self._patience.cancel()
        self.over.set()
