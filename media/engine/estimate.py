"""What an incoming line carries, as its sender is told (REMB): estimated, floored at first, capped by its viewers."""

from __future__ import annotations

from dataclasses import dataclass

from aiortc.rate import RemoteBitrateEstimator

from media.rtp import SEND_TIME_HZ, RtpPacket

FLOOR_S = 10.0
"""The estimator starts near 200 kb/s and climbs 8 % a second: floored until it has seen the real rate."""
GAP_S = 5.0
"""A longer pause begins the estimate anew: the library's counter walks it by the millisecond, 0.5 s for an hour."""
GROUP = SEND_TIME_HZ // 200
"""5 ms of send time: what the estimator takes for one burst anyhow, and at 6 us a call it costs a third so."""
LEAST_BITS_PER_S = 300_000
"""No source is asked for less: below, a picture of 1280x1024 is of no use."""


@dataclass(slots=True)
class _Group:
    """Packets that were sent within 5 ms."""

    first: int
    last: int
    at: float
    size: int
    ssrc: int


class Estimate:
    """One incoming picture. Monotonic seconds; bits per second."""

    def __init__(self, start_bits_per_s: int) -> None:
        self.start_bits_per_s = start_bits_per_s
        self._library = RemoteBitrateEstimator()
        self._group: _Group | None = None
        self._at = self._floored_until = float("-inf")
        self._cap: int | None = None
        self._bits_per_s: int | None = None

    def take(self, packet: RtpPacket, now: float) -> int | None:
        """Take a packet; what to tell its sender now, or None."""
        if packet.send_time is None:
            return None
        group = self._group
        if group is not None and (packet.send_time - group.first) & 0xFFFFFF < GROUP:
            group.last, group.at, group.ssrc = packet.send_time, now, packet.ssrc
            group.size += packet.size
            return None
        self._group = _Group(packet.send_time, packet.send_time, now, packet.size, packet.ssrc)
        return None if group is None else self._add(group)

    def cap(self, bits_per_s: int | None) -> int | None:
        """Ask for no more than this, None for no bound; what to tell the sender at once, or None."""
        before, self._cap = self._cap, None if bits_per_s is None else max(LEAST_BITS_PER_S, bits_per_s)
        if self._cap is None or (before is not None and self._cap >= before):
            return None
        return self._cap if self._bits_per_s is None else min(self._bits_per_s, self._cap)

    def ramp(self, now: float) -> None:
        """Begin anew, floored: the estimate follows what is sent, and a camera that was off sent next to nothing."""
        self._library, self._floored_until = RemoteBitrateEstimator(), now + FLOOR_S
        self._group, self._bits_per_s = None, None

    @property
    def ssrcs(self) -> list[int]:
        """Of whom this is said."""
        return list(self._library.ssrcs)

    def forget(self, ssrc: int) -> None:
        """This stream is no more."""
        self._library.ssrcs.pop(ssrc, None)
        if self._group is not None and self._group.ssrc == ssrc:
            self._group = None

    def _add(self, group: _Group) -> int | None:
        if group.at - self._at > GAP_S:
            self._library, self._floored_until = RemoteBitrateEstimator(), group.at + FLOOR_S
        self._at = group.at
        estimated = self._library.add(
            abs_send_time=group.last,
            arrival_time_ms=int(group.at * 1000),
            payload_size=group.size,
            ssrc=group.ssrc,
        )
        if estimated is None:
            return None
        floor = self.start_bits_per_s if group.at < self._floored_until else LEAST_BITS_PER_S
        bits_per_s = max(estimated[0], floor)
        self._bits_per_s = bits_per_s
        return bits_per_s if self._cap is None else min(bits_per_s, self._cap)
