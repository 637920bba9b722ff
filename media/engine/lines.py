"""One end of a pipe on which each word is a line: cut in the call that brings the bytes, some lines at a time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import cast

from media.engine.wire import MAX_WORD_BYTES
from media.errors import MediaError

LINE_BYTES = MAX_WORD_BYTES + 32
"""A word with its number; what is longer ends the pipe."""
READ_BYTES = 64 * 1024
"""At a time: a quarter of the longest word, and hundreds of short ones."""
TURN_LINES = 32
"""Lines that are taken before everybody else of this process has a turn: a flood must not keep the loop."""


class Lines(asyncio.BufferedProtocol):
    """`take` gets each line as it comes; what it raises ends the pipe. `over` is called once, at the end of it.

    `waits`: nothing is read while the far end does not take what it was told. No task and no stream: a word that comes
    a few times a second finds the process asleep, and what runs then runs cold.
    """

    def __init__(self, take: Callable[[bytes], None], over: Callable[[], None], *, waits: bool = False) -> None:
        self.fault = ""
        """What was wrong with the lines of the far end, when the pipe ended for that."""
        self._take = take
        self._over = over
        self._came = bytearray(READ_BYTES)
        self._rest = b""
        self._later: asyncio.Handle | None = None
        self._transport: asyncio.Transport | None = None
        self._waits = waits
        self._is_full = self._is_paused = False

    async def open(self, end: socket.socket) -> None:
        """Speak through this end, which is ours from now on."""
        await asyncio.get_running_loop().create_connection(lambda: self, sock=end)

    @property
    def is_open(self) -> bool:
        """Whether words still come and go."""
        return self._transport is not None

    @property
    def untaken_bytes(self) -> int:
        """What was written, and the far end has not taken."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def write(self, line: bytes) -> None:
        """Send a line, which brings its own end; in vain when the pipe is over."""
        if self._transport is not None:
            self._transport.write(line)

    def close(self) -> None:
        """End the pipe; what was written before still goes, if the far end takes it."""
        if self._transport is not None:
            self._transport.close()
        self._end()

    # What the loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not of asyncio's class

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._came

    def buffer_updated(self, nbytes: int) -> None:
        self._rest += self._came[:nbytes]
        if self._later is None:
            self._cut()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._end()

    def pause_writing(self) -> None:
        self._is_full = self._waits
        self._pace()

    def resume_writing(self) -> None:
        self._is_full = False
        self._pace()

    # Inside

    def _cut(self) -> None:
        """Take the lines that are whole; what a flood has behind them waits for the next turn of the loop."""
        self._later = None
        *lines, self._rest = self._rest.split(b"\n", TURN_LINES)
        try:
            for line in lines:
                self._bound(line)
                if self._transport is not None:
                    self._take(line)
            if len(lines) < TURN_LINES:
                self._bound(self._rest)
        except BaseException as error:
            self.fault = error.message if isinstance(error, MediaError) else "This is no word of the door."
            self._abort()
            if not isinstance(error, MediaError):
                raise
        if len(lines) == TURN_LINES and self._transport is not None:
            self._later = asyncio.get_running_loop().call_soon(self._cut)
        self._pace()

    def _bound(self, line: bytes) -> None:
        if len(line) > LINE_BYTES:
            raise MediaError("bad_word", f"This word is longer than {MAX_WORD_BYTES} bytes.")

    def _pace(self) -> None:
        """Read no more while there is more than is taken, on this way or on the other one."""
        paused = self._is_full or self._later is not None
        if self._transport is None or paused == self._is_paused:
            return
        self._is_paused = paused
        if paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._end()

    def _end(self) -> None:
        if self._transport is not None:
            self._transport, self._rest = None, b""
            self._over()
