"""What an incoming line carries, as its sender is told (REMB): estimated, floored at first, capped by its viewers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from aiortc.rate import MIN_FRAME_PERIOD_HISTORY_LENGTH, OveruseEstimator, RateCounter, RemoteBitrateEstimator

from media.rtp import SEND_TIME_HZ

FLOOR_S = 10.0
"""The estimator starts near 200 kb/s and climbs 8 % a second: floored until it has seen the real rate."""
GAP_S = 5.0
"""A longer pause begins the estimate anew: what was known of the line before is old."""
GROUP = SEND_TIME_HZ // 200
"""5 ms of send time: what the estimator takes for one burst anyhow, and at 40 us a call it costs a third so."""
COUNTED_MS = 1000  # as the library has it
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


class _Counter(RateCounter):
    """The library's walks through every millisecond; this one through what came."""

    def reset(self) -> None:
        self._origin_ms: int | None = None
        self._came: deque[tuple[int, int]] = deque()  # `_window_size` at most: time and octets
        self._octets = 0

    def add(self, value: int, now_ms: int) -> None:
        self._forget(now_ms)
        earlier = self._came.pop()[1] if self._came and self._came[-1][0] >= now_ms else 0
        self._came.append((now_ms, earlier + value))
        self._octets += value

    def rate(self, now_ms: int) -> int | None:
        """Bits per second; None while nothing can be said."""
        self._forget(now_ms)
        if not self._came or self._origin_ms is None or now_ms <= self._origin_ms:
            return None
        return round(self._scale * self._octets / (now_ms - self._origin_ms + 1))

    def _forget(self, now_ms: int) -> None:
        first_ms = now_ms - self._window_size + 1
        while self._came and self._came[0][0] < first_ms:
            self._octets -= self._came.popleft()[1]
        self._origin_ms = now_ms if self._origin_ms is None else max(self._origin_ms, first_ms)


class _Overuse(OveruseEstimator):
    """The library's, but the shortest of 60 periods is found at once."""

    def update_min_frame_period(self, ts_delta: float) -> float:
        if len(self.ts_delta_hist) >= MIN_FRAME_PERIOD_HISTORY_LENGTH:
            self.ts_delta_hist.pop(0)
        self.ts_delta_hist.append(ts_delta)
        return min(self.ts_delta_hist)


def estimator() -> RemoteBitrateEstimator:
    """The library's, with its two costly parts made anew: they take half of its time."""
    made = RemoteBitrateEstimator()
    made.incoming_bitrate, made.estimator = _Counter(COUNTED_MS), _Overuse()
    return made


class Estimate:
    """One incoming picture. Monotonic seconds; bits per second."""

    def __init__(self, start_bits_per_s: int) -> None:
        self.start_bits_per_s = start_bits_per_s
        self._library = estimator()
        self._group: _Group | None = None
        self._at = self._floored_until = float("-inf")
        self._cap: int | None = None
        self._bits_per_s: int | None = None

    def take(self, ssrc: int, send_time: int | None, octets: int, now: float) -> int | None:
        """Take a packet with its abs-send-time (24 bits), if it has one; what to tell its sender now, or None."""
        if send_time is None:
            return None
        group = self._group
        if group is not None and (send_time - group.first) & 0xFFFFFF < GROUP:
            group.last, group.at, group.ssrc = send_time, now, ssrc
            group.size += octets
            return None
        self._group = _Group(send_time, send_time, now, octets, ssrc)
        return None if group is None else self._add(group)

    def cap(self, bits_per_s: int | None) -> int | None:
        """Ask for no more than this, None for no bound; what to tell the sender at once, or None."""
        before, self._cap = self._cap, None if bits_per_s is None else max(LEAST_BITS_PER_S, bits_per_s)
        if self._cap is None or (before is not None and self._cap >= before):
            return None
        return self._cap if self._bits_per_s is None else min(self._bits_per_s, self._cap)

    def ramp(self, now: float) -> None:
        """Begin anew, floored: the estimate follows what is sent, and a camera that was off sent next to nothing."""
        self._library, self._floored_until = estimator(), now + FLOOR_S
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
            self._library, self._floored_until = estimator(), group.at + FLOOR_S
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
