"""A playout that does everything twice, in Python and in C, and insists that both decide alike."""

from __future__ import annotations

from typing import Any

from media.engine.native import ffi, lib
from media.playout import Due, Kind, Playout

KINDS = (Kind.IDLE, Kind.DECODE, Kind.MEND, Kind.CONCEAL, Kind.PAUSE)
"""As the constants DUE_* count them."""
HELD_S = 1e-9
"""The mean may be summed in another order; nothing else may differ at all."""


class TwinPlayout(Playout):
    """media.playout.Playout to whoever calls it; an AssertionError tells the first call after which C differs."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.native: Any = ffi.new("playout *")
        self._found: Any = ffi.new("due *")
        ffi.memmove(self.native, b"\xa5" * ffi.sizeof("playout"), ffi.sizeof("playout"))  # no more than begin clears
        lib.playout_begin(self.native)
        self._agree()

    def push(self, sequence: int, timestamp: int, payload: bytes, now: float) -> None:
        if 0 < len(payload) <= lib.PLAYOUT_PAYLOAD:  # others are not for a playout: the one in C leaves them out itself
            super().push(sequence, timestamp, payload, now)
        lib.playout_push(self.native, sequence, timestamp, payload, len(payload), now)
        self._agree()

    def pop(self, now: float) -> Due:
        due, found = super().pop(now), self._found
        lib.playout_pop(self.native, now, found)
        payload = ffi.buffer(found.payload, found.bytes)[:] if found.payload else b""
        assert Due(KINDS[found.kind], found.samples, payload) == due, self.calls
        assert bool(found.payload) == (due.kind in (Kind.DECODE, Kind.MEND))
        self._agree()
        return due

    def settle(self, now: float, left: int) -> None:
        super().settle(now, left)
        lib.playout_settle(self.native, now, left)
        self._agree()

    def changed(self, samples: int) -> None:
        super().changed(samples)
        lib.playout_changed(self.native, samples)
        self._agree()

    def _agree(self) -> None:
        self.calls += 1
        native, buffer, delay = self.native, self.buffer, self.delay
        assert lib.playout_clock(native) == self.clock, self.calls
        assert lib.playout_ready(native) == self.ready, self.calls
        assert (native.change, native.urgency, native.playing) == (self.change, self.urgency, self.playing), self.calls
        assert (native.late, native.skipped, native.underruns, native.dropped, native.duplicates, native.restarts) == (
            *(self.late, self.skipped, self.underruns),
            *(buffer.dropped, buffer.duplicates, buffer.restarts),
        ), self.calls
        assert abs(native.held_s - self.held_s) < HELD_S, self.calls
        assert (native.next if native.expecting else None) == self._next, self.calls
        assert (native.waiting, native.filling, native.waited, native.pausing, native.leads) == (
            *(len(buffer), self._filling, self._waited),
            *(self._pausing, len(self._leads)),
        ), self.calls
        assert (native.delay.newest, native.delay.count) == (delay._newest, delay._count), self.calls
        assert native.delay.samples == delay.duration_samples, self.calls
