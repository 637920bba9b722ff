"""The engine with real peers: H.264 goes as it is to who takes it, is made VP8 for others, and changes in one call."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiortc.rtp import RtpPacket

from media.engine.door import Answered, Connect, Show, Survey, Surveyed, View
from media.engine.local import LocalEngine
from media.engine.simulated import LOOPBACK, SimulatedPeer
from media.engine.simulated_camera import Clip, LoopedCamera, card_clip
from media.engine.simulated_picture import Sighting
from media.h264 import IDR, PPS, SPS, begun, joined, kind_of, units
from tests.support.tap import CONSTRAINED_TYPE, VP8_TYPE, Tap

pytestmark = pytest.mark.usefixtures("way")
PLACE, SOURCE, SENT, SCREEN = "booth-1", 11, (320, 256), (640, 512)
H264, BOTH = ("h264",), ("vp8", "h264")
SETS = (SPS, PPS)


def card() -> Clip:
    return card_clip(*SENT, SOURCE, codec="h264")


def without_sets(clip: Clip) -> tuple[Clip, str]:
    """The clip as of an encoder that says its sets in the offer only, and what it says there."""
    found = [units(frame.payload) for frame in clip.frames]
    sets = {kind_of(unit): unit for unit in found[0] if kind_of(unit) in SETS}
    frames = tuple(
        replace(frame, payload=joined(unit for unit in each if kind_of(unit) not in SETS))
        for frame, each in zip(clip.frames, found, strict=True)
    )
    said = ",".join(base64.b64encode(sets[kind]).decode() for kind in SETS)
    return replace(clip, frames=frames), f";sprop-parameter-sets={said}"


class Room:
    """An engine, an encoder that publishes H.264, and viewers that come when they like."""

    def __init__(self) -> None:
        self.engine = LocalEngine(LOOPBACK)
        self.peers: list[SimulatedPeer] = []
        self.views: dict[str, View] = {}

    async def publish(self, clip: Clip, sprop: str = "") -> Tap:
        peer = SimulatedPeer(audio=None, video="sendonly", camera=LoopedCamera(clip), addresses=LOOPBACK)
        return await self._join("A", peer, "sendonly", sprop)

    async def view(self, seat: str, takes: tuple[str, ...], *, exact: bool = False) -> tuple[Any, Tap]:
        peer = SimulatedPeer(audio=None, video="recvonly", takes=takes, addresses=LOOPBACK)
        tap = await self._join(seat, peer, "recvonly")
        await self.show(seat, SCREEN, exact=exact)
        return peer.picture, tap

    async def show(self, seat: str, screen: tuple[int, int], *, exact: bool = False) -> None:
        self.views[seat] = View(seat, "A", *screen, "fit", exact=exact)
        await self.engine.perform(Show(PLACE, tuple(self.views.values())))

    async def counted(self) -> dict[str, float]:
        outcome = await self.engine.perform(Survey())
        assert isinstance(outcome, Surveyed)
        return next(place.counts for place in outcome.places if place.place == PLACE)

    async def close(self) -> None:
        for peer in self.peers:
            await peer.close()
        await self.engine.close()

    async def _join(self, seat: str, peer: SimulatedPeer, video: str, sprop: str = "") -> Tap:
        self.peers.append(peer)
        offer = re.sub(r"profile-level-id=42(..)1f", rf"\g<0>{sprop}", await peer.offer())
        outcome = await self.engine.perform(Connect(PLACE, seat, 1, None, video, offer, loopback_candidates=True))
        assert isinstance(outcome, Answered)
        await peer.accept(outcome.sdp)
        return Tap().on(peer)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    one = Room()
    yield one
    await one.close()


def sees(width: int, height: int) -> Any:
    def fits(sight: Sighting) -> bool:
        return (sight.source, sight.width, sight.height) == (SOURCE, width, height)

    return fits


def payloads(packets: list[RtpPacket]) -> set[bytes]:
    """Of H.264, but for parameter sets that were put in front."""
    return {packet.payload for packet in packets if not only_sets(packet.payload)}


def only_sets(payload: bytes) -> bool:
    return {kind_of(unit) for unit in begun(payload)} == set(SETS)


def assert_unbroken(packets: list[RtpPacket]) -> None:
    assert len({packet.ssrc for packet in packets}) == 1
    first = packets[0].sequence_number
    packets = sorted(packets, key=lambda packet: (packet.sequence_number - first) & 0xFFFF)
    assert [packet.sequence_number for packet in packets] == [(first + at) & 0xFFFF for at in range(len(packets))]
    stamps = list(dict.fromkeys(packet.timestamp for packet in packets))
    steps = [(later - one) & 0xFFFFFFFF for one, later in itertools.pairwise(stamps)]
    assert 0 < min(steps) <= max(steps) < 10 * 90_000


async def test_who_takes_h264_gets_every_unit_as_it_was_sent_and_nothing_is_made(room: Room) -> None:
    sent = await room.publish(card())
    picture, seen = await room.view("B", H264)
    await picture.seen(sees(*SENT), 10)
    got = await seen.receives(60)
    assert {packet.payload_type for packet in got} == {CONSTRAINED_TYPE}
    assert payloads(got) <= {packet.payload for packet in sent.sent}
    assert len(payloads(got)) > 30
    counts = await room.counted()
    assert counts["forwarded"] > 60
    assert (counts["decoded"], counts["encoded"]) == (0, 0)
    assert room.engine._transcoding.processes == []
    assert_unbroken(seen.received)


async def test_who_does_not_gets_vp8_that_is_made_and_both_at_once_both(room: Room) -> None:
    sent = await room.publish(card())
    old, of_old = await room.view("C", ())
    await old.seen(sees(*SCREEN), 20)
    assert {packet.payload_type for packet in of_old.received} == {VP8_TYPE}
    new, of_new = await room.view("B", BOTH)
    await new.seen(sees(*SENT), 10)
    await old.seen(sees(*SCREEN), 10)
    got = await of_new.receives(30)
    assert payloads(got) <= {packet.payload for packet in sent.sent}
    assert {packet.payload_type for packet in await of_old.receives(10)} == {VP8_TYPE}
    assert (await room.counted())["decoded"] > 0
    for tap in (of_old, of_new):
        assert_unbroken(tap.received)


async def test_forwarded_h264_and_made_vp8_change_at_key_frames_in_one_stream_without_a_break(room: Room) -> None:
    await room.publish(card())
    picture, seen = await room.view("B", BOTH)
    for exact, size, kind in ((False, SENT, CONSTRAINED_TYPE), (True, SCREEN, VP8_TYPE)) * 2:
        await room.show("B", SCREEN, exact=exact)
        await picture.seen(sees(*size), 20)
        assert {packet.payload_type for packet in await seen.receives(5)} == {kind}
    await room.show("B", SENT, exact=True)
    await picture.seen(sees(*SENT), 10)
    assert {packet.payload_type for packet in await seen.receives(5)} == {CONSTRAINED_TYPE}, "exactly its pixels"
    await room.show("B", (160, 128))
    await picture.seen(sees(160, 128), 20)
    assert {packet.payload_type for packet in await seen.receives(5)} == {VP8_TYPE}, "too large for its screen"
    assert_unbroken(seen.received)


async def test_what_is_lost_on_either_line_is_sent_again_in_the_formats_own_retransmissions(room: Room) -> None:
    sent = await room.publish(card())
    picture, seen = await room.view("B", H264)
    await picture.seen(sees(*SENT), 10)
    sent.loses = "out"
    await sent.until_again(3)
    sent.loses = ""
    await seen.receives(20)
    assert sent.lost
    assert payloads(sent.lost) <= payloads(seen.received)
    assert_unbroken(seen.received)
    asked = len(sent.again)
    seen.loses = "in"
    await seen.until_again(3)
    assert {packet.payload_type for packet in seen.again} == {CONSTRAINED_TYPE + 1}
    assert len(sent.again) == asked, "its source is not asked for what the server has"


async def test_who_comes_late_begins_with_sets_and_key_frame_though_the_encoder_said_the_sets_in_its_offer_only(
    room: Room,
) -> None:
    clip, sprop = without_sets(card())
    sent = await room.publish(clip, sprop)
    first, _ = await room.view("B", H264)
    await first.seen(sees(*SENT), 10)
    late, seen = await room.view("C", H264)
    await late.seen(sees(*SENT), 10)
    await seen.receives(90)
    assert not any(only_sets(packet.payload) for packet in sent.sent)
    opening, *rest = seen.received
    assert only_sets(opening.payload)
    assert IDR in {kind_of(unit) for unit in begun(rest[0].payload)}
    assert opening.timestamp == rest[0].timestamp
    keys = [at for at, one in enumerate(rest) if IDR in {kind_of(unit) for unit in begun(one.payload)}]
    assert len(keys) > 1
    assert all(only_sets(rest[at - 1].payload) for at in keys[1:]), "each of its key frames has them, for decoders anew"
    assert (await room.counted())["decoded"] == 0
    assert_unbroken(seen.received)


async def test_an_encoder_that_is_replaced_by_a_page_goes_on_as_vp8_in_the_same_stream(room: Room) -> None:
    await room.publish(card())
    picture, seen = await room.view("B", BOTH)
    await picture.seen(sees(*SENT), 10)
    page = SimulatedPeer(
        audio=None, video="sendonly", camera=LoopedCamera(card_clip(*SCREEN, SOURCE)), addresses=LOOPBACK
    )
    room.peers.append(page)
    outcome = await room.engine.perform(Connect(PLACE, "A", 2, None, "sendonly", await page.offer(), True))
    assert isinstance(outcome, Answered)
    await page.accept(outcome.sdp)
    await picture.seen(sees(*SCREEN), 10)
    assert {packet.payload_type for packet in await seen.receives(5)} == {VP8_TYPE}
    assert (await room.counted())["decoded"] == 0, "forwarded both times"
    assert_unbroken(seen.received)


async def test_a_room_that_sends_vp8_is_answered_with_both_and_sees_h264(room: Room) -> None:
    sent = await room.publish(card())
    peer = SimulatedPeer(audio=None, camera=LoopedCamera(card_clip(160, 128, 12)), takes=BOTH, addresses=LOOPBACK)
    tap = await room._join("B", peer, "sendrecv")
    await room.show("B", SCREEN)
    assert peer.picture is not None
    await peer.picture.seen(sees(*SENT), 10)
    assert {packet.payload_type for packet in tap.sent} == {VP8_TYPE}, "what stands first in the answer"
    assert payloads(await tap.receives(20)) <= {packet.payload for packet in sent.sent}


async def test_a_receiver_that_takes_less_than_the_stream_needs_is_made_vp8(room: Room) -> None:
    await room.publish(card())
    peer = SimulatedPeer(audio=None, video="recvonly", takes=BOTH, addresses=LOOPBACK)
    room.peers.append(peer)
    offer = (await peer.offer()).replace("42e01f", "42e00a").replace("42001f", "42000a")  # level 1.0: 176x144
    outcome = await room.engine.perform(Connect(PLACE, "B", 1, None, "recvonly", offer, True))
    assert isinstance(outcome, Answered)
    assert "profile-level-id=42e00a" in outcome.sdp
    await peer.accept(outcome.sdp)
    tap = Tap().on(peer)
    await room.show("B", SCREEN)
    assert peer.picture is not None
    await peer.picture.seen(sees(*SCREEN), 20)
    await tap.receives(10)
    assert {packet.payload_type for packet in tap.received} == {VP8_TYPE}


async def test_a_page_may_send_h264_after_all_since_both_were_agreed_upon(room: Room) -> None:
    peer = SimulatedPeer(audio=None, video="sendrecv", camera=LoopedCamera(card()), takes=("vp8",), addresses=LOOPBACK)
    room.peers.append(peer)
    outcome = await room.engine.perform(Connect(PLACE, "A", 1, None, "sendrecv", await peer.offer(), True))
    assert isinstance(outcome, Answered)
    assert "SAVPF 97 98 101 102" in outcome.sdp, "VP8 first"
    (line,) = peer._pc.getTransceivers()
    line.setCodecPreferences(sorted(line._preferred_codecs, key=lambda codec: codec.mimeType != "video/H264"))
    await peer.accept(outcome.sdp)
    sent = Tap().on(peer)
    picture, seen = await room.view("B", BOTH)
    await picture.seen(sees(*SENT), 10)
    assert payloads(await seen.receives(30)) <= {packet.payload for packet in sent.sent}
    assert {packet.payload_type for packet in seen.received} == {CONSTRAINED_TYPE}
    assert (await room.counted())["decoded"] == 0
