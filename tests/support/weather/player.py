"""How much of what a participant hears is made up: the product's playout without a codec, behind the packets."""

from __future__ import annotations

from collections import Counter

from media.playout import Kind, Playout
from media.sound import FRAME_SAMPLES, TICK_S

FIRST_TICK_S = 0.010  # after the first packet
MOST_POPS = 24
LARGEST_CHANGE = 480  # samples that are stretched at once


class Player:
    """`push` packets in the order of their arrival, then tell `until` what time it is."""

    def __init__(self) -> None:
        self.samples: Counter[str] = Counter()
        """Played, by kind: decode, mend, conceal, pause."""
        self._playout = Playout()
        self._tick_s: float | None = None
        self._held = 0

    def push(self, number: int, timestamp: int, payload: bytes, at_s: float) -> None:
        """A packet that came then (monotonic)."""
        if self._tick_s is None:
            self._tick_s = at_s + FIRST_TICK_S
        self.until(at_s)
        self._playout.push(number & 0xFFFF, timestamp & 0xFFFFFFFF, payload, at_s)

    def until(self, now_s: float) -> None:
        """Play all ticks up to then."""
        while self._tick_s is not None and self._tick_s <= now_s:
            self._play(self._tick_s)
            self._tick_s += TICK_S

    def _play(self, now_s: float) -> None:
        playout = self._playout
        for _ in range(MOST_POPS):
            if self._held >= FRAME_SAMPLES and not (
                playout.change < 0 and self._held < 2 * FRAME_SAMPLES and playout.ready
            ):
                break
            due = playout.pop(now_s)
            if due.kind is Kind.IDLE:
                self._held = 0
                return
            self.samples[due.kind.value] += due.samples
            self._held += due.samples
        if self._held < FRAME_SAMPLES:
            return
        if playout.change:
            change = max(-LARGEST_CHANGE, min(LARGEST_CHANGE, playout.change), FRAME_SAMPLES - self._held)
            if change:
                self._held += change
                playout.changed(change)
        self._held -= FRAME_SAMPLES
        playout.settle(now_s, self._held)
