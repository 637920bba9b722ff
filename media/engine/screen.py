"""What one connection is shown: packets as they came, or frames made for it, as one stream without a break."""

from __future__ import annotations

from enum import Enum

from media.engine.flow import Outlet, Passage
from media.engine.sending import Sending
from media.loss import REACH
from media.numbering import CLOCK_HZ, MOST_STEP_S, Numbering, PicturePacket
from media.vp8_rtp import packetise

LONGEST_STEP = int(MOST_STEP_S * CLOCK_HZ)
"""A source whose time leaps further has begun anew."""


class Way(Enum):
    """How a picture reaches a viewer."""

    FORWARDED = "forwarded"
    MADE = "made"


class Screen:
    """`show` says of which source and which way; anything else is not let through. `now` is monotonic seconds."""

    def __init__(self, sending: Sending) -> None:
        self.sending = sending
        self._numbering = Numbering(sending.first_sequence, sending.first_timestamp)
        self._shown: tuple[str, Way] | None = None
        self._begun = False
        self._number = 0
        self._timestamp = 0

    def show(self, source: str, way: Way) -> None:
        """Show this source, this way; a change waits for a key frame."""
        if self._shown != (source, way):
            self._shown, self._begun = (source, way), False

    def begin_anew(self) -> None:
        """The source has a stream of its own from now on: wait for its key frame."""
        self._begun = False

    def forward(self, source: str, packet: PicturePacket, now: float) -> int | None:
        """Send a packet on; its timestamp as this viewer knows it, None where nothing was sent."""
        if self._shown != (source, Way.FORWARDED) or not self.sending.live:
            return None
        if not self._begun or packet.number - self._number >= REACH:
            self._begun = packet.descriptor is not None and packet.descriptor.key
            if not self._begun:
                return None
            self._numbering.begin(packet.timestamp, now, packet)
            self._number = packet.number
        self._number = max(self._number, packet.number)
        numbered = self._numbering.forward(packet, now)
        if numbered is None:
            return None
        sequence, timestamp, payload = numbered
        self.sending.send(sequence, timestamp, packet.marker, payload, now)
        return timestamp

    def follows(self, source: str) -> bool:
        """Whether this source's picture is being forwarded here, and has begun."""
        return self._begun and self._shown == (source, Way.FORWARDED) and self.sending.live

    def outlet(self) -> Outlet | None:
        """Where packets that continue the forwarded picture may leave by themselves; None where they cannot."""
        outlet = self.sending.outlet()
        if outlet is not None:
            outlet.aim(*self._numbering.offsets)
        return outlet

    def passed(self, passage: Passage, number: int) -> int:
        """Note packets that left so, the last one with this number; how far their timestamps are shifted."""
        last, at = passage.packets[-1]
        self._number = number
        self._numbering.passed(number, last.timestamp, at, passage.picture_id, passage.level)
        offset, shift, _, _ = self._numbering.offsets
        self.sending.passed([packet.sequence + offset for packet, _ in passage.packets], passage.octets)
        return shift

    def put(self, source: str, frame: bytes, timestamp: int, key: bool, now: float) -> int | None:
        """Send a frame made here of a picture with `timestamp` (90 kHz); its timestamp as this viewer knows it."""
        if self._shown != (source, Way.MADE) or not self.sending.live:
            return None
        if not self._begun or abs(timestamp - self._timestamp) > LONGEST_STEP:
            if not self._begun and not key:
                return None
            self._numbering.begin(timestamp, now)
            self._begun = True
        self._timestamp = timestamp
        stamp, picture_id = self._numbering.frame(timestamp, now)
        payloads = list(packetise(frame, picture_id))
        for payload in payloads:
            self.sending.send(self._numbering.next(), stamp, payload is payloads[-1], payload, now)
        return stamp
