"""H.264 payloads into NAL units, and Annex B streams back into them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.assembly import Fragment
from media.errors import MediaError
from media.h264 import START_CODE, aggregate, begun, depacketise, joined, kind_of, shows, units

SPS, PPS, IDR, SLICE, DELIMITER = b"\x67sps", b"\x68pps", b"\x65picture", b"\x61difference", b"\x09\xf0"
UNITS = st.lists(
    st.builds(
        lambda kind, body: bytes((0x60 | kind,)) + body.replace(b"\x00", b"\x01") + b"\x80",
        st.integers(1, 23),
        st.binary(max_size=40),
    ),
    min_size=1,
    max_size=6,
)


def stap(*found: bytes) -> bytes:
    return b"\x78" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in found)


def fragments(unit: bytes, size: int) -> list[bytes]:
    pieces = [unit[1:][at : at + size] for at in range(0, len(unit) - 1, size)] or [b""]
    last = len(pieces) - 1
    return [
        bytes((unit[0] & 0xE0 | 28, unit[0] & 31 | (0x80 if at == 0 else 0) | (0x40 if at == last else 0))) + piece
        for at, piece in enumerate(pieces)
    ]


def test_a_single_unit_is_itself_behind_a_start_code() -> None:
    assert depacketise(SLICE) == Fragment(START_CODE + SLICE, None, False)
    assert depacketise(IDR) == Fragment(START_CODE + IDR, None, True)


def test_what_must_stand_in_front_of_a_picture_opens_a_frame() -> None:
    assert depacketise(SPS).begins
    assert depacketise(DELIMITER).begins
    assert depacketise(stap(SPS, PPS)).begins
    assert depacketise(PPS).begins is None
    assert depacketise(stap(PPS, IDR)) == Fragment(joined([PPS, IDR]), None, True)


@given(UNITS)
def test_aggregated_units_come_apart_as_they_were(found: list[bytes]) -> None:
    assert units(depacketise(stap(*found)).payload) == found


@given(UNITS, st.integers(1, 30))
def test_fragments_join_to_the_unit_that_was_cut(found: list[bytes], size: int) -> None:
    parts = [depacketise(piece) for piece in fragments(found[0], size)]
    assert units(b"".join(part.payload for part in parts)) == found[:1]
    assert parts[0].key == (kind_of(found[0]) == 5)
    assert all(part.begins is False and not part.key for part in parts[1:])


@given(UNITS)
def test_a_stream_is_taken_apart_and_joined(found: list[bytes]) -> None:
    assert units(joined(found)) == found
    assert units(b"\x00\x00\x01".join([b"before", *found]) + b"\x00\x00") == found


def test_only_parts_of_pictures_show_something() -> None:
    assert [shows(unit) for unit in (SLICE, IDR, SPS, PPS, DELIMITER, b"\x06sei")] == [True, True] + [False] * 4


@pytest.mark.parametrize("payload", [b"\x00unspecified", b"\x7ereserved", b"\x7f"])
def test_what_no_receiver_knows_fills_its_place_only(payload: bytes) -> None:
    assert depacketise(payload) == Fragment(b"", None, False)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x78",  # aggregates nothing
        b"\x78\x00",
        b"\x78\x00\x00",
        b"\x78\x00\x05\x67ab",
        stap(SPS) + b"\x01",
        stap(stap(SPS)),  # nested
        b"\x7c",  # a fragment without its header
        b"\x7c\x80",  # of no unit
        b"\x7c\x9c",  # of a fragment
        b"\x79\x00\x00\x00\x01a",  # STAP-B, which belongs to the mode that is not agreed on
        b"\x7d\x85\x00\x00ab",  # FU-B
    ],
)
def test_what_is_no_payload_is_a_media_error(payload: bytes) -> None:
    with pytest.raises(MediaError):
        depacketise(payload)


@given(st.binary(max_size=60))
def test_any_bytes_give_a_fragment_or_a_media_error(payload: bytes) -> None:
    try:
        fragment = depacketise(payload)
    except MediaError:
        return
    assert len(fragment.payload) <= 2 * len(payload) + len(START_CODE)
    assert all(units(fragment.payload))


@given(st.binary(max_size=200))
def test_any_bytes_give_units(stream: bytes) -> None:
    assert all(units(stream))


@given(UNITS, st.integers(1, 30))
def test_what_begins_in_a_packet_is_found_whole_or_as_far_as_it_goes(found: list[bytes], size: int) -> None:
    payload = aggregate(found)
    assert payload == bytes((max(unit[0] & 0x60 for unit in found) | 24,)) + stap(*found)[1:]
    assert begun(payload) == found
    first, *rest = fragments(found[0], size)
    (head,) = begun(first)
    assert found[0].startswith(head)
    assert [begun(piece) for piece in rest] == [[]] * len(rest)


def test_nothing_begins_in_what_is_unknown_and_what_is_damaged_is_said_to_be() -> None:
    assert begun(b"\x1e\x01") == []
    with pytest.raises(MediaError):
        begun(b"\x79\x00\x00")
