"""What one connection is sent to hear: one Opus packet each tick, as one stream without a break."""

from __future__ import annotations

from media.engine.sending import Sending
from media.sound import FRAME_SAMPLES


class Earphone:
    """`now` is monotonic seconds."""

    def __init__(self, sending: Sending) -> None:
        self.sending = sending
        self._sequence = sending.first_sequence

    def put(self, payload: bytes, tick: int, now: float, captured: float) -> None:
        """Send the packet of a tick; `captured` is when its sound was, for lip sync."""
        timestamp = (self.sending.first_timestamp + tick * FRAME_SAMPLES) & 0xFFFFFFFF
        self.sending.send(self._sequence, timestamp, False, payload, now)
        self.sending.stamp(timestamp, captured)
        self._sequence = (self._sequence + 1) & 0xFFFF
