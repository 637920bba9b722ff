"""RTP packets as bytes, against the library's reading and writing of the same."""

from __future__ import annotations

import struct

import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, unwrap_rtx, wrap_rtx
from aiortc.rtp import RtpPacket as LibraryPacket
from hypothesis import given
from hypothesis import strategies as st

from media.rtp import SEND_TIME_HZ, HeaderWriter, RtpPacket, nearest, parse, unwrap_again, wrap_again

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

IDS = st.integers(0, 14)
TYPES = st.integers(0, 127)
SEQUENCES = st.integers(0, 0xFFFF)
WORDS = st.integers(0, 0xFFFFFFFF)
PAYLOADS = st.binary(max_size=60)
MIDS = st.text("abc019", min_size=1, max_size=16)


def known(**ids: int) -> HeaderExtensionsMap:
    """What the library knows of header extensions, by number."""
    uris = {"mid": MID, "send_time": SEND_TIME, "level": LEVEL}
    extensions = [RTCRtpHeaderExtensionParameters(id=number, uri=uris[name]) for name, number in ids.items() if number]
    made = HeaderExtensionsMap()
    made.configure(RTCRtpParameters(headerExtensions=extensions))
    return made


@given(TYPES, st.booleans(), SEQUENCES, WORDS, WORDS, PAYLOADS, MIDS, IDS, IDS, st.floats(0, 1e7))
def test_the_library_reads_what_we_write(
    payload_type: int,
    marker: bool,
    sequence: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    mid: str,
    mid_id: int,
    time_id: int,
    now: float,
) -> None:
    mid_id = 0 if mid_id == time_id else mid_id
    data = HeaderWriter(mid, mid_id, time_id).packet(payload_type, marker, sequence, timestamp, ssrc, payload, now)
    read = LibraryPacket.parse(data, known(mid=mid_id, send_time=time_id))
    assert (read.payload_type, bool(read.marker), read.sequence_number) == (payload_type, marker, sequence)
    assert (read.timestamp, read.ssrc, read.payload, read.csrc) == (timestamp, ssrc, payload, [])
    assert read.extensions.mid == (mid if mid_id else None)
    sent = int(now * SEND_TIME_HZ) & 0xFFFFFF
    assert read.extensions.abs_send_time == (sent if time_id else None)
    ours = parse(data, time_id)
    assert ours == RtpPacket(
        payload_type, marker, sequence, timestamp, ssrc, payload, sent if time_id else None, len(payload)
    )


@given(st.integers(15, 255), MIDS)
def test_extensions_that_a_short_header_has_no_number_for_are_left_out(number: int, mid: str) -> None:
    data = HeaderWriter(mid, number, number).packet(96, True, 1, 2, 3, b"payload", 1.0)
    assert LibraryPacket.parse(data).payload == b"payload"
    assert len(data) == 12 + len(b"payload")


@given(
    st.tuples(TYPES, st.integers(0, 1), SEQUENCES, WORDS, WORDS, PAYLOADS),
    st.lists(WORDS, max_size=15),
    st.integers(0, 255),
    st.none() | st.integers(0, 0xFFFFFF),
    st.none() | MIDS,
    st.booleans(),
    st.integers(1, 14),
)
def test_we_read_what_the_library_writes(
    header: tuple[int, int, int, int, int, bytes],
    csrc: list[int],
    padding: int,
    send_time: int | None,
    mid: str | None,
    spoken: bool,
    time_id: int,
) -> None:
    packet = LibraryPacket(*header)
    packet.csrc, packet.padding_size = csrc, padding
    packet.extensions.abs_send_time, packet.extensions.mid = send_time, mid
    packet.extensions.audio_level = (spoken, 30) if spoken else None
    others = {"mid": time_id % 14 + 1, "level": (time_id + 1) % 14 + 1}
    read = parse(packet.serialize(known(send_time=time_id, **others)), time_id)
    assert (read.payload_type, read.marker, read.sequence, read.timestamp, read.ssrc, read.payload) == header
    assert read.send_time == send_time
    assert read.size == len(header[5]) + padding


@given(st.binary(max_size=80), st.integers(0, 15))
def test_of_random_bytes_we_read_what_the_library_does_or_refuse_them(data: bytes, time_id: int) -> None:
    for noise in (data, bytes((0x80 | (data[0] & 0x3F),)) + data[1:] if data else b""):
        try:
            expected: LibraryPacket | None = LibraryPacket.parse(noise)
        except ValueError:
            expected = None
        try:
            read: RtpPacket | None = parse(noise, time_id)
        except ValueError:
            read = None
        if expected is not None:
            assert read is not None
            assert (read.sequence, read.timestamp, read.ssrc, read.payload) == (
                expected.sequence_number,
                expected.timestamp,
                expected.ssrc,
                expected.payload,
            )
        elif read is not None:
            assert noise[0] & 0x10, "only where extensions that we do not use are damaged are we less strict"


@given(st.data())
def test_a_packet_that_was_cut_off_within_its_header_is_refused(data: st.DataObject) -> None:
    packet = LibraryPacket(96, 1, 2, 3, 4, b"")
    packet.csrc = data.draw(st.lists(WORDS, max_size=15))
    packet.extensions.abs_send_time = 5
    whole = packet.serialize(known(send_time=3))
    assert parse(whole, 3).send_time == 5
    with pytest.raises(ValueError):
        parse(whole[: data.draw(st.integers(0, len(whole) - 1))], 3)


def extended(elements: bytes, profile: int = 0xBEDE) -> bytes:
    elements += bytes(-len(elements) % 4)
    head = struct.pack("!BBHLL", 0x90, 96, 1, 2, 3)
    return head + struct.pack("!HH", profile, len(elements) // 4) + elements + b"payload"


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        (b"\x32\x01\x02\x03", 0x010203),
        (b"\x00\x00\x51\xaa\xbb\x32\x01\x02\x03", 0x010203),
        (b"\x51\xaa\xbb", None),
        (b"\x31\x01\x02", None),
        (b"\x42\x01\x02\x00\x00\x00\x32\x01", None),
    ],
    ids=["alone", "behind others", "absent", "of another length", "cut off"],
)
def test_when_it_was_sent_is_found_among_other_extensions(elements: bytes, expected: int | None) -> None:
    read = parse(extended(elements), 3)
    assert read.send_time == expected
    assert read.payload == b"payload"
    assert parse(extended(elements), 0).send_time is None
    assert parse(extended(elements, profile=0x1000), 3).send_time is None


@given(TYPES, SEQUENCES, WORDS, PAYLOADS, SEQUENCES)
def test_retransmissions_are_the_librarys(
    again_type: int, sequence: int, timestamp: int, payload: bytes, again: int
) -> None:
    original = LibraryPacket(96, 1, sequence, timestamp, 7, payload)
    theirs = wrap_rtx(original, again_type, again, 8)
    assert theirs.payload == wrap_again(sequence, payload)
    ours = unwrap_again(parse(theirs.serialize(), 0), 96, 7)
    assert ours == RtpPacket(96, True, sequence, timestamp, 7, payload, None, len(payload) + 2)
    back = unwrap_rtx(LibraryPacket(again_type, 1, again, timestamp, 8, wrap_again(sequence, payload)), 96, 7)
    assert (back.sequence_number, back.payload, back.ssrc) == (sequence, payload, 7)


@pytest.mark.parametrize("payload", [b"", b"\x01"])
def test_a_retransmission_of_nothing_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError):
        unwrap_again(RtpPacket(97, False, 1, 2, 3, payload, None, len(payload)), 96, 7)


@given(st.integers(1, 32), st.integers(-(1 << 40), 1 << 40), st.data())
def test_the_nearest_number_ends_as_it_came_and_lies_within_half_a_turn(
    bits: int, to: int, data: st.DataObject
) -> None:
    value = data.draw(st.integers(0, (1 << bits) - 1))
    found = nearest(value, bits, to)
    assert found % (1 << bits) == value
    assert -(1 << bits) <= 2 * (found - to) < 1 << bits
