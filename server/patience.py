"""Connections that must say what they want, in HTTP and in due time: a 400 or a 408 for those that do not."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

HEAD_S = 10.0  # a request head is 1 kB: a line that needs longer carries no consultation either
KEEPALIVE_S = 75.0  # a connection between requests, and one that dawdles with a later head
LINGERING_S = 2.0  # nobody's request body is read beyond its limit

_TIMEOUT = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 74\r\n\r\n"
    b'{"code": "too_slow", "message": "The request did not arrive in due time."}'
)
_NO_HTTP = '{"code": "bad_request", "message": "This request cannot be understood."}'


class PatientHandler(web.RequestHandler):
    """aiohttp's connection with a deadline for the first request head, and few words for what is none."""

    __slots__ = ("_deadline", "_head_s")

    def __init__(self, server: web.Server, *, loop: asyncio.AbstractEventLoop, head_s: float = HEAD_S) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type] # falsy means: none, as AppRunner passes it
            keepalive_timeout=KEEPALIVE_S,
            lingering_time=LINGERING_S,
        )
        self._head_s = head_s
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock."""
        super().connection_made(transport)
        self._deadline = asyncio.get_running_loop().call_later(self._head_s, self._give_up)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop the clock."""
        self.head_arrived()
        super().connection_lost(exc)

    def head_arrived(self) -> None:
        """The first request can be handled: stop the clock."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP; neither repeated nor logged: it may hold anything, and is not our bug."""
        if status >= 500 or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        answer = web.Response(status=status, text=_NO_HTTP, content_type="application/json")
        answer.force_close()
        return answer

    def _give_up(self) -> None:
        self._deadline = None
        if self.transport is not None:
            self.transport.write(_TIMEOUT)
            self.force_close()


@web.middleware
async def patience(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the connection that its request has come."""
    if isinstance(request.protocol, PatientHandler):
        request.protocol.head_arrived()
    return await handler(request)
