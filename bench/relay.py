"""A lossy line for a real browser: a relay between its media and the server's, and a script that leads both there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.line import CLEAN, Impairment, Line

SCRIPT = Path(__file__).with_name("relay.js")
HOST = "127.0.0.1"


class _End(asyncio.DatagramProtocol):
    """One side of the relay."""

    def __init__(self, take: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._take = take
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._take(data, addr)


@dataclass
class Relay:
    """Passes datagrams between a browser and the port that its server's answer named; media meet the line's faults."""

    up: Line = field(default_factory=Line)
    down: Line = field(default_factory=Line)
    browser_port: int = 0
    """Where the browser sends to."""
    server_port: int = 0
    """What the server takes for the browser."""
    _browser: tuple[str, int] | None = None
    _server: tuple[str, int] | None = None
    _ends: list[Any] = field(default_factory=list)

    def impair(self, impairment: Impairment = CLEAN) -> None:
        """Both ways, from now on."""
        self.up.impairment = self.down.impairment = impairment

    async def open(self) -> None:
        """Take two ports."""
        loop = asyncio.get_running_loop()
        for take in (self._from_browser, self._from_server):
            end, _ = await loop.create_datagram_endpoint(lambda take=take: _End(take), (HOST, 0))  # type: ignore[misc]
            self._ends.append(end)
        self.browser_port, self.server_port = (end.get_extra_info("sockname")[1] for end in self._ends)

    def lead_to(self, port: int) -> None:
        """The answer named this port of the server."""
        self._server = (HOST, port)

    def script(self) -> str:
        """What the page has to run before anything else; it calls `benchLeadTo(port)`."""
        text = SCRIPT.read_text(encoding="utf-8")
        return text.replace("BROWSER_PORT", str(self.browser_port)).replace("SERVER_PORT", str(self.server_port))

    def close(self) -> None:
        for end in self._ends:
            end.close()

    def _from_browser(self, data: bytes, address: tuple[str, int]) -> None:
        self._browser = address
        self._pass(data, self.up, 1, self._server)

    def _from_server(self, data: bytes, address: tuple[str, int]) -> None:
        self._pass(data, self.down, 0, self._browser)

    def _pass(self, data: bytes, line: Line, end: int, address: tuple[str, int] | None) -> None:
        if address is None or not data:
            return
        takes_s = line.fate() if 128 <= data[0] <= 191 else 0.0  # STUN and DTLS pass: what is tested is media
        if takes_s:
            asyncio.get_running_loop().call_later(takes_s, self._ends[end].sendto, data, address)
        elif takes_s is not None:
            self._ends[end].sendto(data, address)
