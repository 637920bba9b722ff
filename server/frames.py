"""WebSocket frames that are made once for many sockets, and put on each line in the call that brings them."""

from __future__ import annotations

import struct

from aiohttp import web

TEXT = 0x81
"""A whole message of text (RFC 6455 section 5.2: FIN and opcode 1); a server masks nothing."""
SHORT_BYTES = 125
"""What is longer says its length in two bytes more."""
LONG_BYTES = 0xFFFF
UNTAKEN_BYTES = 64 * 1024
"""A line that has not taken as much as that takes no more: where the loop's transports have their high-water mark."""


def text_frame(text: str) -> bytes:
    """The frame of a text. Raises ValueError for one of over 64 KiB."""
    payload = text.encode()
    if len(payload) <= SHORT_BYTES:
        return struct.pack("!BB", TEXT, len(payload)) + payload
    if len(payload) <= LONG_BYTES:
        return struct.pack("!BBH", TEXT, SHORT_BYTES + 1, len(payload)) + payload
    raise ValueError("This text is longer than one frame for many should be.")


class Line:
    """A WebSocket that was accepted: texts of one's own go through the library, frames for many past it.

    `send_str` needs a task to wait in; `put` waits for nothing. Whole frames may stand between those of the library,
    because it writes each of its own in one call, and nothing is compressed here.
    """

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._request = request
        self._socket = socket

    async def send_str(self, data: str) -> None:
        """Send a text when its turn comes. Raises ConnectionError."""
        await self._socket.send_str(data)

    def put(self, frame: bytes) -> bool:
        """Send a frame now; whether the line took it: none after a close, none while much waits."""
        transport = self._request.transport
        if transport is None or self._socket.closed or transport.is_closing():
            return False
        if transport.get_write_buffer_size() >= UNTAKEN_BYTES:
            return False
        transport.write(frame)
        return True
