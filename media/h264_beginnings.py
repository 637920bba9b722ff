"""Where a viewer may begin in a passing H.264 stream, and whether what stands in front of a picture there is complete.

Parameter sets and the slices of a picture come in packets of their own (RFC 6184), and out of order: who began with an
old set and a new picture would see neither.
"""

from __future__ import annotations

from media.h264 import PPS, SPS, kind_of
from media.loss import REACH


class Beginnings:
    """`note` each packet of a stream; `passed` for those that went on in order, and hold no set and no beginning."""

    def __init__(self) -> None:
        self._highest: int | None = None
        self._timestamp = 0
        self._own: set[int] = set()
        self._newest = {SPS: -1, PPS: -1}
        self._sure = True

    @property
    def sure(self) -> bool:
        """Whether no packet is missing that could hold sets of the newest picture."""
        return self._sure

    @property
    def bare(self) -> bool:
        """Whether the newest picture came without sets of its own so far."""
        return len(self._own) < len(self._newest)

    def note(self, number: int, timestamp: int, found: list[bytes]) -> list[bytes]:
        """Take a packet (number without wrap) with the units that begin in it; the sets among them that are news.

        A set that comes late does not take the place of a newer one.
        """
        if self._highest is None or number > self._highest:
            self._advance(number, timestamp, gap=self._highest is not None and number != self._highest + 1)
        sets = [unit for unit in found if kind_of(unit) in self._newest and number >= self._newest[kind_of(unit)]]
        for unit in sets:
            self._newest[kind_of(unit)] = number
            if timestamp == self._timestamp:
                self._own.add(kind_of(unit))
                self._sure |= kind_of(unit) == SPS  # nothing of a picture that matters stands before it
        return sets

    def passed(self, number: int, timestamp: int) -> None:
        """Packets up to this one followed in order."""
        self._advance(number, timestamp, gap=False)

    def _advance(self, number: int, timestamp: int, *, gap: bool) -> None:
        began_anew = self._highest is None or number - self._highest >= REACH
        if timestamp != self._timestamp or began_anew:
            self._own, self._sure = set(), True
        if gap and not began_anew:
            self._sure = False
        self._highest, self._timestamp = number, timestamp
