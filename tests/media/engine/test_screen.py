"""What one viewer is sent, packet by packet: one stream without a break, whatever it is made of."""

from __future__ import annotations

import itertools

from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import RtpPacket as LibraryPacket
from hypothesis import given
from hypothesis import strategies as st

from media.engine.screen import Screen, Way
from media.engine.sending import Agreed, Sending
from media.h264_profiles import Coding
from media.loss import REACH
from media.numbering import PicturePacket
from media.rtp import HeaderWriter
from media.vp8_rtp import describe
from tests.support.slow import Slow

KEY, DELTA = b"\x10\x02\x00\x9d\x01\x2a\x40\x01\x00\x01", b"\x11\x02\x00"


class Line(Slow):
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[LibraryPacket] = []

    def send_rtp(self, packet: bytes) -> None:
        self.sent.append(LibraryPacket.parse(packet))

    def send_rtcp(self, packet: bytes) -> None: ...

    def bodies(self) -> list[bytes]:
        return [VpxPayloadDescriptor.parse(packet.payload)[1] for packet in self.sent]

    def ids(self) -> list[int | None]:
        return [VpxPayloadDescriptor.parse(packet.payload)[0].picture_id for packet in self.sent]


def made() -> tuple[Screen, Line]:
    screen, line = Screen(Sending()), Line()
    screen.sending.start(line, Agreed(96, 0, 1, 0, "us", HeaderWriter()))
    return screen, line


class Source:
    """A camera's packets, one a picture."""

    def __init__(self, name: str, screen: Screen, number: int = 70_000, picture_id: int = 500) -> None:
        self.name, self.screen, self.number, self.picture_id = name, screen, number, picture_id
        self.timestamp, self.now = number * 7, 10.0

    def forward(self, key: bool, body: bytes = b"") -> int | None:
        payload = bytes(VpxPayloadDescriptor(1, 0, self.picture_id)) + (KEY if key else DELTA) + body
        packet = PicturePacket(self.number, self.timestamp & 0xFFFFFFFF, True, payload, describe(payload))
        self._step()
        return self.screen.forward(self.name, packet, self.now)

    def make(self, key: bool, body: bytes = b"") -> int | None:
        self._step()
        return self.screen.put(self.name, (KEY if key else DELTA) + body, self.timestamp, key, self.now)

    def _step(self) -> None:
        self.number, self.picture_id, self.timestamp = self.number + 1, self.picture_id + 1, self.timestamp + 3000
        self.now += 1 / 30


def assert_unbroken(line: Line, screen: Screen) -> None:
    first = screen.sending.first_sequence
    assert [packet.sequence_number for packet in line.sent] == [first + at & 0xFFFF for at in range(len(line.sent))]
    stamps: list[int] = []
    for packet in line.sent:
        if not stamps or packet.timestamp != stamps[-1]:
            stamps.append(packet.timestamp)
    assert all(0 < (later - one) & 0xFFFFFFFF < 1 << 31 for one, later in itertools.pairwise(stamps))
    ids = [
        one for at, one in enumerate(line.ids()) if at == 0 or line.sent[at].timestamp != line.sent[at - 1].timestamp
    ]
    assert ids[0] is not None
    assert ids == [(ids[0] + at) % (1 << 15) for at in range(len(ids))]


def test_what_was_not_asked_for_is_not_let_through() -> None:
    screen, line = made()
    a, b = Source("A", screen), Source("B", screen)
    assert a.forward(True) is None
    screen.show("A", Way.FORWARDED)
    assert b.forward(True) is None
    assert a.make(True) is None
    assert a.forward(True) is not None
    assert len(line.sent) == 1


def test_it_begins_with_a_key_frame_and_so_does_what_takes_its_place() -> None:
    screen, line = made()
    a = Source("A", screen)
    screen.show("A", Way.FORWARDED)
    assert a.forward(False) is None
    assert a.forward(True) is not None
    assert a.forward(False) is not None
    screen.show("A", Way.FORWARDED)
    assert a.forward(False) is not None, "nothing changed"
    screen.show("A", Way.MADE)
    assert a.forward(True) is None
    assert a.make(False) is None
    assert a.make(True) is not None
    screen.begin_anew()
    assert a.make(False) is None
    assert a.make(True) is not None
    assert_unbroken(line, screen)


@given(
    st.lists(
        st.tuples(st.sampled_from("AB"), st.sampled_from(Way), st.integers(1, 4), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
def test_however_often_source_and_way_change_the_stream_goes_on(stretches: list[tuple[str, Way, int, bool]]) -> None:
    screen, line = made()
    sources = {"A": Source("A", screen, 100_000, 32_760), "B": Source("B", screen, 70_000, 5)}
    for name, way, pictures, begins_anew in stretches:
        source = sources[name]
        source.now = max(one.now for one in sources.values())
        screen.show(name, way)
        if begins_anew:
            screen.begin_anew()
        for at in range(pictures):
            body = b"x" * 3000 if way is Way.MADE else b""
            (source.forward if way is Way.FORWARDED else source.make)(at == 0, body)
    assert_unbroken(line, screen)


def test_a_frame_made_here_is_cut_and_its_last_packet_marked() -> None:
    screen, line = made()
    a = Source("A", screen)
    screen.show("A", Way.MADE)
    body = bytes(at % 251 for at in range(5000))
    stamp = a.make(True, body)
    assert b"".join(line.bodies()) == KEY + body
    assert [packet.marker for packet in line.sent] == [0] * (len(line.sent) - 1) + [1]
    assert {packet.timestamp for packet in line.sent} == {stamp}
    assert max(len(packet.payload) for packet in line.sent) <= 1180


def test_a_camera_that_begins_anew_is_waited_for_until_its_key_frame() -> None:
    for before in (70_000, 130_000):  # another one's numbers may have been greater
        screen, line = made()
        other = Source("B", screen, before)
        screen.show("B", Way.FORWARDED)
        other.forward(True)
        screen.show("A", Way.FORWARDED)
        a = Source("A", screen, 80_000)
        a.now = other.now
        a.forward(True)
        a.number += 2 * REACH
        assert a.forward(False) is None
        assert a.forward(True) is not None
        a.picture_id -= 1
        assert [packet.sequence_number for packet in line.sent] == [
            screen.sending.first_sequence + at for at in range(3)
        ]


def test_a_source_whose_time_leaps_makes_no_leap_for_its_viewer() -> None:
    screen, line = made()
    a = Source("A", screen)
    screen.show("A", Way.MADE)
    a.make(True)
    a.timestamp += 90_000 * 3600
    assert a.make(False) is not None
    assert (line.sent[1].timestamp - line.sent[0].timestamp) & 0xFFFFFFFF < 90_000


def test_before_the_connection_is_up_nothing_is_begun() -> None:
    screen, line = Screen(Sending()), Line()
    a = Source("A", screen)
    screen.show("A", Way.FORWARDED)
    assert a.forward(True) is None
    screen.sending.start(line, Agreed(96, 0, 1, 0, "us", HeaderWriter()))
    assert a.forward(False) is None
    assert a.forward(True) is not None
    assert_unbroken(line, screen)


class Box(Source):
    """A source of H.264, one packet a picture."""

    coding = Coding(66, 0xC0, 31, square=True, in_order=True)
    payloads = b"\x65\x88\x80", b"\x41\x9a"

    def forward(self, key: bool, body: bytes = b"", *, bare: bool = False) -> int | None:
        payload = self.payloads[not key] + body
        sets = b"\x78sets" if key else None
        packet = PicturePacket(self.number, self.timestamp & 0xFFFFFFFF, True, payload, None, "h264", sets, bare)
        self._step()
        return self.screen.forward(self.name, packet, self.now)

    def show(self, way: Way = Way.FORWARDED) -> None:
        self.screen.show(self.name, way, "h264", self.coding)


def of_two_codecs() -> tuple[Screen, Line]:
    screen, line = Screen(Sending(), {102: "42e01f"}), Line()
    screen.sending.start(line, Agreed(96, 97, 1, 2, "us", HeaderWriter(), {96: 97, 102: 103}))
    return screen, line


def sent(line: Line) -> list[tuple[int, bytes]]:
    return [(packet.payload_type, packet.payload) for packet in line.sent]


def test_what_a_connection_takes_is_what_it_agreed_to() -> None:
    screen, _ = of_two_codecs()
    assert screen.takes("vp8", None)
    assert screen.takes("h264", Box.coding)
    for coding in (
        None,
        Coding(100, 0, 31, square=True, in_order=True),
        Coding(66, 0xC0, 51, square=True, in_order=True),
        Coding(66, 0xC0, 31, square=False, in_order=True),
        Coding(66, 0xC0, 31, square=True, in_order=False),
    ):
        assert not screen.takes("h264", coding)
    assert not Screen(Sending()).takes("h264", Box.coding)


def test_who_begins_gets_the_sets_first_and_later_only_where_the_source_has_none() -> None:
    screen, line = of_two_codecs()
    box = Box("A", screen)
    box.show()
    assert box.forward(False) is None
    box.forward(True)
    box.forward(False)
    box.forward(True)
    box.forward(True, bare=True)
    sets, (key, delta) = (102, b"\x78sets"), ((102, payload) for payload in Box.payloads)
    assert sent(line) == [sets, key, delta, key, sets, key]
    stamps = [packet.timestamp for packet in line.sent]
    assert [stamps[0], stamps[4]] == [stamps[1], stamps[5]], "those of the picture that they stand before"
    assert [packet.marker for packet in line.sent] == [0, 1, 1, 1, 0, 1]


def test_each_is_sent_again_in_its_own_codecs_retransmissions() -> None:
    screen, line = of_two_codecs()
    box, page = Box("A", screen), Source("B", screen)
    box.show()
    box.forward(True)
    screen.show("B", Way.FORWARDED)
    page.forward(True)
    numbers = [packet.sequence_number for packet in line.sent]
    screen.sending.repeat(numbers, 1.0)
    assert [packet.payload_type for packet in line.sent] == [102, 102, 96, 103, 103, 97]
    assert {packet.ssrc for packet in line.sent[:3]} == {1}
    assert [packet.payload[2:] for packet in line.sent[3:]] == [packet.payload for packet in line.sent[:3]]


def test_what_a_source_sends_in_another_codec_waits_until_that_is_shown() -> None:
    screen, line = of_two_codecs()
    box = Box("A", screen)
    screen.show("A", Way.FORWARDED)
    assert box.forward(True) is None
    assert line.sent == []


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(Way), st.integers(1, 4)), min_size=1, max_size=12))
def test_however_often_the_codec_changes_the_numbers_go_on(stretches: list[tuple[str, Way, int]]) -> None:
    screen, line = of_two_codecs()
    pages = {"A": Source("A", screen, 100_000, 32_760), "B": Source("B", screen, 70_000, 5)}
    box, now = Box("C", screen, 200_000), 10.0
    for name, way, pictures in stretches:
        source: Source = box if name == "C" else pages[name]
        source.now = now
        if name == "C":
            box.show(way)
        else:
            screen.show(name, way)
        for at in range(pictures):
            (source.forward if way is Way.FORWARDED else source.make)(at == 0)
        now = source.now
    first = screen.sending.first_sequence
    assert [packet.sequence_number for packet in line.sent] == [first + at & 0xFFFF for at in range(len(line.sent))]
    stamps = list(dict.fromkeys(packet.timestamp for packet in line.sent))
    assert all(0 < (later - one) & 0xFFFFFFFF < 1 << 31 for one, later in itertools.pairwise(stamps))
    made = [packet for packet in line.sent if packet.payload_type == 96]
    ids = [VpxPayloadDescriptor.parse(packet.payload)[0].picture_id or 0 for packet in made]
    assert all((later - one) % (1 << 15) == 1 for one, later in itertools.pairwise(ids))


def test_a_paused_screen_lets_nothing_through_and_goes_on_at_a_key_frame_without_a_break() -> None:
    screen, line = made()
    source = Source("A", screen)
    screen.show("A", Way.FORWARDED)
    source.forward(True)
    source.forward(False)
    screen.pause(True)
    assert source.forward(True) is None
    assert source.forward(False) is None
    assert not screen.follows("A")
    screen.pause(False)
    assert source.forward(False) is None, "what it hangs on was not shown"
    assert source.forward(True) is not None
    assert source.forward(False) is not None
    assert len(line.sent) == 4
    assert_unbroken(line, screen)


def test_a_paused_screen_is_shown_nothing_that_is_made_either() -> None:
    screen, line = made()
    source = Source("A", screen)
    screen.show("A", Way.MADE)
    screen.pause(True)
    assert source.make(True) is None
    screen.pause(False)
    assert source.make(True) is not None
    assert len(line.sent) == 1
