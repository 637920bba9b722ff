"""The numbers of an outgoing picture go on, whatever it is made of and however often that changes."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field

from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import given
from hypothesis import strategies as st

from media.numbering import CLOCK_HZ, LEAST_STEP, MOST_STEP_S, Numbering, PicturePacket
from media.vp8_rtp import ID_RANGE, LEVEL_RANGE, describe

PARTS = 3


@dataclass
class Source:
    """A stream that counts as it likes: PictureIDs of 7 or 15 bits or none, TL0PICIDX or none."""

    number: int
    timestamp: int
    picture_id: int
    id_bits: int | None
    level: int | None
    waiting: list[PicturePacket] = field(default_factory=list)

    def picture(self) -> list[PicturePacket]:
        packets = []
        for part in range(PARTS):
            shown = None if self.id_bits is None else self.picture_id % (1 << self.id_bits)
            descriptor = bytes(VpxPayloadDescriptor(part == 0, 0, shown, self.level))
            if self.id_bits == 7 and shown is not None:
                descriptor = descriptor[:2] + bytes((shown,)) + descriptor[4:]
            payload = descriptor + b"\x00body"
            about = describe(payload)
            packets.append(PicturePacket(self.number, self.timestamp, part == PARTS - 1, payload, about))
            self.number += 1
        self.timestamp = (self.timestamp + 3000) & 0xFFFFFFFF
        self.picture_id += 1
        if self.level is not None:
            self.level = (self.level + 1) % LEVEL_RANGE
        return packets


SOURCES = st.builds(
    Source,
    number=st.integers(1 << 16, 1 << 20),
    timestamp=st.one_of(st.integers(0, 0xFFFFFFFF), st.integers(0xFFFFFFFF - 9000, 0xFFFFFFFF)),
    picture_id=st.one_of(st.integers(0, ID_RANGE - 1), st.sampled_from([120, 127, ID_RANGE - 2])),
    id_bits=st.sampled_from([None, 7, 15]),
    level=st.one_of(st.none(), st.integers(0, 255), st.sampled_from([254, 255])),
)


@dataclass
class Sent:
    """One outgoing packet, with what it was made from."""

    sequence: int
    timestamp: int
    picture_id: int | None
    level: int | None
    stretch: int
    picture: int


def read(payload: bytes) -> tuple[int | None, int | None]:
    descriptor, body = VpxPayloadDescriptor.parse(payload)
    assert body == b"\x00body"
    return descriptor.picture_id, descriptor.tl0picidx


def play(numbering: Numbering, stretches: list[tuple[Source | None, int]], chance: random.Random) -> list[Sent]:
    """Show pictures of sources, forwarded (out of order, and with losses) or made (None), a stretch after the other."""
    sent: list[Sent] = []
    now, picture, made_timestamp = 100.0, 0, chance.randrange(1 << 32)
    for stretch, (source, pictures) in enumerate(stretches):
        if source is None:
            numbering.begin(made_timestamp & 0xFFFFFFFF, now)
            for _ in range(pictures):
                timestamp, picture_id = numbering.frame(made_timestamp, now)
                sent += [Sent(numbering.next(), timestamp, picture_id, None, stretch, picture) for _ in range(PARTS)]
                made_timestamp, now, picture = made_timestamp + 3000, now + 1 / 30, picture + 1
            continue
        line: list[tuple[float, int, PicturePacket]] = []
        for at in range(pictures):
            packets = source.picture()
            line += [
                (packet.number + 4 * chance.random(), picture + at, packet)
                for packet in packets
                if packet.descriptor is not None and (packet.descriptor.begins or chance.random() > 0.1)
            ]
        for at, (_, number, packet) in enumerate([*line[:1], *sorted(line[1:], key=lambda one: one[0])]):
            if at == 0:
                numbering.begin(packet.timestamp, now, packet)
            forwarded = numbering.forward(packet, now)
            assert forwarded is not None
            sequence, timestamp, payload = forwarded
            sent.append(Sent(sequence, timestamp, *read(payload), stretch, number))
            now += 1 / 90
        picture += pictures
    return sent


STRETCHES = st.lists(st.tuples(st.none() | SOURCES, st.integers(1, 12)), min_size=1, max_size=8)


@given(
    st.one_of(st.integers(0, 0x7FFF), st.just(0xFFFE)), st.integers(0, 0xFFFFFFFF), STRETCHES, st.integers(0, 1 << 32)
)
def test_whatever_it_is_made_of_and_however_often_that_changes_the_numbers_go_on(
    sequence: int, timestamp: int, stretches: list[tuple[Source | None, int]], seed: int
) -> None:
    sent = play(Numbering(sequence, timestamp), stretches, random.Random(seed))
    assert sent[0].sequence == sequence
    assert sent[0].timestamp == timestamp
    assert len({one.sequence for one in sent}) == len(sent), "no number stands for two packets"

    number = sequence
    for stretch in range(len(stretches)):
        numbers = [(one.sequence - number) & 0xFFFF for one in sent if one.stretch == stretch]
        assert numbers[0] == 0, "it goes on by one where the picture changes"
        number += max(numbers) + 1

    stamps: dict[int, set[int]] = {}
    ids: dict[int, set[int]] = {}
    levels: dict[int, set[int]] = {}
    for one in sent:
        stamps.setdefault(one.picture, set()).add(one.timestamp)
        if one.picture_id is not None:
            ids.setdefault(one.picture, set()).add(one.picture_id)
        if one.level is not None:
            levels.setdefault(one.picture, set()).add(one.level)
    assert all(len(of_one) == 1 for of_one in (*stamps.values(), *ids.values(), *levels.values()))

    pictures = sorted(stamps)
    for before, after in itertools.pairwise(pictures):
        step = (min(stamps[after]) - min(stamps[before])) & 0xFFFFFFFF
        assert LEAST_STEP <= step < MOST_STEP_S * CLOCK_HZ
    with_ids, with_levels = sorted(ids), sorted(levels)
    first_ids = [min(ids[one]) for one in with_ids]
    assert first_ids == [(first_ids[0] + at) % ID_RANGE for at in range(len(first_ids))] if first_ids else True
    first_levels = [min(levels[one]) for one in with_levels]
    assert first_levels == [(first_levels[0] + at) % LEVEL_RANGE for at in range(len(first_levels))] or not levels


def source(id_bits: int | None = 15, picture_id: int = 7, number: int = 70_000) -> Source:
    return Source(number, 5000, picture_id, id_bits, None)


def test_the_first_stream_keeps_its_payloads_byte_for_byte() -> None:
    numbering, stream = Numbering(7, 9), source()
    for at in range(5):
        for packet in stream.picture():
            if at == 0 and packet.number == 70_000:
                numbering.begin(packet.timestamp, 1.0, packet)
            forwarded = numbering.forward(packet, 1.0)
            assert forwarded is not None
            assert forwarded[2] is packet.payload


def test_what_lies_before_the_picture_it_began_with_is_not_forwarded() -> None:
    numbering, stream = Numbering(7, 9), source()
    before, first = stream.picture(), stream.picture()
    numbering.begin(first[0].timestamp, 1.0, first[0])
    assert numbering.forward(before[-1], 1.0) is None
    forwarded = numbering.forward(first[0], 1.0)
    assert forwarded is not None
    assert forwarded[:2] == (7, 9)


def test_where_the_picture_changes_time_goes_on_as_long_as_it_took_and_no_more_than_ten_seconds() -> None:
    for pause_s, step in ((0.0, LEAST_STEP), (0.5, 45_000), (3600.0, int(MOST_STEP_S * CLOCK_HZ))):
        numbering = Numbering(0, 1000)
        numbering.begin(77, 1.0)
        assert numbering.frame(77, 1.0) == (1000, 0)
        numbering.begin(123_456, 1.0 + pause_s)
        assert numbering.frame(123_456, 1.0 + pause_s) == (1000 + step, 1)


def test_padding_keeps_its_place_and_moves_nothing_else() -> None:
    numbering, stream = Numbering(7, 9), source()
    first = stream.picture()
    numbering.begin(first[0].timestamp, 1.0, first[0])
    for packet in first:
        numbering.forward(packet, 1.0)
    padding = PicturePacket(stream.number, first[0].timestamp, False, b"", None)
    stream.number += 1
    assert numbering.forward(padding, 1.0) == (7 + PARTS, 9, b"")
    numbering.begin(1, 1.1)
    assert numbering.frame(1, 1.1)[1] == 8
    assert numbering.next() == 7 + PARTS + 1


def test_a_picture_id_of_seven_bits_goes_on_as_one_of_fifteen() -> None:
    numbering, stream, ids = Numbering(7, 9), source(7, 120), []
    for at in range(300):
        for packet in stream.picture():
            if at == 0 and packet.number == 70_000:
                numbering.begin(packet.timestamp, 1.0, packet)
            forwarded = numbering.forward(packet, 1.0)
            assert forwarded is not None
            ids.append(read(forwarded[2])[0])
    assert ids[::PARTS] == list(range(120, 420))


def h264(number: int, timestamp: int = 5000) -> PicturePacket:
    return PicturePacket(number, timestamp, True, b"\x41", None, "h264")


def test_a_packet_of_ours_finds_room_in_front_of_one_that_comes_in_order() -> None:
    numbering = Numbering(0xFFFE, 9)
    numbering.begin(5000, 1.0, h264(70_000))
    assert numbering.ahead(h264(70_000)) == (0xFFFE, 9)
    assert numbering.forward(h264(70_000), 1.0) == (0xFFFF, 9, b"\x41")
    assert numbering.forward(h264(70_002, 8000), 1.0) == (1, 3009, b"\x41")
    assert numbering.ahead(h264(70_004, 8000)) is None, "70003 is still missing"
    assert numbering.forward(h264(70_003, 8000), 1.0) == (2, 3009, b"\x41")
    assert numbering.ahead(h264(70_004, 11_000)) == (3, 6009)
    assert numbering.forward(h264(70_004, 11_000), 1.0) == (4, 6009, b"\x41")
    assert numbering.forward(h264(70_001), 1.0) == (0, 9, b"\x41"), "late, and from before: its old place"
    assert numbering.forward(h264(69_999), 1.0) is None


def test_picture_ids_go_on_where_vp8_comes_back() -> None:
    numbering, stream = Numbering(7, 9), source()
    for packet in stream.picture():
        if packet.number == 70_000:
            numbering.begin(packet.timestamp, 1.0, packet)
        numbering.forward(packet, 1.0)
    numbering.begin(77, 1.0, h264(90_000))
    assert numbering.forward(h264(90_000), 1.0) is not None
    (first, *_) = stream.picture()
    numbering.begin(first.timestamp, 1.1, first)
    forwarded = numbering.forward(first, 1.1)
    assert forwarded is not None
    assert forwarded[0] == 7 + PARTS + 1
    assert read(forwarded[2])[0] == 8
