"""The numbers of one outgoing picture: they go on whatever it is made of, forwarded packets or frames made here.

A receiver takes sequence numbers, timestamps and PictureIDs that break off for a fault, so all of them continue where
the picture changes its source or its way, at a key frame (RFC 7667 section 3.7, RFC 7741 section 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass

from media.rtp import nearest
from media.vp8_rtp import ID_RANGE, LEVEL_RANGE, Descriptor, renumbered

CLOCK_HZ = 90_000
LEAST_STEP = 90
"""At least 1 ms between the last picture of one source and the first of another."""
MOST_STEP_S = 10.0
"""More is not counted: a viewer that saw nothing for an hour needs no jump of an hour."""


@dataclass(slots=True)
class PicturePacket:
    """One packet of a source's picture, as the viewers' connections are handed it."""

    number: int
    """The source's sequence number, without wrap."""
    timestamp: int
    """90 kHz, 32 bits, as the source stamped it."""
    marker: bool
    payload: bytes
    """With its codec's payload descriptor; empty for padding, which only fills its place."""
    descriptor: Descriptor | None
    """What it says as VP8; None for padding and for other codecs."""
    codec: str = "vp8"
    """Or `h264`."""
    sets: bytes | None = None
    """Of H.264, where a viewer may begin with this packet: the payload that it needs before, empty where this one has
    it all. None: nobody may."""
    bare: bool = False
    """Whether this picture came without the sets that its decoder needs, so that everybody needs them."""

    @property
    def key(self) -> bool:
        """Whether a viewer may begin with this packet."""
        return self.sets is not None if self.descriptor is None else self.descriptor.key


class Numbering:
    """One outgoing stream. `sequence` and `timestamp` are where it begins (16 and 32 bits)."""

    __slots__ = (
        *("_first", "_highest", "_id", "_id_offset", "_level", "_level_offset", "_now", "_offset", "_shift"),
        *("_former_first", "_former_offset", "_source_id", "_timestamp"),
    )

    def __init__(self, sequence: int, timestamp: int) -> None:
        self._highest = (1 << 16) + sequence - 1
        self._timestamp = timestamp
        self._now: float | None = None
        self._id: int | None = None
        self._level: int | None = None
        self._first = self._former_first = 0
        self._offset = self._former_offset = 0  # of sequence numbers
        self._shift = 0  # of timestamps
        self._id_offset = 0
        self._level_offset = 0
        self._source_id = 0

    def begin(self, timestamp: int, now: float, packet: PicturePacket | None = None) -> None:
        """Another source, or another way: its first picture has `timestamp` (32 bits, 90 kHz) at monotonic `now`.

        `packet` is the one that opens it where packets are forwarded.
        """
        step_s = 0.0 if self._now is None else min(MOST_STEP_S, now - self._now)
        step = 0 if self._now is None else max(LEAST_STEP, int(step_s * CLOCK_HZ))
        self._shift = self._timestamp + step - timestamp
        if packet is None:
            return
        self._first, self._offset = packet.number, self._highest + 1 - packet.number
        self._former_first = self._first
        about = packet.descriptor
        if about is None:
            return
        if about.id_at:
            self._source_id = about.picture_id
            self._id_offset = 0 if self._id is None else self._id + 1 - about.picture_id
        if about.level_at:
            level = packet.payload[about.level_at]
            self._level_offset = 0 if self._level is None else self._level + 1 - level

    def ahead(self, packet: PicturePacket) -> tuple[int, int] | None:
        """Sequence number and timestamp of a packet of ours in front of this one, which `forward` is called for next.

        None where packets before it are missing: there is no room for another.
        """
        if packet.number + self._offset != self._highest + 1:
            return None
        self._former_first, self._former_offset = self._first, self._offset
        self._first, self._offset = packet.number, self._offset + 1
        return self.next(), (packet.timestamp + self._shift) & 0xFFFFFFFF

    def forward(self, packet: PicturePacket, now: float) -> tuple[int, int, bytes] | None:
        """Sequence number, timestamp and payload of one packet for this viewer; None for one from before `begin`."""
        if packet.number < self._former_first:
            return None
        number = packet.number + (self._offset if packet.number >= self._first else self._former_offset)
        timestamp = (packet.timestamp + self._shift) & 0xFFFFFFFF
        payload, about = packet.payload, packet.descriptor
        picture_id = level = source_id = 0
        if about is not None:
            if about.id_at:
                bits = 15 if about.id_bytes == 2 else 7
                source_id = nearest(about.picture_id, bits, self._source_id)
                picture_id = (source_id + self._id_offset) % ID_RANGE
            if about.level_at:
                level = (payload[about.level_at] + self._level_offset) % LEVEL_RANGE
            if self._id_offset or self._level_offset or about.id_bytes == 1:
                payload = renumbered(payload, about, picture_id, level)
        if number > self._highest:
            self._highest, self._timestamp, self._now = number, timestamp, now
            if about is not None and about.id_at:
                self._id, self._source_id = picture_id, source_id
            if about is not None and about.level_at:
                self._level = level
        return number & 0xFFFF, timestamp, payload

    @property
    def offsets(self) -> tuple[int, int, int, int]:
        """What `forward` adds to sequence number (16 bits), timestamp (32), PictureID (15) and TL0PICIDX (8)."""
        offset, shift = self._offset & 0xFFFF, self._shift & 0xFFFFFFFF
        return offset, shift, self._id_offset % ID_RANGE, self._level_offset % LEVEL_RANGE

    def passed(self, number: int, timestamp: int, now: float, picture_id: int | None, level: int | None) -> None:
        """Packets up to this one went on in order, with what `offsets` adds; PictureID (15 bits) and level are its."""
        self._highest, self._timestamp, self._now = number + self._offset, (timestamp + self._shift) & 0xFFFFFFFF, now
        if picture_id is not None:
            self._source_id = nearest(picture_id, 15, self._source_id)
            self._id = (self._source_id + self._id_offset) % ID_RANGE
        if level is not None:
            self._level = (level + self._level_offset) % LEVEL_RANGE

    def frame(self, timestamp: int, now: float) -> tuple[int, int]:
        """Timestamp (32 bits) and PictureID (15 bits) of the next frame made here; `timestamp` is its source's."""
        self._timestamp, self._now = (timestamp + self._shift) & 0xFFFFFFFF, now
        self._id = 0 if self._id is None else (self._id + 1) % ID_RANGE
        return self._timestamp, self._id

    def next(self) -> int:
        """The sequence number of the next packet made here."""
        self._highest += 1
        return self._highest & 0xFFFF
