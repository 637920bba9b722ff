"""The protected way of one connection: SRTP datagrams in, before anything waits for them, and out, at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pylibsrtp
from aiortc.rtcdtlstransport import RTCDtlsTransport
from pylibsrtp import ffi  # type: ignore[attr-defined] # its cffi interface: see TOUCHED

from media.engine.flow import Flow, Outlet
from media.engine.port import MOST_FLOWS, Port, flush
from media.engine.session import RtpSession
from media.rtp import HeaderWriter

TOUCHED = {
    "aiortc.rtcdtlstransport.RTCDtlsTransport": ("_rx_srtp", "_tx_srtp"),
    "aiortc.rtcicetransport.RTCIceTransport": ("_connection",),
    "aioice.ice.Connection": ("data_received", "_nominated", "_queue"),
    "aioice.ice.StunProtocol": ("transport",),
    "pylibsrtp": ("ffi",),
    "pylibsrtp.Session": ("_cdata", "_buffer"),
}
"""What is used here below the libraries' public surface."""

FIRST_RTP_BYTE, LAST_RTP_BYTE = 128, 191  # RFC 7983 section 7
FIRST_DTLS_BYTE, LAST_DTLS_BYTE = 20, 63  # likewise
FIRST_RTCP_TYPE, LAST_RTCP_TYPE = 192, 223  # RFC 5761 section 4
MOST_SSRCS = 32
"""Of a connection in all its life: libsrtp keeps each for ever, and looks through all of them for a new one."""
SHORTEST_DATAGRAM = 12
"""Bytes: an RTP header; a protected RTCP packet is longer."""
LONGEST_DATAGRAM = 1500
"""Bytes: pylibsrtp's buffer, and Ethernet's."""
ROOM = 2048
"""Bytes for what is sent: pylibsrtp takes 1356 and no more, and some sources send packets of 1400 that we forward."""
MOST_WAITING = 64
"""Datagrams for DTLS: a handshake has a dozen. What the library has not taken yet waits there; more are dropped."""


class SrtpWire:
    """The protected way of one connection: datagrams in, before anything waits for them, and out, at once."""

    def __init__(self, transport: RTCDtlsTransport, session: RtpSession) -> None:
        self.received_bytes = self.sent_bytes = 0
        self.refused = 0
        """Datagrams that could not be unprotected or protected, or that nobody took in time."""
        self._transport = transport
        self._session = session
        self._out: pylibsrtp.Session | None = None
        self._loop = asyncio.get_running_loop()
        self._ssrcs: set[bytes] = set()  # MOST_SSRCS
        self._leaving: list[bytes] = []  # what one turn of the loop brings: 32 datagrams a socket, or one tick
        self._pair: object = None
        self._port: Port | None = None
        self._ports: list[Port] = []  # those of all pairs that were nominated
        self._flushing = False
        self._flows: list[Flow] = []
        self._outlets: list[Outlet] = []
        self._ice = transport.transport._connection
        self._library: Callable[[bytes, int], None] = self._ice.data_received
        self._ice.data_received = self._datagram  # type: ignore[method-assign]

    def _datagram(self, data: bytes, component: int) -> None:
        self.received_bytes += len(data)
        if FIRST_RTP_BYTE <= data[0] <= LAST_RTP_BYTE:
            self._protected(data)
        elif FIRST_DTLS_BYTE <= data[0] <= LAST_DTLS_BYTE and self._ice._queue.qsize() < MOST_WAITING:
            self._library(data, component)
        else:
            self.refused += 1

    def _protected(self, data: bytes) -> None:
        session: pylibsrtp.Session | None = self._transport._rx_srtp
        if session is None or not SHORTEST_DATAGRAM <= len(data) <= LONGEST_DATAGRAM:
            self.refused += 1
            return
        now, control = time.monotonic(), FIRST_RTCP_TYPE <= data[1] <= LAST_RTCP_TYPE
        ssrc = data[4:8] if control else data[8:12]
        if ssrc not in self._ssrcs and len(self._ssrcs) >= MOST_SSRCS:
            self.refused += 1
            return
        try:
            plain = session.unprotect_rtcp(data) if control else session.unprotect(data)
        except pylibsrtp.Error:  # damaged, forged, or the same once more
            self.refused += 1
            return
        self._ssrcs.add(ssrc)
        if self._port is not None:
            self._fast()
        self._session.tell()  # in order
        if control:
            self._session.rtcp(plain, now)
        else:
            self._session.rtp(plain, now)

    def unprotected(self, data: bytes, now: float) -> None:
        """Take an RTP packet of a stream that is known, in the clear."""
        self.received_bytes += len(data)
        self._session.tell()
        self._session.rtp(data, now)

    @property
    def carried_bytes(self) -> tuple[int, int]:
        """Received and sent so far."""
        came = sum(int(port.cdata.received_bytes) for port in self._ports)
        went = sum(int(port.cdata.sent_bytes) for port in self._ports)
        return self.received_bytes + came, self.sent_bytes + went

    @property
    def all_refused(self) -> int:
        return self.refused + sum(int(port.cdata.refused) for port in self._ports)

    def flow(self, picture: bool, note: Callable[[], None]) -> Flow | None:
        """The fast path of a stream that comes in; None where there is none."""
        port = self._fast()
        if port is None or len(self._flows) == MOST_FLOWS:
            return None
        self._flows.append(Flow(picture, note))
        port.lead(self._flows)
        return self._flows[-1]

    def outlet(self, payload_type: int, ssrc: int, header: HeaderWriter, keeps: bool) -> Outlet | None:
        """Where packets of a stream may leave by themselves; None where there is no fast path. `keeps`: for RTX."""
        port = self._fast()
        if port is None:
            return None
        self._outlets.append(Outlet(port.cdata, payload_type, ssrc, header, keeps))
        return self._outlets[-1]

    def _fast(self) -> Port | None:
        """The port of the nominated pair, once there is one and the keys are known. Browsers nominate anew, too."""
        pair = self._ice._nominated.get(1)
        if pair is None or pair is self._pair:
            return self._port
        keys = self._transport._rx_srtp, self._transport._tx_srtp
        if all(keys):
            self._pair = pair
            transport = pair.protocol.transport
            self._move(transport if isinstance(transport, Port) else None)
            if self._port is not None:
                self._port.secure(self, *keys, pair.remote_addr)
        return self._port

    def pace(self, paced: bool) -> None:
        """Whether what comes waits for the next tick, or is taken at once."""
        if self._port is not None:
            self._port.pace(paced)

    def _move(self, port: Port | None) -> None:
        before, self._port = self._port, port
        if before is port:
            return
        self._session.tell()
        self._flush()  # in order
        if before is not None:
            before.release()
        if port is not None:
            port.lead(self._flows)
            if port not in self._ports:
                self._ports.append(port)
        for outlet in self._outlets:
            outlet.leave_by(None if port is None else port.cdata)

    def send_rtp(self, packet: bytes) -> None:
        """Protect and send one RTP packet; before and after the connection is up it is dropped."""
        if (port := self._fast()) is not None:
            if port.put(packet) and not self._flushing:
                self._flushing = True
                self._loop.call_soon(self._flush_port)
            return
        session = self._outgoing()
        if session is not None:
            try:
                self._send(session.protect(packet))
            except (ValueError, pylibsrtp.Error):  # too long, or sent long ago: no fault of the other viewers
                self.refused += 1

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send one compound RTCP packet; before and after the connection is up it is dropped."""
        session = self._outgoing()
        if session is not None:
            self._leaving.append(session.protect_rtcp(packet))
            self._flush()  # a goodbye would be too late after this turn of the loop

    def _flush_port(self) -> None:
        self._flushing = False
        flush()

    def _outgoing(self) -> pylibsrtp.Session | None:
        session: pylibsrtp.Session | None = self._transport._tx_srtp
        if session is not self._out and session is not None:
            self._out = session
            session._cdata = ffi.new("char[]", ROOM)
            session._buffer = ffi.buffer(session._cdata)
        return session

    def _send(self, data: bytes) -> None:
        if not self._leaving:
            self._loop.call_soon(self._flush)
        self._leaving.append(data)

    def _flush(self) -> None:
        leaving, self._leaving = self._leaving, []
        pair = self._ice._nominated.get(1)
        if pair is not None:
            send, address = pair.protocol.transport.sendto, pair.remote_addr
            for data in leaving:
                send(data, address)
                self.sent_bytes += len(data)
