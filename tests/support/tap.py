"""What a simulated peer sends and receives of pictures, packet by packet, and a line that loses some of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiortc.rtp import RtpPacket, is_rtcp

from media.engine.simulated import SimulatedPeer

VP8_TYPE, BASELINE_TYPE, CONSTRAINED_TYPE = 97, 99, 101  # the library's own numbers in its offers
PICTURE_TYPES = (VP8_TYPE, BASELINE_TYPE, CONSTRAINED_TYPE)
AGAIN_TYPES = tuple(kind + 1 for kind in PICTURE_TYPES)
LOSE_EACH = 25


@dataclass
class Tap:
    """The packets of pictures that a peer sent and received, in the clear."""

    sent: list[RtpPacket] = field(default_factory=list)
    received: list[RtpPacket] = field(default_factory=list)
    again: list[RtpPacket] = field(default_factory=list)
    """Retransmissions, sent or received."""
    lost: list[RtpPacket] = field(default_factory=list)
    loses: str = ""
    """Which way each 25th packet of a picture is lost: `out`, `in` or neither."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def on(self, peer: SimulatedPeer) -> Tap:
        transport: Any = peer._pc.getSenders()[0].transport
        send, take = transport._send_rtp, transport._handle_rtp_data

        async def sending(data: bytes) -> None:
            if self._passes("out", self.sent, data):
                await send(data)

        async def taking(data: bytes, arrival_time_ms: int) -> None:
            if self._passes("in", self.received, data):
                await take(data, arrival_time_ms)

        transport._send_rtp, transport._handle_rtp_data = sending, taking
        return self

    def _passes(self, way: str, kept: list[RtpPacket], data: bytes) -> bool:
        """Note a packet; False for one that is lost."""
        if is_rtcp(data):
            return True
        packet = RtpPacket.parse(data)
        if packet.payload_type in AGAIN_TYPES and len(packet.payload) > 2:
            self.again.append(packet)
        elif packet.payload_type in PICTURE_TYPES:
            if self.loses == way and packet.sequence_number % LOSE_EACH == 0:
                self.lost.append(packet)
                return False
            kept.append(packet)
        self._changed.set()
        return True

    async def until_again(self, packets: int) -> None:
        """Wait until so many packets were lost and all of them repeated."""
        async with asyncio.timeout(15):
            while len(self.lost) < packets or not set(map(repeated, self.lost)) <= {
                packet.payload for packet in self.again
            }:
                self._changed.clear()
                await self._changed.wait()

    async def receives(self, packets: int) -> list[RtpPacket]:
        """So many more packets from now on."""
        start = len(self.received)
        async with asyncio.timeout(10):
            while len(self.received) < start + packets:
                self._changed.clear()
                await self._changed.wait()
        return self.received[start:]


def repeated(packet: RtpPacket) -> bytes:
    """What its retransmission carries (RFC 4588 section 4)."""
    return packet.sequence_number.to_bytes(2, "big") + packet.payload
