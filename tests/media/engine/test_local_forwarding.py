"""The engine with real peers: a picture that is forwarded, made, and forwarded again in one call."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import RtpPacket

from media.engine.door import Answered, Carrying, Connect, Event, Show, Survey, Surveyed, View
from media.engine.flow import Passage
from media.engine.local import LocalEngine
from media.engine.showing import Showing
from media.engine.simulated import LOOPBACK, SimulatedPeer
from media.engine.simulated_camera import LoopedCamera, card_clip
from media.engine.simulated_microphone import silence
from media.engine.simulated_picture import Sighting
from media.numbering import PicturePacket
from tests.support.tap import Tap

pytestmark = pytest.mark.usefixtures("way")
PLACE, SOURCE, SENT, SCREEN = "booth-1", 11, (320, 180), (640, 512)


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


@asynccontextmanager
async def two_rooms() -> AsyncIterator[tuple[LocalEngine, SimulatedPeer, Tap, Tap]]:
    """The engine, the room that looks, what the other one sends, and what the one that looks receives."""
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
        yield engine, b, sent, seen
    finally:
        await a.close()
        await b.close()
        await engine.close()


PAGE = Show(PLACE, (View("B", "A", *SCREEN, "fill", exact=False),))
DISPLAY = Show(PLACE, (View("B", "A", *SCREEN, "fill", exact=True),))


def bodies(packets: list[RtpPacket]) -> list[bytes]:
    return [VpxPayloadDescriptor.parse(packet.payload)[1] for packet in packets]


def of_size(width: int, height: int) -> Any:
    def fits(sight: Sighting) -> bool:
        return (sight.source, sight.width, sight.height) == (SOURCE, width, height)

    return fits


async def test_a_picture_is_forwarded_byte_for_byte_made_and_forwarded_again_in_one_call() -> None:
    async with two_rooms() as (engine, viewer, sent, seen):
        assert viewer.picture is not None
        await engine.perform(PAGE)
        await viewer.picture.seen(of_size(*SENT), 10)
        forwarded = await seen.receives(60)
        assert {packet.payload for packet in forwarded} <= {packet.payload for packet in sent.sent}
        assert (await counted(engine))["decoded"] == 0

        await engine.perform(DISPLAY)
        await viewer.picture.seen(of_size(*SCREEN), 10)
        assert not set(bodies(await seen.receives(30))) & set(bodies(sent.sent))
        assert (await counted(engine))["decoded"] > 0

        await engine.perform(PAGE)
        await viewer.picture.seen(of_size(*SENT), 10)
        decoded = (await counted(engine))["decoded"]
        assert set(bodies(await seen.receives(60))) <= set(bodies(sent.sent))
        assert (await counted(engine))["decoded"] <= decoded + 1, "but for the one it was at"

        assert_unbroken(seen.received)


async def test_a_clean_picture_passes_by_itself_but_for_its_key_frames(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, passed = [], []
    packet, passage = Showing.packet, Showing.passage

    def seen_packet(showing: Showing, one: PicturePacket, now: float) -> None:
        taken.append(one)
        packet(showing, one, now)

    def seen_passage(showing: Showing, one: Passage, number: int) -> None:
        passed.extend(one.packets)
        passage(showing, one, number)

    async with two_rooms() as (engine, viewer, _, seen):
        assert viewer.picture is not None
        await engine.perform(PAGE)
        await viewer.picture.seen(of_size(*SENT), 10)
        monkeypatch.setattr(Showing, "packet", seen_packet)
        monkeypatch.setattr(Showing, "passage", seen_passage)
        await seen.receives(200)
        await counted(engine)
        if way == "without":
            assert passed == []
            assert len(taken) >= 200
        else:
            assert len(passed) > 0.9 * (len(taken) + len(passed)) > 100


async def test_what_the_line_to_the_server_loses_is_sent_again_and_missed_by_nobody() -> None:
    async with two_rooms() as (engine, viewer, sent, seen):
        assert viewer.picture is not None
        await engine.perform(PAGE)
        await viewer.picture.seen(of_size(*SENT), 10)
        sent.loses = "out"
        await sent.until_again(4)
        sent.loses = ""
        await seen.receives(10)
        assert set(bodies(sent.lost)) <= set(bodies(seen.received))
        assert_unbroken(seen.received)


async def test_what_the_line_to_a_viewer_loses_is_sent_again_by_the_server() -> None:
    async with two_rooms() as (engine, viewer, sent, seen):
        assert viewer.picture is not None
        await engine.perform(PAGE)
        await viewer.picture.seen(of_size(*SENT), 10)
        asked = len(sent.again)
        seen.loses = "in"
        await seen.until_again(4)
        assert len(sent.again) == asked, "its source is not asked for what the server has"


def assert_unbroken(packets: list[RtpPacket]) -> None:
    assert len({packet.ssrc for packet in packets}) == 1
    first = packets[0].sequence_number
    packets = sorted(packets, key=lambda packet: (packet.sequence_number - first) & 0xFFFF)
    assert [packet.sequence_number for packet in packets] == [(first + at) & 0xFFFF for at in range(len(packets))]
    pictures = {packet.timestamp: VpxPayloadDescriptor.parse(packet.payload)[0].picture_id for packet in packets}
    stamps, ids = list(pictures), list(pictures.values())
    steps = [(later - one) & 0xFFFFFFFF for one, later in itertools.pairwise(stamps)]
    assert 0 < min(steps) <= max(steps) < 10 * 90_000
    assert {(later - one) & 0x7FFF for one, later in itertools.pairwise(ids) if one is not None and later} <= {1}
