"""One outgoing stream: what leaves, what is kept to be sent again and for how many, and what reports say of it."""

from __future__ import annotations

import pytest
from aiortc.rtp import RtcpByePacket, RtcpPacket, RtcpReceiverInfo, RtcpSrPacket
from aiortc.rtp import RtpPacket as LibraryPacket

from media.engine.sending import HISTORY, PADDING_BACK, REPEATS_PER_S, Agreed, Sending
from media.rtp import HeaderWriter
from tests.support.slow import Slow

MEDIA, AGAIN = 11, 12
PLAIN = Agreed(96, 0, MEDIA, 0, "us", HeaderWriter())
WITH_RTX = Agreed(96, 97, MEDIA, AGAIN, "us", HeaderWriter())


class Line(Slow):
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.rtp: list[LibraryPacket] = []
        self.rtcp: list[list[object]] = []

    def send_rtp(self, packet: bytes) -> None:
        self.rtp.append(LibraryPacket.parse(packet))

    def send_rtcp(self, packet: bytes) -> None:
        self.rtcp.append(list(RtcpPacket.parse(packet)))

    def report(self) -> RtcpSrPacket:
        last = self.rtcp[-1][0]
        assert isinstance(last, RtcpSrPacket)
        return last


def started(agreed: Agreed = WITH_RTX) -> tuple[Sending, Line]:
    sending, line = Sending(), Line()
    sending.start(line, agreed)
    return sending, line


def told(sending: Sending, line: Line) -> RtcpReceiverInfo:
    """What a receiver that got the last report says of it at once."""
    echo = line.report().sender_info.ntp_timestamp >> 16 & 0xFFFFFFFF
    return RtcpReceiverInfo(MEDIA, 0, 0, 0, 0, lsr=echo, dlsr=0)


def test_a_packet_leaves_in_the_call_that_brings_it() -> None:
    sending, line = started()
    sending.send(65_535, 3000, True, b"picture", 1.0)
    (sent,) = line.rtp
    assert (sent.payload_type, sent.ssrc, sent.sequence_number, sent.timestamp) == (96, MEDIA, 65_535, 3000)
    assert (sent.marker, sent.payload) == (1, b"picture")
    assert sending.packets == 1


def test_before_and_after_the_connection_nothing_is_sent_or_kept() -> None:
    sending, line = Sending(), Line()
    sending.send(1, 0, True, b"early", 1.0)
    sending.stamp(0, 1.0)
    sending.repeat([1], 1.0)
    sending.report(1.0)
    sending.stop()
    before = sending.live
    sending.start(line, PLAIN)
    assert (before, sending.live) == (False, True)
    sending.repeat([1], 1.1)
    assert (line.rtp, sending.packets, sending.missed) == ([], 0, 1)
    sending.stop()
    assert line.rtcp[-1][-1] == RtcpByePacket(sources=[MEDIA])
    sending.send(2, 0, True, b"late", 2.0)
    sending.report(2.0)
    assert line.rtp == []
    assert len(line.rtcp) == 1


def test_streams_begin_below_half_of_their_numbers() -> None:
    assert all(Sending().first_sequence < 1 << 15 for _ in range(100))
    assert len({Sending().first_timestamp for _ in range(100)}) > 90


def test_what_was_missed_is_sent_again_in_a_stream_of_its_own_where_that_was_agreed() -> None:
    sending, line = started()
    for number in range(5):
        sending.send(number, number * 3000, number == 4, b"part %d" % number, 1.0)
    sending.repeat([1, 4], 1.1)
    one, four = line.rtp[5:]
    assert [(sent.payload_type, sent.ssrc, sent.timestamp, sent.marker) for sent in (one, four)] == [
        (97, AGAIN, 3000, 0),
        (97, AGAIN, 12_000, 1),
    ]
    assert [sent.payload for sent in (one, four)] == [b"\x00\x01part 1", b"\x00\x04part 4"]
    assert (four.sequence_number - one.sequence_number) & 0xFFFF == 1
    assert sending.packets == 5, "reports count the stream itself"


def test_without_that_it_is_sent_once_more_as_it_was() -> None:
    sending, line = started(PLAIN)
    sending.send(7, 3000, True, b"picture", 1.0)
    sending.repeat([7], 1.1)
    first, again = line.rtp
    assert first.serialize() == again.serialize()


@pytest.mark.parametrize("first", [0, 5000, 0xFFFF - HISTORY // 2])
def test_the_last_1024_packets_are_kept_and_no_other(first: int) -> None:
    sending, line = started(PLAIN)
    for at in range(HISTORY + 10):
        sending.send((first + at) & 0xFFFF, at, True, b"%d" % at, 1.0)
    assert len(sending._history) == HISTORY
    line.rtp.clear()
    asked = [9, 10, HISTORY + 9, HISTORY + 10]
    sending.repeat([(first + at) & 0xFFFF for at in asked], 2.0)
    assert [sent.payload for sent in line.rtp] == [b"10", b"%d" % (HISTORY + 9)]
    assert sending.missed == 2


def test_what_one_viewer_wishes_for_is_bounded_each_second() -> None:
    sending, line = started()
    for at in range(HISTORY):
        sending.send(at, at, True, b"part", 1.0)
    line.rtp.clear()
    for step in range(201):  # ten seconds of a greedy viewer
        sending.repeat(list(range(HISTORY)), 1.0 + step * 0.05)
    assert 10 * REPEATS_PER_S <= len(line.rtp) <= 11 * REPEATS_PER_S
    assert sending.missed == 201 * HISTORY - len(line.rtp)


def test_a_report_says_the_moment_that_was_stamped_last() -> None:
    sending, line = started()
    sending.send(1, 3000, False, b"four", 5.0)
    sending.report(5.0)
    assert line.rtcp == [], "nobody knows yet when it was captured"
    sending.stamp(3000, 4.25)
    sending.send(2, 3000, True, b"more", 5.0)
    sending.report(5.5)
    said = line.report()
    assert said.ssrc == MEDIA
    assert said.sender_info.rtp_timestamp == 3000
    assert said.sender_info.ntp_timestamp == int(4.25 * (1 << 32))
    assert (said.sender_info.packet_count, said.sender_info.octet_count) == (2, 8)


def test_the_round_trip_is_learned_from_the_echo_of_a_report() -> None:
    sending, line = started()
    sending.send(1, 3000, True, b"picture", 5.0)
    for second in range(40):
        now = 5.0 + second
        sending.stamp(3000 + second, now - 0.1)
        sending.report(now)
        info = told(sending, line)
        held_s = 0.3
        sending.heard(RtcpReceiverInfo(MEDIA, 0, 0, 0, 0, info.lsr, int(held_s * 65536)), now + held_s + 0.080)
        if second == 0:
            assert abs(sending.round_trip_s - 0.080) < 0.001
    assert abs(sending.round_trip_s - 0.080) < 0.001
    sending.heard(RtcpReceiverInfo(MEDIA, 0, 0, 0, 0, lsr=0, dlsr=0), 99.0)
    sending.heard(RtcpReceiverInfo(MEDIA, 0, 0, 0, 0, lsr=123, dlsr=0), 99.0)
    assert abs(sending.round_trip_s - 0.080) < 0.001, "an echo of nothing"


def test_reports_that_say_the_same_moment_do_not_make_the_round_trip_longer() -> None:
    sending, line = started()
    sending.send(1, 3000, True, b"picture", 5.0)
    sending.stamp(3000, 5.0)
    for second in range(10):  # a picture that stands still
        sending.report(5.0 + second)
        sending.heard(told(sending, line), 5.0 + second + 0.040)
        late = RtcpReceiverInfo(MEDIA, 0, 0, 0, 0, told(sending, line).lsr, int(1.02 * 65536))
        sending.heard(late, 5.0 + second + 0.060)
    assert abs(sending.round_trip_s - 0.040) < 0.001
    assert len(sending._reported) <= 4


def test_a_wish_across_the_wrap_is_granted_as_the_library_reads_it() -> None:
    sending, line = started(PLAIN)
    for sequence in (65_535, 0, 1):
        sending.send(sequence, 3000, True, b"part", 1.0)
    sending.repeat([65_535, 65_536, 65_537], 1.1)
    assert [sent.sequence_number for sent in line.rtp[3:]] == [65_535, 0, 1]


def test_a_line_is_filled_with_what_the_peer_has_had_long_ago() -> None:
    sending, line = started()
    for number in range(2 * PADDING_BACK):
        sending.send(number, number * 90, True, bytes(1000), 1.0)
    line.rtp.clear()
    assert sending.pad(2500, 2.0) == 3000
    assert {packet.ssrc for packet in line.rtp} == {AGAIN}
    numbers = [int.from_bytes(packet.payload[:2], "big") for packet in line.rtp]
    assert max(numbers) < PADDING_BACK, "nobody waits for those any more"


def test_a_line_without_retransmissions_of_their_own_is_not_filled() -> None:
    sending, line = started(PLAIN)
    for number in range(2 * PADDING_BACK):
        sending.send(number, 0, True, bytes(1000), 1.0)
    line.rtp.clear()
    assert sending.pad(2500, 2.0) == 0
    assert line.rtp == []


def test_a_stream_that_rests_sends_nothing_again() -> None:
    sending, line = started()
    sending.send(1, 0, True, b"picture", 1.0)
    sending.resting = True
    sending.repeat([1], 1.1)
    assert len(line.rtp) == 1
    sending.resting = False
    sending.repeat([1], 1.2)
    assert len(line.rtp) == 2
