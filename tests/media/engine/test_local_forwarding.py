"""The engine with real peers: a picture that is forwarded, made, and forwarded again in one call."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any

from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import RtpPacket, is_rtcp

from media.engine.door import Answered, Carrying, Connect, Event, Show, Survey, Surveyed, View
from media.engine.local import LocalEngine
from media.engine.simulated import LOOPBACK, SimulatedPeer
from media.engine.simulated_camera import LoopedCamera, card_clip
from media.engine.simulated_microphone import silence
from media.engine.simulated_picture import Sighting

PLACE, SOURCE, SENT, SCREEN = "booth-1", 11, (320, 180), (640, 512)
VP8_TYPE = 97  # the library's own number in its offers


@dataclass
class Tap:
    """The packets of pictures that a peer sent and received, in the clear."""

    sent: list[RtpPacket] = field(default_factory=list)
    received: list[RtpPacket] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def on(self, peer: SimulatedPeer) -> Tap:
        transport: Any = peer._pc.getSenders()[0].transport
        send, take = transport._send_rtp, transport._handle_rtp_data

        async def sending(data: bytes) -> None:
            self._note(self.sent, data)
            await send(data)

        async def taking(data: bytes, arrival_time_ms: int) -> None:
            self._note(self.received, data)
            await take(data, arrival_time_ms)

        transport._send_rtp, transport._handle_rtp_data = sending, taking
        return self

    def _note(self, kept: list[RtpPacket], data: bytes) -> None:
        if not is_rtcp(data) and (packet := RtpPacket.parse(data)).payload_type == VP8_TYPE:
            kept.append(packet)
            self._changed.set()

    async def receives(self, packets: int) -> list[RtpPacket]:
        """So many more packets from now on."""
        start = len(self.received)
        async with asyncio.timeout(10):
            while len(self.received) < start + packets:
                self._changed.clear()
                await self._changed.wait()
        return self.received[start:]


async def join(engine: LocalEngine, seat: str, peer: SimulatedPeer) -> Tap:
    outcome = await engine.perform(
        Connect(PLACE, seat, 1, "sendrecv", "sendrecv", await peer.offer(), loopback_candidates=True)
    )
    assert isinstance(outcome, Answered)
    await peer.accept(outcome.sdp)
    return Tap().on(peer)


async def counted(engine: LocalEngine) -> dict[str, float]:
    outcome = await engine.perform(Survey())
    assert isinstance(outcome, Surveyed)
    return next(place.counts for place in outcome.places if place.place == PLACE)


def room() -> SimulatedPeer:
    return SimulatedPeer(camera=LoopedCamera(card_clip(*SENT, SOURCE)), microphone=silence(), addresses=LOOPBACK)


def bodies(packets: list[RtpPacket]) -> list[bytes]:
    return [VpxPayloadDescriptor.parse(packet.payload)[1] for packet in packets]


def of_size(width: int, height: int) -> Any:
    def fits(sight: Sighting) -> bool:
        return (sight.source, sight.width, sight.height) == (SOURCE, width, height)

    return fits


async def test_a_picture_is_forwarded_byte_for_byte_made_and_forwarded_again_in_one_call() -> None:
    engine, a, b = LocalEngine(LOOPBACK), room(), room()
    carrying: set[str] = set()
    both = asyncio.Event()

    def hear(event: Event) -> None:
        if isinstance(event, Carrying):
            carrying.add(event.seat)
            if carrying == {"A", "B"}:
                both.set()

    engine.listen(hear)
    try:
        sent, seen = await join(engine, "A", a), await join(engine, "B", b)
        async with asyncio.timeout(10):
            await both.wait()
        assert b.picture is not None
        page = Show(PLACE, (View("B", "A", *SCREEN, "fill", exact=False),))
        display = Show(PLACE, (View("B", "A", *SCREEN, "fill", exact=True),))

        await engine.perform(page)
        await b.picture.seen(of_size(*SENT), 10)
        forwarded = await seen.receives(60)
        assert {packet.payload for packet in forwarded} <= {packet.payload for packet in sent.sent}
        assert (await counted(engine))["decoded"] == 0

        await engine.perform(display)
        await b.picture.seen(of_size(*SCREEN), 10)
        assert not set(bodies(await seen.receives(30))) & set(bodies(sent.sent))
        decoded = (await counted(engine))["decoded"]
        assert decoded > 0

        await engine.perform(page)
        await b.picture.seen(of_size(*SENT), 10)
        decoded = (await counted(engine))["decoded"]
        assert set(bodies(await seen.receives(60))) <= set(bodies(sent.sent))
        assert (await counted(engine))["decoded"] <= decoded + 1, "but for the one it was at"

        assert_unbroken(seen.received)
    finally:
        await a.close()
        await b.close()
        await engine.close()


def assert_unbroken(packets: list[RtpPacket]) -> None:
    assert len({packet.ssrc for packet in packets}) == 1
    first = packets[0].sequence_number
    assert sorted((packet.sequence_number - first) & 0xFFFF for packet in packets) == list(range(len(packets)))
    pictures = {packet.timestamp: VpxPayloadDescriptor.parse(packet.payload)[0].picture_id for packet in packets}
    stamps, ids = list(pictures), list(pictures.values())
    steps = [(later - one) & 0xFFFFFFFF for one, later in itertools.pairwise(stamps)]
    assert 0 < min(steps) <= max(steps) < 10 * 90_000
    assert {(later - one) & 0x7FFF for one, later in itertools.pairwise(ids) if one is not None and later} <= {1}
