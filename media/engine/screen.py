"""What one connection is shown: packets as they came, or frames made for it, as one stream without a break."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from media.engine.flow import Outlet, Passage
from media.engine.sending import Sending
from media.h264_profiles import Coding, decodes, plain
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
    """`show` says of which source and which way; anything else is not let through. `now` is monotonic seconds.

    `formats`: the payload types in which the connection takes H.264, with the profile-level-id of each.
    """

    def __init__(self, sending: Sending, formats: Mapping[int, str] | None = None) -> None:
        self.sending = sending
        self._formats = dict(formats or {})
        self._numbering = Numbering(sending.first_sequence, sending.first_timestamp)
        self._shown: tuple[str, Way, str, int] | None = None
        """Source, way, and the codec and payload type (0: the usual one) that packets of it have."""
        self._begun = False
        self._number = 0
        self._timestamp = 0
        self._paused = False

    def takes(self, codec: str, coding: Coding | None) -> bool:
        """Whether the connection agreed to a picture in this codec, coded so (of H.264)."""
        return codec == "vp8" or self._type_for(codec, coding) > 0

    def show(self, source: str, way: Way, codec: str = "vp8", coding: Coding | None = None) -> None:
        """Show this source, this way, forwarded in this codec; a change waits for a key frame."""
        kind = self._type_for(codec, coding)
        shown = (source, way, codec, kind) if way is Way.FORWARDED else (source, way, "vp8", 0)
        if self._shown != shown:
            self._shown, self._begun = shown, False

    def begin_anew(self) -> None:
        """The source has a stream of its own from now on: wait for its key frame."""
        self._begun = False

    def pause(self, paused: bool) -> None:
        """Let nothing through, whatever is shown; what is behind a pause waits for a key frame."""
        self._paused = self.sending.resting = paused
        self._begun = False

    @property
    def paused(self) -> bool:
        """Whether nothing is let through."""
        return self._paused

    def forward(self, source: str, packet: PicturePacket, now: float) -> int | None:
        """Send a packet on; its timestamp as this viewer knows it, None where nothing was sent."""
        kind = self._forwards(source)
        if kind is None or self._shown is None or self._shown[2] != packet.codec:
            return None
        begins = not self._begun or packet.number - self._number >= REACH
        if begins:
            self._begun = packet.key
            if not self._begun:
                return None
            self._numbering.begin(packet.timestamp, now, packet)
            self._number = packet.number
        self._number = max(self._number, packet.number)
        if packet.sets and (begins or packet.bare) and (room := self._numbering.ahead(packet)) is not None:
            self.sending.send(*room, False, packet.sets, now, kind)
        numbered = self._numbering.forward(packet, now)
        if numbered is None:
            return None
        sequence, timestamp, payload = numbered
        self.sending.send(sequence, timestamp, packet.marker, payload, now, kind)
        return timestamp

    def follows(self, source: str) -> bool:
        """Whether this source's picture is being forwarded here, and has begun."""
        return self._begun and self._forwards(source) is not None

    def outlet(self) -> Outlet | None:
        """Where packets that continue the forwarded picture may leave by themselves; None where they cannot."""
        outlet = self.sending.outlet(self._shown[3] if self._shown is not None else 0)
        if outlet is not None:
            outlet.aim(*self._numbering.offsets)
        return outlet

    def passed(self, passage: Passage, number: int) -> int:
        """Note packets that left so, the last one with this number; how far their timestamps are shifted."""
        last = passage.packets[-1]
        self._number = number
        self._numbering.passed(number, last.timestamp, last.at, passage.picture_id, passage.level)
        offset, shift, _, _ = self._numbering.offsets
        self.sending.passed([row.sequence + offset for row in passage.packets], passage.octets)
        return shift

    def put(self, source: str, frame: bytes, timestamp: int, key: bool, now: float) -> int | None:
        """Send a frame made here of a picture with `timestamp` (90 kHz); its timestamp as this viewer knows it."""
        if self._shown is None or self._shown[:2] != (source, Way.MADE) or self._paused or not self.sending.live:
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

    def _forwards(self, source: str) -> int | None:
        """The payload type in which packets of this source go on; None where they do not."""
        if self._shown is None or self._shown[:2] != (source, Way.FORWARDED) or self._paused or not self.sending.live:
            return None
        return self._shown[3]

    def _type_for(self, codec: str, coding: Coding | None) -> int:
        if codec != "h264" or coding is None or not plain(coding):
            return 0
        return next((kind for kind, named in self._formats.items() if decodes(named, coding)), 0)
