"""One mixer: which connection of a seat counts, and what is left when one goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from av.video.frame import VideoFrame

from media.engine import peer as peer_module
from media.engine.decoding import Decoder
from media.engine.door import COUNTS, QUEUES, Carrying, Connect, Event, Failed, Gain, Levels, Lost, View
from media.engine.opus import Decoder as OpusDecoder
from media.engine.opus import Encoder as OpusEncoder
from media.engine.peer import Peer
from media.engine.place import Place
from media.engine.simulated import LOOPBACK, SimulatedPeer
from media.engine.simulated_camera import LoopedCamera, card_clip
from media.engine.simulated_microphone import silence
from media.engine.vp8 import TIME_BASE, Encoder
from media.sound import FRAME_SAMPLES
from media.testcard import draw, read

WIDTH, HEIGHT = 320, 256


class Line:
    """A transport to nowhere, which keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def _send_rtp(self, data: bytes) -> None:
        self.sent.append(data)


class Booth:
    """A place with connections that were answered and never came up: what arrives on them is handed in here."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.place = Place("booth-1", self._tell, asyncio.get_running_loop().call_soon_threadsafe)
        self._clients: list[SimulatedPeer] = []
        self._ticks = 0

    def _tell(self, event: Event) -> None:
        if not isinstance(event, Levels):
            self.events.append(event)

    async def connect(self, seat: str, generation: int = 1) -> Peer:
        client = SimulatedPeer(
            camera=LoopedCamera(card_clip(320, 180, 1)), microphone=silence(), addresses=LOOPBACK, connect_s=1.0
        )
        self._clients.append(client)
        offer = await client.offer()
        peer = Peer(
            Connect("booth-1", seat, generation, "sendrecv", "sendrecv", offer, True),
            self.place,
            LOOPBACK,
            None,
            2_000_000,
        )
        self.place.add(peer)
        await peer.answer()
        return peer

    def tick(self) -> None:
        self.place.tick(self._ticks)
        self._ticks += 1

    async def close(self) -> None:
        await asyncio.gather(*(peer.close() for peer in self.place.close()))
        for client in self._clients:
            await client.close()


class Camera:
    """Pictures of one source, handed to a peer packet by packet."""

    def __init__(self, peer: Peer, source: int) -> None:
        self._peer, self._source = peer, source
        self._encoder, self._number = Encoder(WIDTH, HEIGHT), 0

    def film(self, pictures: int, key: bool = False) -> None:
        for at in range(pictures):
            picture = VideoFrame.from_ndarray(draw(WIDTH, HEIGHT, self._source, self._number), format="yuv420p")
            picture.pts, picture.time_base = self._number * 3000, TIME_BASE
            if key and at == 0:
                self._encoder = Encoder(WIDTH, HEIGHT)
            for packet in self._encoder.encode(picture, 0.0):
                payload = bytes(packet)
                self._peer.on_picture(
                    self._number, self._number * 3000, True, payload, begins=True, key=not payload[0] & 1
                )
            self._number += 1


class Microphone:
    """A tone, handed to a peer packet by packet."""

    def __init__(self, peer: Peer) -> None:
        self._peer, self._encoder, self._number = peer, OpusEncoder(), 0

    def speak(self, packets: int) -> None:
        for _ in range(packets):
            at = np.arange(FRAME_SAMPLES) + self._number * FRAME_SAMPLES
            tone = (0.2 * np.sin(2 * np.pi * 430 * at / 48_000)).astype(np.float32)
            self._peer.on_sound(self._number, self._number * FRAME_SAMPLES, self._encoder.encode(tone))
            self._number += 1


@pytest.fixture
async def booth() -> AsyncIterator[Booth]:
    booth = Booth()
    yield booth
    await booth.close()


class Screen:
    """What a viewer's page would show."""

    def __init__(self, viewer: Peer) -> None:
        assert viewer.picture_out is not None
        self._track, self._decoder, self._shown = viewer.picture_out, Decoder("vp8"), 0

    async def source(self) -> int | None:
        """The source that can be read in the next picture."""
        async with asyncio.timeout(5):
            packet = await self._track.recv()
        self._shown += 1
        frame = self._decoder.decode(bytes(packet), self._shown)
        assert frame is not None
        plane = frame.planes[0]
        luma = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
        reading = read(luma)
        return None if reading is None else reading.source


def arrive(peer: Peer, source: int) -> tuple[Camera, Microphone]:
    """Let a connection carry: sound and picture have come in."""
    camera, microphone = Camera(peer, source), Microphone(peer)
    camera.film(1)
    microphone.speak(1)
    assert peer.is_carrying
    return camera, microphone


B_SEES_A = (View("B", "A", WIDTH, HEIGHT, "fill"),)
B_HEARS_A = (Gain("B", "A", 0.0, 0.02),)


async def heard(booth: Booth, listener: Peer, microphone: Microphone, ticks: int) -> float:
    """The loudest sample that reaches a listener while somebody speaks for so many ticks."""
    decoder, loudest = OpusDecoder(), 0.0
    assert listener.sound_out is not None
    for _ in range(ticks):
        microphone.speak(1)
        booth.tick()
        packet = await listener.sound_out.recv()
        loudest = max(loudest, float(np.abs(decoder.decode(bytes(packet))).max()))
    return loudest


async def test_when_the_newer_connection_of_a_seat_is_lost_the_older_is_heard_and_seen_again(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer, viewer = await booth.connect("A"), await booth.connect("A", 2), await booth.connect("B")
    arrive(viewer, 9)
    screen = Screen(viewer)
    booth.place.show(B_SEES_A)
    booth.place.route(B_HEARS_A)
    camera, microphone = arrive(older, 11)
    camera.film(1, key=True)
    assert await screen.source() == 11
    newer_camera, newer_microphone = arrive(newer, 22)
    newer_camera.film(1, key=True)
    assert await screen.source() == 22
    assert await heard(booth, viewer, newer_microphone, 20) > 0.1

    monkeypatch.setattr(peer_module, "SILENCE_S", 0.2)
    async with asyncio.timeout(5):
        while Lost("booth-1", "A", 2) not in booth.events:
            microphone.speak(1)
            await asyncio.sleep(0.02)
    monkeypatch.setattr(peer_module, "SILENCE_S", 60.0)
    assert Lost("booth-1", "A", 1) not in booth.events
    assert await heard(booth, viewer, microphone, 20) > 0.1
    camera.film(1)
    camera.film(1, key=True)
    assert await screen.source() == 11


async def test_a_picture_that_takes_over_begins_with_its_key_frame(booth: Booth) -> None:
    older, newer, viewer = await booth.connect("A"), await booth.connect("A", 2), await booth.connect("B")
    arrive(viewer, 9)
    screen = Screen(viewer)
    booth.place.show(B_SEES_A)
    camera, _ = arrive(older, 11)
    camera.film(1, key=True)
    assert await screen.source() == 11
    newer_camera, _ = arrive(newer, 22)  # its first key frame came before its sound, and was not shown
    newer_camera.film(3)
    newer_camera.film(1, key=True)
    assert await screen.source() == 22
    assert viewer.picture_out is not None
    assert viewer.picture_out.dropped == 0


async def test_key_frame_wishes_reach_the_source_once_in_300_ms(booth: Booth) -> None:
    source, viewer, line = await booth.connect("A"), await booth.connect("B"), Line()
    arrive(viewer, 9)
    arrive(source, 11)
    transport: Any = line
    receiver = source._receivers["video"]
    real = receiver.transport
    receiver.setTransport(transport)
    receiver._media_ssrc = 77
    source._asked_at = float("-inf")
    booth.place.show(B_SEES_A)
    for _ in range(50):
        booth.place.key_frame_wanted(viewer)
        await source.ask_key_frame()
    receiver.setTransport(real)
    assert len(line.sent) == 1


async def test_a_connection_that_was_dropped_tells_nothing_and_leaves_nothing(booth: Booth) -> None:
    peer = await booth.connect("A")
    camera, microphone = Camera(peer, 11), Microphone(peer)
    booth.place.drop("A", 1)
    camera.film(1)
    microphone.speak(1)
    assert booth.events == []
    assert booth.place._sources == {}
    await peer.close()


async def test_a_viewer_of_nobody_makes_no_source(booth: Booth) -> None:
    viewer = await booth.connect("B")
    booth.place.show(B_SEES_A)
    arrive(viewer, 9)
    assert set(booth.place._sources) == {"B"}


async def test_a_picture_of_no_size_or_too_large_a_one_is_refused_once_and_not_decoded(booth: Booth) -> None:
    for seat, (width, height) in {"A": (1, 1), "B": (16383, 16383)}.items():
        peer = await booth.connect(seat)
        arrive(peer, 11)
        bomb = (
            bytes([0, 0, 0]) + b"\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + bytes(50)
        )
        for number in range(1, 60):
            peer.on_picture(number, number * 1500, True, bomb, begins=True, key=True)
        failures = [event for event in booth.events if isinstance(event, Failed) and event.seat == seat]
        assert [failure.code for failure in failures] == ["media_failed"]


async def test_counts_outlive_the_connection_they_were_made_on(booth: Booth) -> None:
    peer = await booth.connect("A")
    _, microphone = arrive(peer, 11)
    for _ in range(5):
        microphone.speak(1)
        booth.tick()
    microphone._number += 2  # lost: the second is mended by the packet after it, the first by nothing
    for _ in range(5):
        microphone.speak(1)
        booth.tick()
    before = booth.place.figures()[1]
    assert before["sound_concealed"] >= 1
    assert set(before) == set(QUEUES)
    survey = booth.place.survey()
    assert set(survey.counts) == set(COUNTS)
    assert survey.delays_s.keys() == {"A"}
    assert 0.0 <= survey.delays_s["A"] <= 0.2
    booth.place.drop("A", 1)
    assert booth.place.figures()[1] == before
    after = booth.place.survey()
    assert (after.counts, after.drops, after.delays_s) == (survey.counts, survey.drops, {})
    assert booth.events == [Carrying("booth-1", "A", 1)]
    await peer.close()
