"""One incoming kind: in its place, asked for again, reported on, and bounded whatever its packets hold."""

from __future__ import annotations

import random
from dataclasses import dataclass

from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    unpack_remb_fci,
)

from media.engine.receiving import MOST_STREAMS, PLI_EVERY_S, POLL_S, Format, Receiving
from media.loss import GIVE_UP_S, REACH
from media.rtp import SEND_TIME_HZ, RtpPacket
from tests.support.slow import SeesAll, Slow

MEDIA, REPEATED, OURS = 1, 2, 9
FORMATS = {96: Format("vp8", 90_000), 97: Format("rtx", 90_000, 96), 98: Format("rtx", 90_000, 55)}


@dataclass
class Timer:
    receiving: Receiving
    delay_s: float


class Far(SeesAll, Slow):
    """The network's edge of one stream: what is sent back, what comes out, and when it wants to be looked at."""

    def __init__(self, kind: str = "video", originals: dict[int, int] | None = None) -> None:
        self.sent: list[object] = []
        self.taken: list[tuple[str, int, bytes]] = []
        self.lost: list[int] = []
        self.timers: list[Timer] = []
        """The one that is pending: another takes its place."""
        self.receiving = Receiving(kind, self, self._look_later, 2_000_000)
        formats = FORMATS if kind == "video" else {111: Format("opus", 48_000)}
        self.receiving.start(self, OURS, formats, {REPEATED: MEDIA} if originals is None else originals, 0)

    def send_rtp(self, packet: bytes) -> None:
        raise AssertionError("a receiver sends no media")

    def send_rtcp(self, packet: bytes) -> None:
        self.sent += RtcpPacket.parse(packet)

    def _look_later(self, receiving: Receiving, delay_s: float) -> None:
        self.timers = [Timer(receiving, delay_s)]

    def on_packet(self, codec: str, number: int, packet: RtpPacket, now: float) -> None:
        self.taken.append((codec, number, packet.payload))

    def on_lost(self, number: int) -> None:
        self.lost.append(number)

    def take(self, sequence: int, payload: bytes = b"x", ssrc: int = MEDIA, kind: int = 96, now: float = 0.0) -> None:
        sent = int(now * SEND_TIME_HZ) & 0xFFFFFF
        self.receiving.take(RtpPacket(kind, True, sequence & 0xFFFF, sequence * 90, ssrc, payload, sent, 1000), now)

    def poll(self, now: float, round_trip_s: float = 0.0) -> None:
        """Let the timers that are pending run out."""
        due, self.timers = self.timers, []
        for timer in due:
            timer.receiving.poll(now, round_trip_s)

    def of(self, form: int) -> list[RtcpPsfbPacket]:
        return [packet for packet in self.sent if isinstance(packet, RtcpPsfbPacket) and packet.fmt == form]

    @property
    def asked(self) -> list[list[int]]:
        return [packet.lost for packet in self.sent if isinstance(packet, RtcpRtpfbPacket)]


def test_padding_and_what_is_repeated_keep_their_place_in_the_stream() -> None:
    far = Far()
    far.take(5, b"")
    far.take(8, b"eight")
    far.take(900, b"\x00\x07seven", REPEATED, 97)
    far.take(901, b"\x00", REPEATED, 97)
    far.take(902, b"\x00\x06", REPEATED, 97)
    first = far.taken[0][1]
    assert first & 0xFFFF == 5
    assert far.taken == [("vp8", first, b""), ("vp8", first + 3, b"eight"), ("vp8", first + 2, b"seven")]


def test_retransmissions_are_known_by_their_stream_or_belong_to_the_only_one() -> None:
    for originals in ({REPEATED: MEDIA}, {}):
        far = Far(originals=originals)
        far.take(5)
        far.take(7)
        far.take(900, b"\x00\x06six", REPEATED, 97)
        assert [payload for _, _, payload in far.taken] == [b"x", b"x", b"six"]
    far = Far(originals={REPEATED: 77})
    far.take(5)
    far.take(900, b"\x00\x06of another", REPEATED, 97)
    far.take(901, b"\x00\x06of no format", REPEATED, 98)
    assert len(far.taken) == 1


def test_what_is_missing_is_asked_for_in_time_again_and_given_up() -> None:
    far = Far()
    far.take(0xFFFE, now=1.0)
    far.receiving.key_frame_began()
    far.poll(1.0)
    assert far.timers == [], "nothing is missing"
    far.take(2, now=1.0)
    assert [timer.delay_s for timer in far.timers] == [POLL_S]
    far.poll(1.02)
    assert far.asked == [[0, 1, 0xFFFF]]
    far.poll(1.04)
    assert len(far.asked) == 1
    far.take(900, b"\x00\x00zero", REPEATED, 97, now=1.05)
    far.take(901, b"\xff\xffbefore", REPEATED, 97, now=1.05)
    far.poll(1.10, round_trip_s=0.08)
    assert len(far.asked) == 1, "one and a half round trips have not passed"
    far.poll(1.15, round_trip_s=0.08)
    assert far.asked[1:] == [[1]]
    plis = len(far.of(RTCP_PSFB_PLI))
    far.poll(1.0 + GIVE_UP_S + 0.01)
    assert [number & 0xFFFF for number in far.lost] == [1]
    assert len(far.of(RTCP_PSFB_PLI)) == plis + 1, "the picture goes on at a key frame"
    assert far.receiving.dropped == 1


def test_a_key_frame_is_asked_for_each_300_ms_until_one_begins() -> None:
    far = Far()
    far.take(1, now=0.0)
    far.receiving.key_frame_began()
    far.poll(0.5)
    far.sent.clear()
    for step in range(100):  # a second of wishes
        far.receiving.want_key_frame(1.0 + step / 100)
        far.poll(1.0 + step / 100)
    assert len(far.of(RTCP_PSFB_PLI)) == 4
    assert {(packet.ssrc, packet.media_ssrc) for packet in far.of(RTCP_PSFB_PLI)} == {(OURS, MEDIA)}
    far.poll(2.0 + PLI_EVERY_S)
    assert len(far.of(RTCP_PSFB_PLI)) == 5, "also when nobody wishes any more"
    far.receiving.key_frame_began()
    far.poll(4.0)
    far.poll(5.0)
    assert len(far.of(RTCP_PSFB_PLI)) == 5
    assert far.timers == []


def test_it_is_looked_at_again_as_soon_as_something_is_due_and_no_sooner() -> None:
    far = Far()
    far.take(1)
    assert [timer.delay_s for timer in far.timers] == [POLL_S], "whether its first packet began a key frame"
    far.poll(0.02)
    assert [timer.delay_s for timer in far.timers] == [PLI_EVERY_S], "nothing is missing but the key frame"
    far.take(3, now=0.1)
    assert [timer.delay_s for timer in far.timers] == [POLL_S]
    far.receiving.key_frame_began()
    far.poll(0.12)
    assert [timer.delay_s for timer in far.timers] == [POLL_S]
    far.take(2, now=0.13)
    far.poll(0.14)
    assert far.timers == []


def test_a_look_that_is_due_is_not_put_off_by_what_arrives_before_it() -> None:
    far = Far()
    far.take(1, now=1.0)
    far.receiving.key_frame_began()
    far.poll(1.02)
    far.take(3, now=1.1)
    (due,) = far.timers
    for number in range(4, 40):
        far.take(number, now=1.1 + number / 1000)
    assert far.timers == [due]
    assert far.timers[0] is due


def test_a_stream_that_begins_with_its_key_frame_is_not_asked_for_one() -> None:
    far = Far()
    far.take(1)
    far.receiving.key_frame_began()
    far.poll(0.02)
    assert far.sent == []


def test_another_stream_of_the_same_kind_begins_anew_far_beyond_and_with_a_key_frame() -> None:
    far = Far()
    far.take(100, now=1.0)
    far.take(103, now=1.0)
    far.receiving.key_frame_began()
    far.take(104, b"new", ssrc=5, now=2.0)
    (_, before, _), (_, number, payload) = far.taken[-2:]
    assert payload == b"new"
    assert number & 0xFFFF == 104
    assert number >= before + 2 * REACH
    far.sent.clear()
    far.poll(2.05)
    assert far.of(RTCP_PSFB_PLI)[-1].media_ssrc == 5
    assert far.asked == [], "nothing of the stream before is asked for"
    far.take(901, b"\x00\x65late", REPEATED, 97, now=2.1)
    assert far.taken[-1][2] == b"new", "nor taken"


def test_the_source_is_told_what_its_line_and_its_viewers_carry() -> None:
    far = Far()
    for number in range(1500):
        far.take(number, now=1.0 + number / 250)
    told = [unpack_remb_fci(packet.fci) for packet in far.of(RTCP_PSFB_APP)]
    assert told
    assert min(bits_per_s for bits_per_s, _ in told) >= 1_990_000, "floored; 18 bits of mantissa"
    assert told[-1][1] == [MEDIA]
    far.receiving.cap(700_000)
    assert abs(unpack_remb_fci(far.of(RTCP_PSFB_APP)[-1].fci)[0] - 700_000) < 10_000
    far.receiving.cap(1)
    assert abs(unpack_remb_fci(far.of(RTCP_PSFB_APP)[-1].fci)[0] - 300_000) < 10_000


def test_a_report_says_how_each_stream_arrives_and_echoes_its_senders() -> None:
    far = Far()
    far.receiving.report(0.5)
    assert far.sent == []
    for sequence in (0xFFFF, 1):
        far.take(sequence, now=1.0)
    assert far.receiving.reported(MEDIA, 0x1234_5678_9ABC_DEF0, 1.0)
    assert not far.receiving.reported(4711, 0, 1.0), "of a stream that nobody knows"
    far.sent.clear()
    far.receiving.report(1.5)
    (report,) = (packet for packet in far.sent if isinstance(packet, RtcpRrPacket))
    (info,) = report.reports
    assert (report.ssrc, info.ssrc, info.packets_lost, info.highest_sequence) == (OURS, MEDIA, 1, 0x1_0001)
    assert info.fraction_lost == 256 // 3
    assert (info.lsr, info.dlsr) == (0x5678_9ABC, 32_768)
    assert far.receiving.counts == (2, 1)


def test_sound_passes_with_its_own_numbers_and_is_never_asked_for_again() -> None:
    far = Far("audio")
    for sequence in (5, 9, 7, 7, 40_000):
        far.take(sequence, b"sound", ssrc=3, kind=111)
    far.take(10, b"", ssrc=3, kind=111)
    assert far.taken == [("opus", sequence, b"sound") for sequence in (5, 9, 7, 7, 40_000)]
    assert far.timers == []
    assert far.sent == []


def test_whatever_packets_hold_it_goes_on_and_stays_bounded() -> None:
    chance, far = random.Random(7), Far()
    counted = (0, 0)
    for step in range(3000):
        now = step / 100
        sequence = chance.choice([step, chance.randrange(1 << 16)])
        ssrc = chance.choice([MEDIA, REPEATED, chance.randrange(1 << 32)])
        far.take(sequence, chance.randbytes(chance.randrange(12)), ssrc, chance.choice([96, 97, 98]), now)
        far.poll(now)
        before, counted = counted, far.receiving.counts
        assert counted[0] >= before[0], "what a forgotten stream counted stays counted"
        assert len(far.timers) <= 1
    receiving = far.receiving
    assert len(receiving._streams) <= MOST_STREAMS
    assert receiving._repeats | receiving._reports.keys() <= receiving._streams.keys()
    assert len(receiving._estimate.ssrcs) <= MOST_STREAMS
    assert len(receiving._gaps._missing) <= REACH
    far.sent.clear()
    receiving.report(31.0)
    assert len(far.sent) == 1
    far.take(1, b"picture", ssrc=4711, now=31.0)
    assert far.taken[-1][2] == b"picture"


def test_after_the_end_nothing_is_sent() -> None:
    far = Far()
    far.take(1)
    far.take(3)
    far.sent.clear()
    far.receiving.stop()
    far.poll(1.0)
    far.receiving.want_key_frame(2.0)
    far.receiving.cap(400_000)
    far.receiving.report(3.0)
    assert far.sent == []
    assert far.timers == []


def test_a_stream_that_leaps_is_asked_for_a_key_frame() -> None:
    far = Far()
    far.take(5, now=1.0)
    far.receiving.key_frame_began()
    far.take(2005, now=2.0)
    far.take(2006, now=2.0)
    far.poll(2.1)
    assert len(far.of(RTCP_PSFB_PLI)) == 1


def test_a_source_whose_line_cannot_be_estimated_is_told_of_its_viewers_all_the_same() -> None:
    far = Far()
    far.receiving.take(RtpPacket(96, True, 5, 0, MEDIA, b"x", None, 1000), 1.0)
    far.receiving.cap(700_000)
    (told,) = far.of(RTCP_PSFB_APP)
    assert unpack_remb_fci(told.fci) == (700_000, [MEDIA])


def test_a_viewers_wish_does_not_hurry_what_is_on_a_long_way() -> None:
    far = Far()
    far.take(5, now=1.0)
    far.take(7, now=1.0)
    far.receiving.poll(1.02, 0.2)
    far.receiving.want_key_frame(1.1, 0.2)
    assert far.asked == [[6]], "asked again only after one and a half round trips"
    far.receiving.poll(1.33, 0.2)
    assert far.asked == [[6], [6]]
