"""A lean WebRTC peer: the library brings ICE and DTLS up, then whole SRTP packets go straight in and out.

No parsed objects, no tracks, no codecs: what the load costs is its own CPU, which stands beside the server's.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceTransport,
)
from aiortc.sdp import candidate_from_sdp, candidate_to_sdp
from pylibsrtp import Error as SrtpError

from bench.line import Line
from bench.rtp import is_rtcp
from bench.sdp import OPUS, RTX, VP8, Secrets, Way, describe, mirrored, secrets
from media.engine.addresses import offering

CONNECT_S = 15.0
CERTIFICATE = RTCCertificate.generateCertificate()
_ssrcs = itertools.count(0x10000001, 2)

Taken = Callable[[bytes, float], None]
"""What is done with a packet that came: its bytes in clear, and when (monotonic seconds)."""


def way(kind: str, direction: str, mid: str) -> Way:
    """A line of an offer of ours, with SSRCs of its own."""
    ssrc = next(_ssrcs)
    return Way(kind, direction, mid, ssrc, ssrc + 1, OPUS if kind == "audio" else VP8, RTX)


class Peer:
    """One connection, used once: `offer` and `accept`, or `answer`. `lines` do their harm to media, up and down."""

    def __init__(
        self,
        ways: Sequence[Way] = (),
        lines: tuple[Line, Line] | None = None,
        *,
        address: str = "127.0.0.1",
    ) -> None:
        """`address`: the one of this machine's that media come from; packets stay on the machine in any case."""
        self.ways = list(ways)
        self.up: Line | None = lines[0] if lines else None
        self.down: Line | None = lines[1] if lines else None
        self._own_address = address
        self.on_rtp: Taken = lambda data, now: None
        self.on_rtcp: Taken = lambda data, now: None
        self._gatherer = RTCIceGatherer(iceServers=[])
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [CERTIFICATE])
        self._protect: Any = None
        self._unprotect: Any = None
        self._output: Any = None
        self._address: tuple[str, int] = ("", 0)
        self._loop = asyncio.get_running_loop()
        self.fates: dict[int, float | None] | None = None
        """When set to a dict: what the line did to each media packet sent, by its number (None: lost)."""
        self.refused = 0
        """Packets that could not be authenticated."""

    def way(self, kind: str) -> Way | None:
        """The line of that kind."""
        return next((each for each in self.ways if each.kind == kind), None)

    async def offer(self) -> str:
        """SDP of the offer, candidates included."""
        # Before any check can come: the library turns roles round in the middle of one, and nominates nothing then.
        self._ice._connection.ice_controlling = True
        await self._gather()
        return describe(self.ways, self._ours("actpass"))

    async def accept(self, answer: str) -> None:
        """Take the answer's SDP, return when connected; raises ConnectionError or TimeoutError."""
        theirs = secrets(answer)
        await self._connect(theirs, role="client" if theirs.setup == "passive" else "server")

    async def answer(self, offer: str) -> tuple[str, asyncio.Task[None]]:
        """SDP of the answer to an offer, and the task that ends when connected. Its ways are the offer's, turned."""
        for kind, direction, mid, media, rtx, extension in mirrored(offer):
            ssrc = next(_ssrcs)
            self.ways.append(Way(kind, direction, mid, ssrc, ssrc + 1, media, rtx, extension or 2))
        await self._gather()
        said = describe(self.ways, self._ours("active"))
        return said, asyncio.create_task(self._connect(secrets(offer), role="client"))

    def send(self, plain: bytes) -> None:
        """Encrypt an RTP or RTCP packet and give it to the line."""
        if self._output is None:
            return
        secret = self._protect.protect_rtcp(plain) if is_rtcp(plain) else self._protect.protect(plain)
        if self.up is None:
            self._output.sendto(secret, self._address)
            return
        takes_s = self.up.fate()
        if self.fates is not None and not is_rtcp(plain):
            self.fates[int.from_bytes(plain[2:4], "big")] = takes_s
        if takes_s is None:
            return
        if takes_s > 0:
            self._loop.call_later(takes_s, self._put, secret)
        else:
            self._output.sendto(secret, self._address)

    def _put(self, secret: bytes) -> None:
        if self._output is not None:  # closed while the packet was on its way
            self._output.sendto(secret, self._address)

    async def close(self) -> None:
        """Drop the connection."""
        self._output = None
        await self._dtls.stop()
        await self._ice.stop()

    async def _gather(self) -> None:
        with offering((self._own_address,)):
            await self._gatherer.gather()

    def _ours(self, setup: str) -> Secrets:
        parameters = self._gatherer.getLocalParameters()
        prints = [one.value for one in self._dtls.getLocalParameters().fingerprints if one.algorithm == "sha-256"]
        candidates = tuple(f"candidate:{candidate_to_sdp(one)}" for one in self._gatherer.getLocalCandidates())
        assert parameters.usernameFragment is not None
        assert parameters.password is not None
        return Secrets(parameters.usernameFragment, parameters.password, prints[0], setup, candidates)

    async def _connect(self, theirs: Secrets, *, role: str) -> None:
        connection = self._ice._connection
        self._dtls._set_role(role)
        for protocol in connection._protocols:
            self._listen(protocol)
        async with asyncio.timeout(CONNECT_S):
            for candidate in theirs.candidates:
                if " typ host" in candidate and " udp " in candidate.lower():
                    parsed = candidate_from_sdp(candidate.removeprefix("candidate:"))
                    await self._ice.addRemoteCandidate(parsed)
            await self._ice.addRemoteCandidate(None)
            await self._ice.start(RTCIceParameters(theirs.ufrag, theirs.password))
            if self._ice.state != "completed":
                raise ConnectionError(f"ICE is {self._ice.state}")
            await self._dtls.start(RTCDtlsParameters([RTCDtlsFingerprint("sha-256", theirs.fingerprint)]))
        if self._dtls.state != "connected":
            raise ConnectionError(f"DTLS is {self._dtls.state}")
        self._protect, self._unprotect = self._dtls._tx_srtp, self._dtls._rx_srtp
        pair = connection._nominated[1]
        self._output, self._address = pair.protocol.transport, pair.remote_addr

    def _listen(self, protocol: Any) -> None:
        """Take media before aioice looks whether it is STUN; leave STUN and DTLS to the library."""
        library = protocol.datagram_received

        def received(data: bytes, address: Any) -> None:
            if self._unprotect is None or not 128 <= data[0] <= 191:
                library(data, address)
            elif self.down is None:
                self._take(data)
            else:
                takes_s = self.down.fate()
                if takes_s is not None:
                    self._loop.call_later(takes_s, self._take, data)

        protocol.datagram_received = received

    def _take(self, secret: bytes) -> None:
        now = time.monotonic()
        try:
            if is_rtcp(secret):
                self.on_rtcp(self._unprotect.unprotect_rtcp(secret), now)
            else:
                self.on_rtp(self._unprotect.unprotect(secret), now)
        except SrtpError:
            self.refused += 1
