"""A simulated participant against a plain echo made of the library's own parts: no server of ours in between."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from media.engine import simulated_echo
from media.engine.addresses import offering
from media.engine.simulated import LOOPBACK, NotConnectedError, SimulatedPeer
from media.engine.simulated_camera import LoopedCamera, card_clip
from media.engine.simulated_microphone import RATE_HZ, record, silence

WIDTH, HEIGHT, SOURCE = 320, 256, 9


class Echo:
    """Answers an offer and sends back what it gets."""

    def __init__(self) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.pc.on("track", self._send_back)

    def _send_back(self, track: MediaStreamTrack) -> None:
        self.pc.addTrack(track)

    async def answer(self, offer: str) -> str:
        await self.pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        with offering(LOOPBACK):
            await self.pc.setLocalDescription(await self.pc.createAnswer())
        return str(self.pc.localDescription.sdp)


@pytest_asyncio.fixture
async def echo() -> AsyncIterator[Echo]:
    echo = Echo()
    yield echo
    await echo.pc.close()


@pytest_asyncio.fixture
async def peer(echo: Echo) -> AsyncIterator[SimulatedPeer]:
    peer = SimulatedPeer(
        camera=LoopedCamera(card_clip(WIDTH, HEIGHT, SOURCE)),
        microphone=record(simulated_echo.loop()),
        addresses=LOOPBACK,
    )
    await peer.accept(await echo.answer(await peer.offer()))
    yield peer
    await peer.close()


async def test_own_picture_and_sound_come_back_measured(peer: SimulatedPeer) -> None:
    picture, sound, microphone, camera = peer.picture, peer.sound, peer.microphone, peer.camera
    assert picture is not None
    assert sound is not None
    assert microphone is not None
    assert camera is not None
    sighting = await picture.seen(lambda sighting: sighting.source == SOURCE, 5.0)
    assert (sighting.width, sighting.height) == (WIDTH, HEIGHT)
    assert sighting.stretch == pytest.approx(1.0, abs=0.02)
    picture.begin()
    heard = await sound.heard(4.0, 6.0)
    assert sound.longest_gap_s(sound.position - heard.size) < 0.1
    assert picture.frames_per_s() >= 24
    assert picture.longest_freeze_s() < 0.5
    assert picture.black_frames == 0
    echo = simulated_echo.listen(sound, microphone)
    assert echo.level_db == pytest.approx(0.0, abs=1.5)
    assert echo.delay_s is not None
    assert 0.03 < echo.delay_s < 0.5
    last = picture.last
    assert last is not None
    assert last.number is not None
    sent_s = camera.sent_before_s(last.number, last.at_s)
    assert sent_s is not None
    assert 0.0 < last.at_s - sent_s < 0.5
    figures = await peer.figures()
    assert figures.audio_lost == figures.video_lost == 0
    assert figures.audio_received > 150


async def test_held_media_stops_and_goes_on(peer: SimulatedPeer) -> None:
    assert peer.picture is not None
    assert peer.sound is not None
    await peer.picture.seen(lambda sighting: sighting.source == SOURCE, 5.0)
    peer.hold()
    before = await peer.figures()
    with pytest.raises(TimeoutError):
        await peer.sound.heard(1.0, 1.0)
    after = await peer.figures()
    assert after.audio_sent <= before.audio_sent + 1
    assert peer.state == "connected"
    peer.go()
    assert (await peer.sound.heard(0.5, 3.0)).size
    await peer.picture.seen(lambda sighting: sighting.source == SOURCE, 3.0)


async def test_close_survives_being_cancelled(peer: SimulatedPeer) -> None:
    first = asyncio.create_task(peer.close())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait_for(peer.close(), 5.0)
    assert peer.state == "closed"


async def test_peer_that_is_never_answered_says_so() -> None:
    peer = SimulatedPeer(video=None, microphone=silence(), addresses=LOOPBACK, connect_s=0.2)
    offer = await peer.offer()
    assert "127.0.0.1" in offer
    assert "m=video" not in offer
    with pytest.raises(NotConnectedError):
        await peer.connected()
    await peer.close()


async def test_unusable_answer_is_not_connected() -> None:
    peer = SimulatedPeer(audio=None, video="recvonly", addresses=LOOPBACK)
    await peer.offer()
    with pytest.raises(NotConnectedError):
        await peer.accept("v=0\r\n")
    await peer.close()


def test_sound_loop_has_no_seam() -> None:
    time_s = np.arange(RATE_HZ) / RATE_HZ
    loop = record((0.1 * np.sin(2 * math.pi * 1000 * time_s)).astype(np.float32))
    assert len(loop.packets) == 50
    assert loop.packet(0) == loop.packet(50)


def test_sound_that_is_no_whole_packet_is_refused() -> None:
    with pytest.raises(ValueError, match="960"):
        record(np.zeros(961, np.float32))
