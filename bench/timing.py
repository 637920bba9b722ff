"""Which pictures a receiver could show, and when: packets in any order -> whole frames in the order of decoding."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

KEPT = 4096
"""Packets of a picture that waits for a lost one; 20 s at 2.5 Mb/s. The oldest go."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One packet of a picture, as far as its order matters."""

    timestamp: int
    marker: bool
    begins: bool
    key: bool


class Showing:
    """Decides like a browser: a frame is shown when it is whole and the one before it was; a whole key frame always.

    `shown` has the instant of each frame (monotonic seconds, as given).
    """

    def __init__(self) -> None:
        self._pieces: dict[int, Piece] = {}
        self._next: int | None = None
        """The packet with which the next frame begins; None before the first key frame."""
        self.shown: list[tuple[float, int]] = []
        """(instant, timestamp)."""

    @property
    def next_number(self) -> int | None:
        """The first packet that nothing could be decoded without; None before the first key frame."""
        return self._next

    def add(self, number: int, piece: Piece, now_s: float) -> None:
        """Take a packet (its number unwrapped)."""
        if self._next is not None and number < self._next:
            return
        self._pieces[number] = piece
        if len(self._pieces) > KEPT:
            del self._pieces[min(self._pieces)]
        while self._next is not None and (end := self._whole(self._next)) is not None:
            self._show(self._next, end, now_s)
        if piece.marker or piece.begins or self._next is None or number - self._next < KEPT:
            self._jump(number, now_s)

    def _whole(self, number: int) -> int | None:
        """The last packet of the frame that begins with `number`, if all of it is there."""
        while (piece := self._pieces.get(number)) is not None:
            if piece.marker:
                return number
            number += 1
        return None

    def _jump(self, number: int, now_s: float) -> None:
        """Go on with the key frame to which packet `number` belongs, once it is whole."""
        start = number
        piece = self._pieces.get(start)
        while piece is not None and not piece.begins:
            start -= 1
            piece = self._pieces.get(start)
        if piece is None or not piece.key:
            return
        if (end := self._whole(start)) is not None:
            self._show(start, end, now_s)
            while self._next is not None and (end := self._whole(self._next)) is not None:
                self._show(self._next, end, now_s)

    def _show(self, start: int, end: int, now_s: float) -> None:
        self.shown.append((now_s, self._pieces[end].timestamp))
        for number in [each for each in self._pieces if each <= end]:
            del self._pieces[number]
        self._next = end + 1


def longest_pause_s(instants: list[float], start_s: float, end_s: float) -> float:
    """The longest time between `start_s` and `end_s` in which nothing new was shown."""
    marks = [start_s, *(instant for instant in instants if start_s < instant < end_s), end_s]
    return max(later - earlier for earlier, later in itertools.pairwise(marks))
