"""What one connection is sent to hear: one Opus packet each tick, as one stream without a break."""

from __future__ import annotations

from typing import Any

from media.engine.native import ffi
from media.engine.sending import Sending
from media.sound import FRAME_SAMPLES


class Earphone:
    """`now` is monotonic seconds."""

    def __init__(self, sending: Sending) -> None:
        self.sending = sending
        self.age_s = 0.0
        """How old what is heard is when it leaves, for lip sync."""
        self.cdata = ffi.new("earphone *")
        self.cdata.sequence = sending.first_sequence
        self.cdata.first_timestamp = sending.first_timestamp

    def put(self, payload: bytes, tick: int, now: float) -> None:
        """Send the packet of a tick."""
        cdata = self.cdata
        timestamp = (self.sending.first_timestamp + tick * FRAME_SAMPLES) & 0xFFFFFFFF
        self.sending.send(cdata.sequence, timestamp, False, payload, now)
        self.sending.stamp(timestamp, now - self.age_s)
        cdata.sequence = (cdata.sequence + 1) & 0xFFFF

    def line(self) -> Any | None:
        """Where packets leave by themselves (the earphone of C); None where there is no fast path."""
        outlet = self.sending.outlet(keeps=False)
        if outlet is None:
            return None
        outlet.tell = self._tell
        self.cdata.out = outlet.cdata
        return self.cdata

    def _tell(self) -> None:
        """Note what left."""
        cdata = self.cdata
        if cdata.packets:
            self.sending.left(cdata.packets, cdata.octets)
            self.sending.stamp(cdata.timestamp, cdata.at - self.age_s)
            cdata.packets = cdata.octets = 0
