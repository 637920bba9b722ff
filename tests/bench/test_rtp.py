"""Packets as bytes: what is written is read again, by us and by the library that the server stands on."""

from __future__ import annotations

import pytest
from aiortc.rtp import RtcpPacket, RtcpRtpfbPacket, RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from bench import rtp


@given(
    number=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=50),
    marker=st.booleans(),
)
def test_a_stamped_packet_is_read_alike_by_us_and_by_the_library(
    number: int, timestamp: int, payload: bytes, marker: bool
) -> None:
    plain = rtp.stamped(96, number, timestamp, 7, payload, marker=marker, now_s=12.5)
    assert rtp.parse(plain) == rtp.Parsed(96, marker, number, timestamp, 7, payload)
    theirs = RtpPacket.parse(plain)
    assert (theirs.sequence_number, theirs.timestamp, theirs.payload) == (number, timestamp, payload)


def test_abs_send_time_is_seconds_with_18_bits_of_fraction() -> None:
    plain = rtp.stamped(96, 1, 1, 7, b"x", marker=False, now_s=64.5)
    assert int.from_bytes(plain[17:20], "big") == 1 << 17


def test_a_packet_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        rtp.parse(b"\x80\x60")
    with pytest.raises(ValueError, match="cut off"):
        rtp.parse(b"\x90\x60" + bytes(10))


def test_a_nack_names_lost_packets_to_us_and_to_the_library() -> None:
    wire = rtp.nack(1, 2, [10, 11, 65_535])
    assert list(rtp.rtcp(wire)) == [rtp.Feedback(2, lost=(10, 11, 65_535))]
    (theirs,) = RtcpPacket.parse(wire)
    assert isinstance(theirs, RtcpRtpfbPacket)
    assert sorted(theirs.lost) == [10, 11, 65_535]


def test_packed_nacks_of_others_are_unpacked() -> None:
    theirs = RtcpRtpfbPacket(fmt=1, ssrc=1, media_ssrc=2, lost=[100, 101, 116])
    assert [said.lost for said in rtp.rtcp(bytes(theirs)) if isinstance(said, rtp.Feedback)] == [(100, 101, 116)]


@given(st.integers(1_000, 50_000_000))
def test_a_bitrate_survives_remb_to_its_18_bits(bits_per_s: int) -> None:
    (said,) = rtp.rtcp(rtp.remb(1, 2, bits_per_s))
    assert isinstance(said, rtp.Feedback)
    assert said.bits_per_s is not None
    assert 0 <= bits_per_s - said.bits_per_s < max(1, bits_per_s >> 17)


def test_a_compound_packet_gives_report_and_wish_in_their_order() -> None:
    wire = rtp.sender_report(5, 1_700_000_000.25, 90_000, 3, 300) + rtp.pli(1, 5)
    report, wish = rtp.rtcp(wire)
    assert isinstance(report, rtp.SenderReport)
    assert report.ntp_s == pytest.approx(1_700_000_000.25)
    assert wish == rtp.Feedback(5, key_frame=True)
    assert len(RtcpPacket.parse(wire)) == 3


def test_a_receiver_report_is_understood_by_the_library() -> None:
    report = RtcpPacket.parse(rtp.receiver_report(1, 2, 70_000, 3, 12, 99, 0.5))[0]
    assert [(one.ssrc, one.packets_lost, one.highest_sequence, one.dlsr) for one in report.reports] == [  # type: ignore[union-attr]
        (2, 3, 70_000, 32_768)
    ]


@pytest.mark.parametrize(("begins", "picture_id"), [(True, 5), (False, 0x7FFF)])
def test_vp8_content_lies_behind_its_descriptor(begins: bool, picture_id: int) -> None:
    assert rtp.vp8_content(rtp.vp8_descriptor(begins, picture_id) + b"data") == (b"data", begins)


def test_numbers_are_unwrapped_to_the_nearest() -> None:
    assert rtp.unwrap(2, 65_530, 16) == 65_538
    assert rtp.unwrap(65_530, 65_538, 16) == 65_530
