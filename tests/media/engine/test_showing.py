"""Who gets a picture as it is and for whom it is made, with real codecs, and changed at key frames in a running stream.

The network's edge alone is unreal: a camera that hands in packets, and a line per viewer that keeps what is sent.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import RtcpPacket, RtcpSrPacket
from aiortc.rtp import RtpPacket as LibraryPacket
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from media.engine.decoding import Decoder
from media.engine.door import View
from media.engine.picture import MadeFrame, PictureLine
from media.engine.screen import Screen
from media.engine.sending import Agreed, Sending
from media.engine.showing import THIN_BITS_PER_S, Showing
from media.engine.transcoding import Transcoding
from media.engine.vp8 import TIME_BASE, Encoder
from media.h264 import begun, depacketise, units
from media.picture_in import PictureIn
from media.rtp import HeaderWriter
from media.testcard import draw, read
from media.vp8_rtp import packetise
from tests.support.slow import Slow

SCREEN = (320, 256)
SMALL = (160, 128)
CARD = 5


@dataclass
class Viewer(Slow):
    """A seat with one connection."""

    formats: dict[int, str] = field(default_factory=dict)
    sent: list[LibraryPacket] = field(default_factory=list)
    reports: list[RtcpSrPacket] = field(default_factory=list)
    screen: Screen = field(init=False)

    def __post_init__(self) -> None:
        self.screen = Screen(Sending(), self.formats)
        self.screen.sending.start(self, Agreed(96, 0, 1, 0, "us", HeaderWriter()))

    def send_rtp(self, packet: bytes) -> None:
        self.sent.append(LibraryPacket.parse(packet))

    def send_rtcp(self, packet: bytes) -> None:
        self.reports += [one for one in RtcpPacket.parse(packet) if isinstance(one, RtcpSrPacket)]

    def pictures(self) -> list[tuple[int, int, int | None]]:
        """Decode everything from the first packet on: (width, height, number of the card) of each picture."""
        decoder, whole = Decoder("vp8"), b""
        seen: list[tuple[int, int, int | None]] = []
        for packet in self.sent:
            codec = "h264" if packet.payload_type in self.formats else "vp8"
            if codec != decoder.codec:
                decoder, whole = Decoder(codec), b""
            h264 = codec == "h264"
            whole += depacketise(packet.payload).payload if h264 else VpxPayloadDescriptor.parse(packet.payload)[1]
            if packet.marker:
                frame = decoder.decode(whole, len(seen))
                assert frame is not None
                plane = frame.planes[0]
                rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
                reading = read(rows[: frame.height, : frame.width])
                seen.append((frame.width, frame.height, None if reading is None else reading.number))
                whole = b""
        return seen

    def assert_unbroken(self) -> None:
        first = self.screen.sending.first_sequence
        assert [packet.sequence_number for packet in self.sent] == [
            (first + at) & 0xFFFF for at in range(len(self.sent))
        ]
        pictures: dict[int, int | None] = {}
        for packet in self.sent:
            if packet.payload_type in self.formats:
                pictures[packet.timestamp] = None
            else:
                pictures[packet.timestamp] = VpxPayloadDescriptor.parse(packet.payload)[0].picture_id
        stamps, ids = list(pictures), [one for one in pictures.values() if one is not None]
        assert all(0 < (later - one) & 0xFFFFFFFF < 1 << 31 for one, later in itertools.pairwise(stamps))
        assert ids == [(ids[0] + at) & 0x7FFF for at in range(len(ids))]


class Camera:
    """A connection that films the test card and notes what is asked of it."""

    def __init__(self, showing: Showing, number: int = 70_000) -> None:
        self.key_frames = self.ramps = 0
        self.caps: list[int | None] = []
        self.sent: list[bytes] = []
        self._showing, self._reader, self._assembling = showing, PictureIn("vp8"), False
        self._encoder: Encoder | None = None
        self._number, self._shown = number, 0

    @property
    def picture(self) -> PictureIn:
        return self._reader

    def assemble(self, wanted: bool) -> None:
        if wanted and not self._assembling:
            self._reader.begin_anew()
        self._assembling = wanted

    def ask_key_frame(self) -> None:
        self.key_frames += 1

    def ramp(self) -> None:
        self.ramps += 1

    def halt(self) -> None: ...

    def cap(self, bits_per_s: int | None) -> None:
        self.caps.append(bits_per_s)

    def captured(self, kind: str, timestamp: int, now: float) -> float | None:
        return 1000.0 + timestamp / 90_000

    def film(self, width: int, height: int, *, key: bool = False, now: float = 2000.0) -> None:
        """One picture; a key frame where it is the first of its size."""
        if key or self._encoder is None or self._reader.size != (width, height):
            self._encoder = Encoder(width, height)
        picture = VideoFrame.from_ndarray(draw(width, height, CARD, self._shown), format="yuv420p")
        picture.pts, picture.time_base = self._shown * 3000, TIME_BASE
        for packet in self._encoder.encode(picture, now):
            payloads = list(packetise(bytes(packet), (400 + self._shown) & 0x7FFF))
            self._send(payloads, now)

    def _send(self, payloads: list[bytes], now: float) -> None:
        """The packets of one picture."""
        for payload in payloads:
            self.sent.append(payload)
            ours = self._reader.read(self._number, self._shown * 3000, payload is payloads[-1], payload)
            self._number += 1
            self._showing.packet(ours, now + self._shown / 30)
            if self._assembling:
                for frame in self._reader.frames(ours):
                    self._showing.line.offer(frame)
        self._shown += 1


class Box(Camera):
    """A camera whose encoder makes H.264, of whatever profile: a key frame a packet, or cut into slices."""

    def __init__(self, showing: Showing, number: int = 70_000) -> None:
        super().__init__(showing, number)
        self._reader = PictureIn("h264")

    def shoot(self, profile: str, *, now: float = 2000.0) -> None:
        """One key frame of SMALL."""
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height, context.pix_fmt, context.time_base = *SMALL, "yuv420p", TIME_BASE
        context.framerate = Fraction(30)  # by which it names a level
        context.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": profile, "slice-max-size": "1100"}
        if profile != "baseline":
            context.options |= {"preset": "veryfast"}
        picture = VideoFrame.from_ndarray(draw(*SMALL, CARD, self._shown), format="yuv420p")
        picture.pts, picture.time_base = 0, TIME_BASE
        self._send(units(b"".join(bytes(packet) for packet in [*context.encode(picture), *context.encode(None)])), now)


class Hall:
    """A source's showing with its viewers; what its line makes is handed over when it is waited for."""

    def __init__(self) -> None:
        self._made: list[tuple[frozenset[str], MadeFrame]] = []
        self._changed = asyncio.Event()
        self.viewers: dict[str, list[Viewer]] = {}
        self.transcoding = Transcoding(cores=64.0)
        self.line = PictureLine(self._deliver, lambda: None, self.transcoding)
        self.showing = Showing("A", self.line, lambda seat: (one.screen for one in self.viewers.get(seat, [])))
        self.now = 2000.0

    def _deliver(self, viewers: frozenset[str], frame: MadeFrame) -> None:
        self._made.append((viewers, frame))
        self._changed.set()

    def enter(self, seat: str, formats: dict[int, str] | None = None) -> Viewer:
        viewer = Viewer(formats or {})
        self.viewers.setdefault(seat, []).append(viewer)
        return viewer

    def show(self, **views: tuple[int, int, bool]) -> None:
        """By viewer: width, height, exact."""
        self.showing.show(
            {seat: View(seat, "A", width, height, "fill", exact) for seat, (width, height, exact) in views.items()}
        )

    def camera(self, number: int = 70_000) -> Camera:
        camera = Camera(self.showing, number)
        self.showing.film(camera)
        return camera

    def box(self) -> Box:
        box = Box(self.showing)
        self.showing.film(box)
        return box

    async def make(self, frames: int = 1) -> None:
        """Wait for so many frames of the line and show them."""
        async with asyncio.timeout(10):
            while len(self._made) < frames:
                self._changed.clear()
                await self._changed.wait()
        made, self._made = self._made, []
        for viewers, frame in made:
            self.now += 1 / 30
            self.showing.made(viewers, frame, self.now)

    @property
    def made(self) -> int:
        return int(self.line.counts["encoded"])


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    hall = Hall()
    yield hall
    hall.showing.close()
    await hall.transcoding.close()


async def test_a_page_gets_what_was_sent_byte_for_byte_and_nothing_is_decoded(hall: Hall) -> None:
    b = hall.enter("B")
    hall.show(B=(*SCREEN, False))
    camera = hall.camera()
    for _ in range(5):
        camera.film(*SMALL)
    assert [packet.payload for packet in b.sent] == camera.sent
    assert b.pictures() == [(*SMALL, number) for number in range(5)]
    assert hall.line.counts["decoded"] == 0
    assert hall.showing.counts["forwarded"] == len(camera.sent)


async def test_a_display_gets_its_own_size_forwarded_and_any_other_made(hall: Hall) -> None:
    b, c = hall.enter("B"), hall.enter("C")
    hall.show(B=(*SCREEN, True), C=(*SMALL, True))
    camera = hall.camera()
    for _ in range(3):
        camera.film(*SCREEN)
        await hall.make()
    assert [packet.payload for packet in b.sent] == camera.sent
    assert c.pictures() == [(*SMALL, number) for number in range(3)]
    assert (hall.showing.counts["forwarded"], hall.line.outputs, hall.made) == (len(camera.sent), 1, 3)


async def test_a_source_that_is_too_large_is_made_and_forwarded_again_when_it_fits(hall: Hall) -> None:
    b = hall.enter("B")
    hall.show(B=(*SCREEN, False))
    camera = hall.camera()
    for turn in range(3):
        for at in range(3):
            camera.film(*SMALL, key=at == 0)
        assert len(b.pictures()) == 6 * turn + 3
        for at in range(3):
            camera.film(640, 512, key=at == 0)
            await hall.make()
    sizes = [(width, height) for width, height, _ in b.pictures()]
    assert sizes == ([SMALL] * 3 + [SCREEN] * 3) * 3
    assert [number for _, _, number in b.pictures()] == list(range(18))
    b.assert_unbroken()


async def test_before_the_size_is_known_nothing_is_made(hall: Hall) -> None:
    hall.enter("B")
    hall.show(B=(*SCREEN, True))
    camera = hall.camera()
    assert hall.line.outputs == 0
    camera.film(*SMALL)
    assert hall.line.outputs == 1


async def test_a_new_viewer_has_one_key_frame_asked_of_the_camera(hall: Hall) -> None:
    hall.enter("B")
    camera = hall.camera()
    assert camera.key_frames == 0, "nobody looks"
    hall.show(B=(*SCREEN, False))
    assert camera.key_frames == 1
    hall.show(B=(*SCREEN, False))
    assert camera.key_frames == 1
    c = hall.enter("C")
    hall.show(B=(*SCREEN, False), C=(*SCREEN, False))
    assert camera.key_frames == 2
    camera.film(*SMALL)
    assert len(c.pictures()) == 1


async def test_a_picture_that_begins_to_be_seen_may_start_at_full_rate(hall: Hall) -> None:
    camera = hall.camera()
    for views, ramps in (({"B": SCREEN}, 1), ({"B": SCREEN, "C": SCREEN}, 1), ({}, 1), ({"C": SCREEN}, 2)):
        hall.show(**{seat: (*size, False) for seat, size in views.items()})
        assert camera.ramps == ramps


async def test_a_newcomer_for_whom_it_is_made_asks_nothing_of_the_camera(hall: Hall) -> None:
    for seat in "BC":
        hall.enter(seat)
    hall.show(B=(*SMALL, True))
    camera = hall.camera()
    camera.film(*SCREEN)
    await hall.make()
    asked = camera.key_frames
    hall.show(B=(*SMALL, True), C=(*SMALL, True))
    assert camera.key_frames == asked


async def test_wishes_for_a_key_frame_go_to_whoever_makes_the_picture(hall: Hall) -> None:
    hall.enter("B")
    c = hall.enter("C")
    hall.show(B=(*SCREEN, False), C=(*SMALL, True))
    camera = hall.camera()
    camera.film(*SCREEN)
    await hall.make()
    asked = camera.key_frames
    hall.showing.want_key_frame("B")
    assert camera.key_frames == asked + 1
    hall.showing.want_key_frame("C")
    hall.showing.want_key_frame("nobody")
    assert camera.key_frames == asked + 1
    assert len(c.pictures()) == 1


async def test_the_camera_is_told_the_least_rate_of_those_it_is_forwarded_to(hall: Hall) -> None:
    for seat in "BCD":
        hall.enter(seat)
    hall.show(B=(*SCREEN, False), C=(*SCREEN, False), D=(*SMALL, True))
    camera = hall.camera()
    camera.film(*SCREEN)
    await hall.make()
    assert camera.caps[-1:] == [None]
    for seat, bits_per_s, told in (("B", 900_000, 900_000), ("C", 1_500_000, 900_000), ("D", 400_000, 900_000)):
        hall.showing.want_rate(seat, bits_per_s)
        assert camera.caps[-1] == told
    hall.showing.want_rate("nobody", 1)
    assert camera.caps[-1] == 900_000
    hall.showing.want_rate("B", None)
    assert camera.caps[-1] == 1_500_000, "a connection that begins anew has not said anything yet"
    hall.showing.want_rate("B", 900_000)
    assert camera.caps[-1] == 900_000
    hall.show(C=(*SCREEN, False), D=(*SMALL, True))
    assert camera.caps[-1] == 1_500_000, "who left has no wish"
    hall.showing.film(None)
    assert camera.caps[-1:] == [None]


async def test_under_pressure_the_camera_is_asked_for_few_bits_whatever_its_viewers_lines_carry(hall: Hall) -> None:
    hall.enter("B")
    hall.show(B=(*SCREEN, False))
    camera = hall.camera()
    hall.showing.want_rate("B", 1_500_000)
    hall.transcoding.thinning.turn(True)
    assert camera.caps[-1] == THIN_BITS_PER_S
    hall.showing.want_rate("B", 400_000)
    assert camera.caps[-1] == 400_000, "a poor line stays the narrower of both"
    hall.showing.want_rate("B", None)
    assert camera.caps[-1] == THIN_BITS_PER_S
    another = hall.camera()
    assert another.caps[-1] == THIN_BITS_PER_S, "a connection that takes over is asked for no more"
    hall.transcoding.thinning.turn(False)
    assert another.caps[-1] is None


async def test_another_connection_of_the_seat_is_shown_from_its_key_frame_on_and_the_numbers_go_on(hall: Hall) -> None:
    b, c = hall.enter("B"), hall.enter("C")
    hall.show(B=(*SCREEN, False), C=(*SMALL, True))
    first = hall.camera(130_000)
    for _ in range(3):
        first.film(*SCREEN)
        await hall.make()
    second = hall.camera()
    assert second.key_frames >= 1
    first_sent = len(b.sent)
    second.film(*SCREEN, key=True)
    await hall.make()
    second.film(*SCREEN)
    await hall.make()
    assert len(b.sent) > first_sent
    for viewer in (b, c):
        viewer.assert_unbroken()
        assert [number for _, _, number in viewer.pictures()] == [0, 1, 2, 0, 1]


async def test_what_a_viewers_second_connection_gets_begins_with_a_key_frame(hall: Hall) -> None:
    hall.enter("B")
    hall.show(B=(*SCREEN, False))
    camera = hall.camera()
    camera.film(*SMALL)
    again = hall.enter("B")
    hall.show(B=(*SCREEN, False))
    camera.film(*SMALL)
    assert again.sent == []
    camera.film(*SMALL, key=True)
    camera.film(*SMALL)
    assert again.pictures() == [(*SMALL, 2), (*SMALL, 3)]


async def test_reports_say_when_what_is_seen_was_captured_forwarded_or_made(hall: Hall) -> None:
    b, c = hall.enter("B"), hall.enter("C")
    hall.show(B=(*SCREEN, False), C=(*SMALL, True))
    camera = hall.camera()
    for _ in range(4):
        camera.film(*SCREEN)
        await hall.make()
    for viewer in (b, c):
        viewer.screen.sending.report(9.0)
        said = viewer.reports[-1].sender_info
        assert said.rtp_timestamp == viewer.sent[-1].timestamp
        assert said.ntp_timestamp / (1 << 32) == pytest.approx(1000.0 + 3 * 3000 / 90_000)


async def test_who_looks_no_more_gets_no_more(hall: Hall) -> None:
    b = hall.enter("B")
    hall.show(B=(*SCREEN, False))
    camera = hall.camera()
    camera.film(*SMALL)
    hall.show()
    camera.film(*SMALL)
    assert len(b.pictures()) == 1
    hall.showing.film(None)
    hall.showing.ask_key_frame()
    assert camera.key_frames == 1


CONSTRAINED, MAIN = {102: "42e01f"}, {102: "42e01f", 104: "4d001f"}


async def test_h264_goes_to_who_agreed_to_its_profile_in_that_format_and_is_made_for_the_others(hall: Hall) -> None:
    plain, more, none = hall.enter("B", CONSTRAINED), hall.enter("C", MAIN), hall.enter("D")
    hall.show(B=(320, 256, False), C=(336, 256, False), D=(352, 256, False))
    box = hall.box()
    for profile, made in (("baseline", 1), ("main", 2), ("high", 3), ("baseline", 1)):
        box.shoot(profile)
        await hall.make(made)
    types = [list(dict.fromkeys(packet.payload_type for packet in one.sent)) for one in (plain, more, none)]
    assert types == [[102, 96], [102, 104, 96], [96]]
    assert plain.sent[-1].payload_type == more.sent[-1].payload_type == 102
    sizes = [[(width, height) for width, height, _ in one.pictures()] for one in (plain, more, none)]
    made_b, made_c, made_d = (320, 256), (336, 256), (352, 256)
    assert sizes == [[SMALL, made_b, made_b, SMALL], [SMALL, SMALL, made_c, SMALL], [made_d] * 4]
    for one in (plain, more, none):
        assert [number for _, _, number in one.pictures()] == list(range(4))
        one.assert_unbroken()


async def test_two_connections_of_a_seat_get_what_each_of_them_takes(hall: Hall) -> None:
    old, new = hall.enter("B"), hall.enter("B", CONSTRAINED)
    hall.show(B=(*SCREEN, False))
    box = hall.box()
    for _ in range(2):
        box.shoot("baseline")
        await hall.make()
    assert [one.pictures() for one in (old, new)] == [
        [(*SCREEN, 0), (*SCREEN, 1)],
        [(*SMALL, 0), (*SMALL, 1)],
    ]
    asked = box.key_frames
    hall.showing.want_key_frame("B")
    assert box.key_frames == asked + 1
    hall.showing.want_rate("B", 800_000)
    assert box.caps[-1] == 800_000
    hall.viewers["B"] = [old]
    hall.show(B=(*SCREEN, False))
    hall.showing.want_key_frame("B")
    assert box.key_frames == asked + 1, "it is made for whoever is left"
    assert box.caps[-1] is None


async def test_an_h264_viewer_gets_sets_and_slices_as_they_came_with_one_more_copy_of_the_sets_where_it_begins(
    hall: Hall,
) -> None:
    viewer = hall.enter("B", CONSTRAINED)
    hall.show(B=(*SCREEN, False))
    box = hall.box()
    for _ in range(3):
        box.shoot("baseline")
    kinds = [[unit[0] & 31 for unit in begun(packet.payload)] for packet in viewer.sent]
    assert kinds[:2] == [[7, 8], [5]]
    assert [packet.payload for packet in viewer.sent[1:]] == [
        unit for at, unit in enumerate(box.sent) if at >= box.sent.index(viewer.sent[1].payload)
    ]
    assert viewer.pictures() == [(*SMALL, number) for number in range(3)]
    viewer.assert_unbroken()


async def test_sets_alone_say_nothing_of_how_a_picture_will_come(hall: Hall) -> None:
    hall.enter("B", CONSTRAINED)
    hall.show(B=(*SCREEN, False))
    box = hall.box()
    box.shoot("baseline")
    said = [unit for unit in box.sent if unit[0] & 31 in (7, 8)]
    other = Box(hall.showing)
    other._reader = PictureIn("h264", said)
    hall.showing.film(other)
    assert other.picture.size == SMALL
    assert hall.line.outputs == 0


async def test_nothing_is_made_of_h264_for_a_seat_that_has_no_connection_yet(hall: Hall) -> None:
    hall.show(B=(*SCREEN, False))
    box = hall.box()
    box.shoot("baseline")
    assert hall.line.outputs == 0
    hall.enter("B")
    hall.show(B=(*SCREEN, False))
    assert hall.line.outputs == 1
