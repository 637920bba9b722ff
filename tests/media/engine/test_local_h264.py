"""Equipment that publishes H.264 to the engine: a viewer gets it as VP8, whole, in its shape, and soon again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from media.engine.door import Answered, Connect, Disconnect, Done, Measure, Measured, Refused, Show, View
from media.engine.local import LocalEngine
from media.engine.simulated import LOOPBACK, SimulatedPeer
from media.engine.simulated_camera import Clip, Frame, LoopedCamera, card_clip
from media.h264 import START_CODE

PLACE = "booth-1"
WIDTH, HEIGHT = 320, 256
CAMERA, PAGE, LARGE = 11, 12, 13


class Equipment:
    """An encoder in a box: plays what it is given, and a key frame once a second whatever it is asked."""

    frames_per_s = 30
    codec = "h264"

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.instead: list[bytes] = []
        self.spent = asyncio.Event()
        self._index = 0

    def turn_to(self, clip: Clip) -> None:
        self.clip, self._index = clip, 0

    async def next(self, key_wanted: bool) -> Frame:
        frame = self.clip.frames[self._index % len(self.clip.frames)]
        self._index += 1
        if self.instead:
            return Frame(self.instead.pop(), None)
        self.spent.set()
        return frame


def h264_card(width: int, height: int, source: int) -> Clip:
    return card_clip(width, height, source, codec="h264")


async def connect(engine: LocalEngine, seat: str, peer: SimulatedPeer, video: str, generation: int = 1) -> str:
    offer = await peer.offer()
    outcome = await engine.perform(Connect(PLACE, seat, generation, None, video, offer, True))
    assert isinstance(outcome, Answered), outcome
    await peer.accept(outcome.sdp)
    return outcome.sdp


@asynccontextmanager
async def watched(equipment: Equipment) -> AsyncIterator[tuple[LocalEngine, SimulatedPeer, SimulatedPeer, str]]:
    """An engine with equipment that publishes and a screen that shows it; and the answer that the equipment got."""
    engine = LocalEngine(LOOPBACK)
    sending = SimulatedPeer(audio=None, video="sendonly", camera=equipment, addresses=LOOPBACK)
    screen = SimulatedPeer(audio=None, video="recvonly", addresses=LOOPBACK)
    try:
        answer = await connect(engine, "A", sending, "sendonly")
        await connect(engine, "B", screen, "recvonly")
        assert await engine.perform(Show(PLACE, (View("B", "A", 640, 512, "fit"),))) == Done()
        yield engine, sending, screen, answer
    finally:
        for peer in (sending, screen):
            await peer.close()
        await engine.close()


async def figures(engine: LocalEngine) -> Measured:
    measured = await engine.perform(Measure(PLACE))
    assert isinstance(measured, Measured)
    return measured


async def sees(screen: SimulatedPeer, source: int, timeout_s: float = 10.0) -> Any:
    assert screen.picture is not None
    return await screen.picture.seen(lambda sighting: sighting.source == source, timeout_s)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("obs", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f;"),
        ("gstreamer", "packetization-mode=1;profile-level-id=640020;"),
    ],
)
async def test_offers_of_real_equipment_are_answered_in_their_own_words(name: str, said: str) -> None:
    path = Path(__file__).parent.parent / "sdp" / f"{name}-offer.sdp"
    lines = path.read_text(encoding="utf-8").splitlines()
    offer = "".join(f"{line}\r\n" for line in lines if not line.startswith("a=candidate"))
    engine = LocalEngine(LOOPBACK)
    refused = await engine.perform(Connect(PLACE, "A", 1, "sendrecv", "sendrecv", offer, True))
    outcome = await engine.perform(Connect(PLACE, "A", 1, "sendonly", "sendonly", offer, True))
    await engine.close()
    assert isinstance(refused, Refused), "a room is not equipment"
    assert isinstance(outcome, Answered), outcome
    assert f"a=fmtp:96 {said}" in outcome.sdp
    assert " UDP/TLS/RTP/SAVPF 96\r\n" in outcome.sdp
    assert outcome.sdp.count("a=setup:passive\r\n") == outcome.sdp.count("a=recvonly\r\n") == 2


async def test_a_picture_in_h264_arrives_at_exactly_the_pixels_that_are_wanted_and_unstretched() -> None:
    equipment = Equipment(h264_card(WIDTH, HEIGHT, CAMERA))
    async with watched(equipment) as (engine, _, screen, answer):
        assert answer.count("a=rtpmap:") == 2, "one format and its retransmissions"
        assert "a=setup:passive" in answer
        seen = await sees(screen, CAMERA)
        assert (seen.width, seen.height) == (640, 512)
        assert seen.stretch == pytest.approx(1.0, abs=0.02)
        assert [(one.width, one.height) for one in (await figures(engine)).streams if one.seat == "A"] == [
            (WIDTH, HEIGHT)
        ]

        equipment.turn_to(h264_card(640, 360, LARGE))
        seen = await sees(screen, LARGE)
        assert (seen.width, seen.height) == (640, 512)
        assert seen.stretch == pytest.approx(1.0, abs=0.02)
        assert seen.card_height == pytest.approx(360, abs=4)
        assert [(one.width, one.height) for one in (await figures(engine)).streams if one.seat == "A"] == [(640, 360)]


async def test_garbage_costs_its_picture_and_nothing_else() -> None:
    equipment, chance = Equipment(h264_card(WIDTH, HEIGHT, CAMERA)), random.Random(5)
    async with watched(equipment) as (engine, sending, screen, _):
        await sees(screen, CAMERA)
        assert screen.picture is not None
        equipment.instead = [START_CODE + bytes((kind,)) + chance.randbytes(300) for kind in (0x41, 0x65, 0x67, 0x78)]
        equipment.spent.clear()
        await equipment.spent.wait()
        await asyncio.sleep(0.2)
        screen.picture.begin()
        await sees(screen, CAMERA, 3.0)
        assert screen.picture.longest_freeze_s() < 2.0
        assert sending.state == "connected"
        assert (await figures(engine)).drops["picture_broken"] >= 1


async def test_lost_packets_are_repaired_and_no_half_picture_is_shown() -> None:
    equipment, chance = Equipment(h264_card(WIDTH, HEIGHT, CAMERA)), random.Random(3)
    async with watched(equipment) as (engine, sending, screen, _):
        await sees(screen, CAMERA)
        assert screen.picture is not None
        transport = sending._pc.getSenders()[0].transport
        send, lost = transport._send_rtp, 0

        async def lossy(data: bytes) -> None:
            nonlocal lost
            if not 200 <= data[1] <= 207 and chance.random() < 0.05:  # no report is lost
                lost += 1
            else:
                await send(data)

        transport._send_rtp = lossy  # type: ignore[method-assign]
        screen.picture.begin()
        await asyncio.sleep(3.0)
        assert lost > 5
        assert screen.picture.longest_freeze_s() < 1.5  # a key frame comes once a second, whatever is asked
        assert screen.picture.frames_per_s() > 15
        assert {sighting.source for sighting in screen.picture.sightings} == {CAMERA}, "every picture can be read"
        assert (await figures(engine)).drops["picture_broken"] == 0


async def test_a_room_page_is_replaced_by_equipment_and_the_other_way_round() -> None:
    async with watched(Equipment(h264_card(WIDTH, HEIGHT, CAMERA))) as (engine, first, screen, _):
        await sees(screen, CAMERA)
        page = SimulatedPeer(
            audio=None, video="sendonly", camera=LoopedCamera(card_clip(WIDTH, HEIGHT, PAGE)), addresses=LOOPBACK
        )
        again = SimulatedPeer(
            audio=None, video="sendonly", camera=Equipment(h264_card(640, 360, LARGE)), addresses=LOOPBACK
        )
        try:
            await connect(engine, "A", page, "sendonly", generation=2)
            await sees(screen, PAGE)
            await engine.perform(Disconnect(PLACE, "A", 1))
            await first.close()
            await connect(engine, "A", again, "sendonly", generation=3)
            await sees(screen, LARGE)
        finally:
            await page.close()
            await again.close()
