"""How late the load generator itself is: when its own loop is late, nothing it measures may be blamed on a server."""

from __future__ import annotations

import time

from bench.clockwork import Clockwork
from bench.figures import percentile

BEAT_S = 0.010


class Heartbeat:
    """A beat on this very loop, every 10 ms; keeps how late each was in ms: 6000 a minute, cleared by start."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._clock = Clockwork(BEAT_S, self._beat)

    def start(self) -> None:
        self.late_ms.clear()
        self._clock.start()

    def stop(self) -> None:
        self._clock.stop()

    @property
    def p99_ms(self) -> float:
        """nan before the first beat."""
        return percentile(self.late_ms, 0.99)

    @property
    def longest_ms(self) -> float:
        return max(self.late_ms, default=0.0)

    def _beat(self, _index: int, due_s: float) -> None:
        self.late_ms.append(max(0.0, time.monotonic() - due_s) * 1000)
