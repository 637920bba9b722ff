"""VP8 in RTP packets, against the library's reading of the same."""

from __future__ import annotations

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import example, given
from hypothesis import strategies as st

from media.assembly import EncodedFrame
from media.errors import MediaError
from media.picture_in import PictureIn
from media.vp8_rtp import ID_RANGE, LARGEST_PAYLOAD, Descriptor, describe, packetise, renumbered, size

BODIES = st.binary(min_size=1, max_size=30)
LEVELS = st.none() | st.integers(0, 255)


@st.composite
def descriptors(draw: st.DrawFn) -> bytes:
    """Any descriptor that a sender may write, with a PictureID of 7 bits, 15, or none."""
    begins, partition = draw(st.booleans()), draw(st.integers(0, 7))
    picture_id, level = draw(st.none() | st.integers(0, ID_RANGE - 1)), draw(LEVELS)
    tid = draw(st.none() | st.tuples(st.integers(0, 3), st.integers(0, 1)))
    key_index = draw(st.none() | st.integers(0, 31))
    written = bytes(VpxPayloadDescriptor(begins, partition, picture_id, level, tid, key_index))
    if picture_id is not None and picture_id < 128 and draw(st.booleans()):
        return written[:2] + bytes((picture_id,)) + written[4:]
    return written


@given(descriptors(), BODIES)
def test_a_descriptor_is_read_as_the_library_reads_it(descriptor: bytes, body: bytes) -> None:
    theirs, rest = VpxPayloadDescriptor.parse(descriptor + body)
    ours = describe(descriptor + body)
    assert (descriptor + body)[ours.body :] == rest == body
    assert ours.begins == (theirs.partition_start == 1 and theirs.partition_id == 0)
    assert ours.key == (ours.begins and not body[0] & 1)
    assert bool(ours.id_at) == (theirs.picture_id is not None)
    assert ours.picture_id == (theirs.picture_id or 0)
    assert bool(ours.level_at) == (theirs.tl0picidx is not None)
    if theirs.tl0picidx is not None:
        assert descriptor[ours.level_at] == theirs.tl0picidx


@given(st.binary(min_size=1, max_size=8))
@example(b"\x80\x40")
@example(b"\x80\x20")
@example(b"\x90\x80\x81")
@example(b"\x10")
def test_of_random_bytes_it_reads_what_lies_within_them_or_refuses_them(payload: bytes) -> None:
    try:
        theirs: tuple[VpxPayloadDescriptor, bytes] | None = VpxPayloadDescriptor.parse(payload)
    except ValueError:
        theirs = None
    try:
        ours = describe(payload)
    except MediaError:
        begins = payload[0] & 0x17 == 0x10
        assert theirs is None or (begins and not theirs[1]), "cut off, or a frame that begins with nothing"
        return
    assert theirs is not None
    assert payload[ours.body :] == theirs[1]
    assert max(ours.body, ours.level_at + 1, ours.id_at + ours.id_bytes) <= max(len(payload), 1)


@given(descriptors(), BODIES, st.integers(0, ID_RANGE - 1), st.integers(0, 255))
def test_what_is_renumbered_has_the_new_numbers_where_it_had_numbers_and_is_else_the_same(
    descriptor: bytes, body: bytes, picture_id: int, level: int
) -> None:
    payload = descriptor + body
    before, rest = VpxPayloadDescriptor.parse(payload)
    after, after_rest = VpxPayloadDescriptor.parse(renumbered(payload, describe(payload), picture_id, level))
    assert after_rest == rest
    assert after.picture_id == (None if before.picture_id is None else picture_id)
    assert after.tl0picidx == (None if before.tl0picidx is None else level)
    assert (after.partition_start, after.partition_id, after.tid, after.keyidx) == (
        before.partition_start,
        before.partition_id,
        before.tid,
        before.keyidx,
    )


KEY = b"\x10\x02\x00\x9d\x01\x2a\x40\x01\x00\x41"  # 320x256, with a wish to be enlarged


@given(st.integers(0, 5 * LARGEST_PAYLOAD), st.integers(0, ID_RANGE - 1))
@example(LARGEST_PAYLOAD - 4 - len(KEY), 0)
@example(LARGEST_PAYLOAD - 3 - len(KEY), ID_RANGE - 1)
def test_a_frame_that_was_cut_into_packets_is_put_together_again(more: int, picture_id: int) -> None:
    frame = KEY + bytes(at % 251 for at in range(more))
    payloads = list(packetise(frame, picture_id))
    assert all(len(payload) <= LARGEST_PAYLOAD for payload in payloads)
    assert max(map(len, payloads)) - min(map(len, payloads)) <= len(payloads), "of about equal size"
    assert len(payloads) == -(-len(frame) // (LARGEST_PAYLOAD - 4)), "and no more than it takes"
    theirs = [VpxPayloadDescriptor.parse(payload) for payload in payloads]
    assert [read.partition_start for read, _ in theirs] == [1] + [0] * (len(payloads) - 1)
    assert {read.picture_id for read, _ in theirs} == {picture_id}
    assert b"".join(rest for _, rest in theirs) == frame
    picture = PictureIn("vp8")
    frames: list[EncodedFrame] = []
    for at, payload in enumerate(payloads):
        frames += picture.frames(picture.read(at, 3000, at == len(payloads) - 1, payload))
    assert [whole.payload for whole in frames] == [frame]
    assert picture.size == (320, 256)


def test_the_size_is_read_from_the_packet_that_opens_a_key_frame_and_no_other() -> None:
    (payload,) = packetise(KEY, 5)
    assert size(payload, describe(payload).body) == (320, 256)
    for wrong in (b"\x10\x11\x02\x00" + bytes(9), b"\x10" + KEY[:9], b"\x10" + bytes(20)):
        with pytest.raises(MediaError):
            size(wrong, 1)


def test_the_shortest_descriptor_is_one_byte() -> None:
    assert describe(b"\x00more") == Descriptor(1, begins=False, key=False)
    assert describe(b"\x10\x01more") == Descriptor(1, begins=True, key=False)
    assert describe(b"\x30\x00more") == Descriptor(1, begins=True, key=True), "N says that nothing hangs on it"
