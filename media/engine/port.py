"""A UDP socket of a connection, read by the fast path: ordinary packets pass it by themselves, the rest comes here."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any, Protocol

import aioice.ice
import pylibsrtp

from media.engine.flow import Flow
from media.engine.native import ffi, lib, session_of

MOST_FLOWS = 4 if lib is None else int(lib.MOST_FLOWS)
RECEIVE_BYTES = 256 * 1024
"""Of the socket's buffer: a second of a 2 Mb/s picture, as aioice has it."""
SO_TIMESTAMPNS = 35
"""Linux, asm-generic/socket.h: Python does not name it."""
TELL_AT = 32
"""Packets, about six frames; a flow holds as many more as one reading may bring. What passed is noted in such portions:
one by one it would cost as much as before."""
_lefts: Any = ffi.new("left[]", lib.BATCH) if lib is not None else None


class Secured(Protocol):
    """The connection over a port."""

    def unprotected(self, data: bytes, now: float) -> None:
        """Take an RTP packet that is no ordinary one, in the clear."""


class Port(asyncio.DatagramTransport):
    """Stands in for the loop's own transport, under aioice's protocol for it."""

    def __init__(self, endpoint: socket.socket, protocol: asyncio.DatagramProtocol) -> None:
        super().__init__({"socket": endpoint, "sockname": endpoint.getsockname()})
        self.cdata = ffi.new("port *")
        self.cdata.fd = endpoint.fileno()
        self._endpoint = endpoint
        self._protocol = protocol
        self._secured: Secured | None = None
        self._sessions: tuple[pylibsrtp.Session, ...] = ()  # held for C
        self._flows: list[Flow] = []
        self._loop = asyncio.get_running_loop()
        self._came = ffi.new("int *")
        self._paced = False
        self._loop.add_reader(endpoint.fileno(), self.read)

    def secure(
        self,
        secured: Secured,
        incoming: pylibsrtp.Session,
        outgoing: pylibsrtp.Session,
        peer: tuple[str, int],
    ) -> None:
        """The peer is nominated and the keys are known: from now on packets may pass."""
        flush()  # what waits goes where it was meant to
        self._secured, self._sessions = secured, (incoming, outgoing)
        address = _sockaddr(peer)
        ffi.memmove(self.cdata.peer, address, len(address))
        self.cdata.peer_bytes = len(address)
        self.cdata.incoming, self.cdata.outgoing = session_of(incoming), session_of(outgoing)

    def release(self) -> None:
        """Another port takes the place of this one: nothing passes here any more."""
        flush()
        self.pace(False)
        self.lead([])
        self.cdata.peer_bytes = 0

    def lead(self, flows: list[Flow]) -> None:
        """Let packets of these (MOST_FLOWS) pass."""
        self._flows = list(flows)
        for index in range(MOST_FLOWS):
            self.cdata.flows[index] = flows[index].cdata if index < len(flows) else ffi.NULL

    def pace(self, paced: bool) -> None:
        """Have what comes wait for `read_paced`, each 20 ms: enough for sound, and it wakes nobody in between."""
        if paced == self._paced or self.is_closing():
            return
        self._paced = paced
        _round.take(self, paced)
        if paced:
            self._loop.remove_reader(self._endpoint.fileno())
        else:
            self._loop.add_reader(self._endpoint.fileno(), self.read)

    def put(self, packet: bytes) -> bool:
        """Protect an RTP packet for the peer; it leaves with `flush`. Whether it was taken."""
        return bool(lib.port_put(self.cdata, packet, len(packet)) == 0)

    def sendto(self, data: Any, addr: Any = None) -> None:
        if self.cdata.fd >= 0:
            try:
                self._endpoint.sendto(data, addr)
            except OSError as error:  # full, or unreachable: lost, as on any line
                self._protocol.error_received(error)

    def close(self) -> None:
        if self.cdata.fd < 0:
            return
        flush()  # what waits names this port
        self.pace(False)
        self._loop.remove_reader(self._endpoint.fileno())
        self.cdata.fd = -1
        self.cdata.incoming = self.cdata.outgoing = ffi.NULL
        self._endpoint.close()
        self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return bool(self.cdata.fd < 0)

    def read(self) -> None:
        """Take what has come."""
        self.take(lib.port_read(self.cdata, _lefts, self._came))

    def take(self, count: int) -> None:
        """Take so many datagrams that could not pass."""
        for index in range(count):
            left = _lefts[index]
            try:
                self._take(left)
            except Exception as fault:  # noqa: BLE001 # of one datagram; those behind it are out of the socket already
                self._report(fault)
        for flow in self._flows:
            if flow.cdata.passed_count >= TELL_AT:
                try:
                    flow.tell()
                except Exception as fault:  # noqa: BLE001 # of one connection; a tick reads those of all
                    self._report(fault)

    def _take(self, left: Any) -> None:
        data = ffi.buffer(left.data, left.bytes)[:]
        if not left.plain:
            self._protocol.datagram_received(data, _address(ffi.buffer(left.address)[:]))
        elif self._secured is not None:
            self._secured.unprotected(data, left.at)

    def _report(self, fault: Exception) -> None:
        self._loop.call_exception_handler({"message": "What came could not be taken.", "exception": fault})


class _Round:
    """The ports whose datagrams wait for a tick."""

    def __init__(self) -> None:
        self._ports: list[Port] = []
        self._array = ffi.new("port *[]", 0)
        self._at, self._came = ffi.new("uint32_t *"), ffi.new("int *")

    def take(self, port: Port, paced: bool) -> None:
        """Add one, or leave it out."""
        self._ports = [other for other in self._ports if other is not port] + [port] * paced
        self._array = ffi.new("port *[]", [other.cdata for other in self._ports])

    def read(self) -> None:
        """Take what has come, of all of them."""
        ports, array, self._at[0] = self._ports, self._array, 0
        while self._at[0] < len(ports):
            count = lib.ports_read(array, len(ports), self._at, _lefts, self._came)
            if self._at[0] == len(ports):
                return
            port = ports[self._at[0]]
            if self._came[0] == lib.BATCH:
                port.pace(False)  # more than sound: it must not wait
            port.take(count)
            self._at[0] += 1


_round = _Round()
read_paced: Callable[[], None] = _round.read
"""Take what has come on the ports that wait for a tick."""

flush: Callable[[], None] = lib.ports_flush if lib is not None else lambda: None
"""Send what was put, of all ports."""


def take_over(protocol: aioice.ice.StunProtocol) -> None:
    """Replace a socket that the loop has just opened by one that the fast path reads, on a port of its own.

    A duplicate of the loop's own would be less, but closing a descriptor does not take it out of epoll while another
    one refers to the same socket (epoll(7), question 6).
    """
    candidate = protocol.local_candidate
    if lib is None or candidate.type != "host":
        return
    family = socket.AF_INET6 if ":" in candidate.host else socket.AF_INET
    endpoint = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        endpoint.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        endpoint.bind((candidate.host, 0))
    except OSError:  # no more ports: the loop's own serves as well
        endpoint.close()
        return
    opened = protocol.transport
    opened.set_protocol(asyncio.DatagramProtocol())
    opened.abort()
    candidate.port = endpoint.getsockname()[1]
    protocol.transport = Port(endpoint, protocol)


def _sockaddr(peer: tuple[str, int]) -> bytes:
    host, number = peer
    port = socket.htons(number)
    if ":" in host:
        return struct.pack("=HHL16sL", socket.AF_INET6, port, 0, socket.inet_pton(socket.AF_INET6, host), 0)
    return struct.pack("=HH4s8x", socket.AF_INET, port, socket.inet_pton(socket.AF_INET, host))


def _address(raw: bytes) -> tuple[str, int]:
    family, port = struct.unpack_from("=HH", raw)
    if family == socket.AF_INET6:
        return socket.inet_ntop(socket.AF_INET6, raw[8:24]), socket.ntohs(port)
    return socket.inet_ntop(socket.AF_INET, raw[4:8]), socket.ntohs(port)
