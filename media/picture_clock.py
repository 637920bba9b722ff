"""The encoder's picture times: as even as the source's, continuous over a change of source, never backwards."""

from __future__ import annotations

from dataclasses import dataclass

CLOCK_HZ = 90_000
MAX_DRIFT_S = 0.5
"""When source time and monotonic time part by more than this, the source was changed or stalled: begin anew."""
MIN_STEP = 90
"""At least 1 ms between two pictures (90 kHz units)."""


@dataclass(slots=True)
class PictureClock:
    """Maps a source's 90 kHz timestamps onto the outgoing clock."""

    _offset: int | None = None
    _last: int = 0

    def stamp(self, source: int, now: float) -> int:
        """The outgoing timestamp (90 kHz) of a picture with source timestamp `source`, made at monotonic `now`."""
        here = int(now * CLOCK_HZ)
        if self._offset is None or abs(source + self._offset - here) > MAX_DRIFT_S * CLOCK_HZ:
            self._offset = here - source
        self._last = max(source + self._offset, self._last + MIN_STEP)
        return self._last
