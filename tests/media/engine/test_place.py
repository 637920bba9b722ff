"""One mixer: which connection of a seat counts, and what is left when one goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import RtcpPacket
from aiortc.rtp import RtpPacket as LibraryPacket
from av.video.frame import VideoFrame

from media import carriage
from media.engine import desk, plain_desk
from media.engine.decoding import Decoder
from media.engine.door import COUNTS, QUEUES, Carrying, Connect, Event, Gain, Levels, Lost, PictureRefused, View
from media.engine.line_watch import FLOOR_S
from media.engine.opus import Decoder as OpusDecoder
from media.engine.opus import Encoder as OpusEncoder
from media.engine.peer import Peer
from media.engine.place import Place
from media.engine.receiving import Format, Receiving
from media.engine.sending import Agreed, Sending
from media.engine.simulated import LOOPBACK, SimulatedPeer
from media.engine.simulated_camera import LoopedCamera, card_clip
from media.engine.simulated_microphone import silence
from media.engine.transcoding import Transcoding
from media.engine.vp8 import TIME_BASE, Encoder
from media.errors import LocalError, MediaError
from media.playout import MOST_TICKS
from media.rtp import HeaderWriter, RtpPacket
from media.sound import FRAME_SAMPLES
from media.testcard import draw, read
from media.vp8_rtp import packetise
from tests.support.slow import Slow

WIDTH, HEIGHT = 320, 256


class Line(Slow):
    """A network's edge that keeps what is sent."""

    def __init__(self) -> None:
        self.rtp: list[LibraryPacket] = []
        self.rtcp: list[object] = []
        self.arrived = asyncio.Event()

    def send_rtp(self, packet: bytes) -> None:
        self.rtp.append(LibraryPacket.parse(packet))
        self.arrived.set()

    def send_rtcp(self, packet: bytes) -> None:
        self.rtcp += RtcpPacket.parse(packet)


def wired(sending: Sending | None) -> Line:
    """Have a stream's packets kept, as if its connection were up."""
    assert sending is not None
    line = Line()
    sending.start(line, Agreed(96, 0, 1, 0, "us", HeaderWriter()))
    return line


class Booth:
    """A place with connections that were answered and never came up: what arrives on them is handed in here."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.transcoding = Transcoding(cores=64.0)
        self.place = Place("booth-1", self._tell, asyncio.get_running_loop().call_soon, self.transcoding)
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
            (),
            2_000_000,
        )
        self.place.add(peer)
        await peer.answer()
        return peer

    def tick(self) -> None:
        self.place.tick(self._ticks)
        self._ticks += 1

    async def close(self) -> None:
        await asyncio.gather(*(peer.close() for peer in self.place.close()), self.transcoding.close())
        for client in self._clients:
            await client.close()


class Camera:
    """Pictures of one source, handed to a peer packet by packet."""

    def __init__(self, peer: Peer, source: int) -> None:
        self._peer, self._source = peer, source
        self._encoder, self._number, self._sequence = Encoder(WIDTH, HEIGHT), 0, 70_000

    def film(self, pictures: int, key: bool = False) -> None:
        for at in range(pictures):
            picture = VideoFrame.from_ndarray(draw(WIDTH, HEIGHT, self._source, self._number), format="yuv420p")
            picture.pts, picture.time_base = self._number * 3000, TIME_BASE
            if key and at == 0:
                self._encoder = Encoder(WIDTH, HEIGHT)
            for packet in self._encoder.encode(picture, 0.0):
                payloads = list(packetise(bytes(packet), self._number))
                for payload in payloads:
                    last = payload is payloads[-1]
                    arrived = RtpPacket(96, last, self._sequence, self._number * 3000, self._source, payload, None, 0)
                    self._peer.on_packet("vp8", self._sequence, arrived, time.monotonic())
                    self._sequence += 1
            self._number += 1


class Microphone:
    """A tone, handed to a peer packet by packet."""

    def __init__(self, peer: Peer) -> None:
        self._peer, self._encoder, self._number = peer, OpusEncoder(), 0

    def speak(self, packets: int) -> None:
        for _ in range(packets):
            at = np.arange(FRAME_SAMPLES) + self._number * FRAME_SAMPLES
            tone = (0.2 * np.sin(2 * np.pi * 430 * at / 48_000)).astype(np.float32)
            payload, at_sample = self._encoder.encode(tone), self._number * FRAME_SAMPLES
            packet = RtpPacket(111, False, self._number, at_sample, 7, payload, None, len(payload))
            self._peer.on_packet("opus", self._number, packet, time.monotonic())
            self._number += 1


@pytest.fixture
async def booth() -> AsyncIterator[Booth]:
    booth = Booth()
    yield booth
    await booth.close()


class Watched:
    """What a viewer's page would show."""

    def __init__(self, viewer: Peer) -> None:
        assert viewer.screen is not None
        self._line, self._decoder, self._shown, self._at = wired(viewer.screen.sending), Decoder("vp8"), 0, 0

    async def source(self) -> int | None:
        """The source that can be read in the next picture."""
        whole, ended = b"", False
        async with asyncio.timeout(5):
            while not ended:
                packet = await self._next()
                whole += VpxPayloadDescriptor.parse(packet.payload)[1]
                ended = bool(packet.marker)
        self._shown += 1
        frame = self._decoder.decode(whole, self._shown)
        assert frame is not None
        plane = frame.planes[0]
        luma = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
        reading = read(luma)
        return None if reading is None else reading.source

    async def _next(self) -> LibraryPacket:
        while self._at == len(self._line.rtp):
            self._line.arrived.clear()
            await self._line.arrived.wait()
        self._at += 1
        return self._line.rtp[self._at - 1]

    @property
    def unread(self) -> int:
        """Packets that were sent and not looked at."""
        return len(self._line.rtp) - self._at


def arrive(peer: Peer, source: int) -> tuple[Camera, Microphone]:
    """Let a connection carry: sound and picture have come in."""
    camera, microphone = Camera(peer, source), Microphone(peer)
    camera.film(1)
    microphone.speak(1)
    assert peer.is_carrying
    return camera, microphone


B_SEES_A = (View("B", "A", WIDTH, HEIGHT, "fill"),)
B_HEARS_A = (Gain("B", "A", 0.0, 0.02),)


def heard(booth: Booth, listener: Line, microphone: Microphone, ticks: int) -> float:
    """The loudest sample that reaches a listener while somebody speaks for so many ticks."""
    decoder, loudest = OpusDecoder(), 0.0
    for _ in range(ticks):
        microphone.speak(1)
        listener.rtp.clear()
        booth.tick()
        (packet,) = listener.rtp
        loudest = max(loudest, float(np.abs(decoder.decode(packet.payload)).max()))
    return loudest


async def test_when_the_newer_connection_of_a_seat_is_lost_the_older_is_heard_and_seen_again(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer, viewer = await booth.connect("A"), await booth.connect("A", 2), await booth.connect("B")
    arrive(viewer, 9)
    screen = Watched(viewer)
    assert viewer._earphone is not None
    ears = wired(viewer._earphone.sending)
    booth.place.show(B_SEES_A)
    booth.place.route(B_HEARS_A)
    camera, microphone = arrive(older, 11)
    camera.film(1, key=True)
    assert await screen.source() == 11
    newer_camera, newer_microphone = arrive(newer, 22)
    newer_camera.film(1, key=True)
    assert await screen.source() == 22
    assert heard(booth, ears, newer_microphone, 20) > 0.1

    monkeypatch.setattr(carriage, "SILENCE_S", 0.2)
    async with asyncio.timeout(5):
        while Lost("booth-1", "A", 2) not in booth.events:
            microphone.speak(1)
            booth.tick()
            await asyncio.sleep(0.02)
    monkeypatch.setattr(carriage, "SILENCE_S", 60.0)
    assert Lost("booth-1", "A", 1) not in booth.events
    assert heard(booth, ears, microphone, 20) > 0.1
    camera.film(1)
    camera.film(1, key=True)
    assert await screen.source() == 11


class Broken:
    """An encoder of libopus that has broken."""

    def encode(self, _frame: np.ndarray) -> bytes:
        raise LocalError("libopus cannot encode (error -3)")


async def test_a_listener_who_cannot_be_served_keeps_the_meters_from_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "lib", None)
    monkeypatch.setattr(plain_desk, "Encoder", Broken)
    told: list[Event] = []
    booth = Booth()
    booth.place._tell = told.append
    speaker = await booth.connect("A")
    assert speaker._earphone is not None
    wired(speaker._earphone.sending)
    arrive(speaker, 11)
    for tick in range(40):
        with pytest.raises(LocalError):
            booth.place.tick(tick)
    assert sum(isinstance(event, Levels) for event in told) == 4
    await booth.close()


async def test_a_picture_that_takes_over_begins_with_its_key_frame(booth: Booth) -> None:
    older, newer, viewer = await booth.connect("A"), await booth.connect("A", 2), await booth.connect("B")
    arrive(viewer, 9)
    screen = Watched(viewer)
    booth.place.show(B_SEES_A)
    camera, _ = arrive(older, 11)
    camera.film(1, key=True)
    assert await screen.source() == 11
    newer_camera, _ = arrive(newer, 22)  # its first key frame came before its sound, and was not shown
    newer_camera.film(3)
    newer_camera.film(1, key=True)
    assert await screen.source() == 22
    assert screen.unread == 0


async def test_what_passed_by_itself_is_noted_before_another_connection_takes_over(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = await booth.connect("A"), await booth.connect("A", 2)
    camera, _ = arrive(older, 11)
    camera.film(1, key=True)
    source = booth.place._sources["A"]
    heard: list[Peer | None] = []
    monkeypatch.setattr(older, "halt", lambda: heard.append(source.speaker))
    arrive(newer, 22)
    assert heard[0] is older, "what its flow holds would be nobody's"
    assert source.speaker is newer


def filmed(source: Peer) -> tuple[Receiving, Line]:
    """What takes a source's picture, as if its connection were up."""
    line, session = Line(), source._pc.session
    receiving = Receiving("video", source, session.poll_later, 2_000_000)
    session.receive(receiving, line, 9, {96: Format("vp8", 90_000)}, {}, 0)
    return receiving, line


async def test_key_frame_wishes_reach_the_source_once_in_300_ms(booth: Booth) -> None:
    source, viewer = await booth.connect("A"), await booth.connect("B")
    arrive(viewer, 9)
    arrive(source, 11)
    receiving, line = filmed(source)
    receiving.take(RtpPacket(96, True, 5, 0, 77, b"\x10\x01", None, 2), time.monotonic())
    booth.place.show(B_SEES_A)
    for _ in range(50):
        booth.place.key_frame_wanted(viewer)
        source.ask_key_frame()
    assert len(line.rtcp) == 1


async def test_a_picture_that_is_put_together_has_its_key_frame_asked_of_the_source(booth: Booth) -> None:
    source, viewer = await booth.connect("A"), await booth.connect("B")
    arrive(viewer, 9)
    arrive(source, 11)
    receiving, line = filmed(source)
    source.assemble(True)
    receiving.take(RtpPacket(96, True, 5, 0, 77, b"\x10\x01", None, 2), time.monotonic())
    assert len(line.rtcp) == 1, "no viewer's wish reaches the source of a picture that is made"


async def test_a_viewer_of_another_size_gets_it_made_and_goes_on_when_it_fits(booth: Booth) -> None:
    source, viewer = await booth.connect("A"), await booth.connect("B")
    arrive(viewer, 9)
    screen = Watched(viewer)
    booth.place.show((View("B", "A", WIDTH, HEIGHT, "fill", exact=False),))
    camera, _ = arrive(source, 11)
    camera.film(1, key=True)
    assert await screen.source() == 11
    assert booth.place.survey().counts["decoded"] == 0
    booth.place.show((View("B", "A", WIDTH // 2, HEIGHT // 2, "fill", exact=True),))
    camera.film(1, key=True)
    assert await screen.source() == 11
    async with asyncio.timeout(5):  # a picture comes before the word that it is done
        while not booth.place.survey().counts["decoded"]:  # noqa: ASYNC110 (it comes from another process)
            await asyncio.sleep(0.01)
    assert booth.place.survey().counts["decoded"] == 1
    assert booth.place.survey().outputs == 1
    booth.place.show((View("B", "A", WIDTH, HEIGHT, "fill", exact=True),))
    camera.film(2, key=True)
    assert await screen.source() == 11
    assert await screen.source() == 11
    assert booth.place.survey().outputs == 0
    booth.place.show((View("B", "A", WIDTH // 2, HEIGHT // 2, "fill", exact=True),))
    camera.film(1, key=True)
    assert await screen.source() == 11, "what was forwarded meanwhile is not waited for"


async def test_a_packet_that_cannot_be_read_is_as_good_as_lost_and_the_picture_goes_on_at_a_key_frame(
    booth: Booth,
) -> None:
    source, viewer = await booth.connect("A"), await booth.connect("B")
    arrive(viewer, 9)
    screen = Watched(viewer)
    booth.place.show((View("B", "A", WIDTH // 2, HEIGHT // 2, "fill", exact=True),))
    camera, _ = arrive(source, 11)
    receiving, line = filmed(source)
    receiving.take(RtpPacket(96, True, 5, 0, 77, b"\x10\x01", None, 2), time.monotonic())
    receiving.key_frame_began()
    receiving._asked_at = float("-inf")
    line.rtcp.clear()
    damaged = RtpPacket(96, False, camera._sequence & 0xFFFF, 0, 11, b"\x90\x80", None, 2)
    with pytest.raises(MediaError):
        source.on_packet("vp8", camera._sequence, damaged, time.monotonic())
    assert len(line.rtcp) == 1, "a key frame is asked for"
    camera._sequence += 1
    camera.film(1)
    camera.film(1, key=True)
    assert await screen.source() == 11


async def test_what_a_viewers_line_carries_is_believed_after_ten_seconds(booth: Booth) -> None:
    source, viewer = await booth.connect("A"), await booth.connect("B")
    arrive(viewer, 9)
    arrive(source, 11)
    receiving, _ = filmed(source)
    booth.place.show(B_SEES_A)
    booth.place.bitrate(viewer, 400_000)
    told: list[int | None] = [receiving._estimate._cap]
    booth.tick()
    viewer.line._began_at -= FLOOR_S
    booth.place.bitrate(viewer, 400_000)
    told.append(receiving._estimate._cap)
    booth.place.drop("B", 1)
    told.append(receiving._estimate._cap)
    assert told == [None, 400_000, None], "who has gone holds nobody back"


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
        for number in range(90_000, 90_060):
            packet = RtpPacket(96, True, number & 0xFFFF, number * 1500, 11, b"\x10" + bomb, None, 0)
            peer.on_packet("vp8", number, packet, time.monotonic())
        refused = [event for event in booth.events if isinstance(event, PictureRefused) and event.seat == seat]
        assert [event.code for event in refused] == ["bad_picture"]


async def test_counts_outlive_the_connection_they_were_made_on(booth: Booth) -> None:
    peer = await booth.connect("A")
    _, microphone = arrive(peer, 11)
    for _ in range(MOST_TICKS + 2):
        microphone.speak(1)
        booth.tick()
    microphone._number += 2  # lost: the second is mended by the packet after it, the first by nothing
    for _ in range(MOST_TICKS + 5):  # as many as may lie before it
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
