"""Which packets of one incoming stream are missing: asked for again in time (NACK), given up in time."""

from __future__ import annotations

from media.rtp import HALF_SEQUENCE, nearest

REACH = 1024
"""Packets: about 4 s of a 2.5 Mb/s picture. What lies further off is a stray, or a sender that began anew."""
NACK_AFTER_S = 0.010
"""A gap younger than this is reordering, not loss."""
NACK_AGAIN_S = 0.060
"""Ask again after this, or after one and a half round trips: the event's line takes 40-80 ms."""
GIVE_UP_S = 0.400
"""A gap older than this costs more in delay than a key frame costs in rate."""
NACKS_AT_ONCE = 64


class Gaps:
    """The numbers of one stream without their wrap, and what is missing among them. Time comes in as an argument."""

    __slots__ = ("_asked", "_missing", "_stray", "given_up", "highest", "late")

    def __init__(self) -> None:
        self.highest: int | None = None
        """The greatest number so far, without wrap."""
        self.given_up = 0
        self.late = 0
        """Packets that came twice, too late, or from nowhere."""
        self._missing: dict[int, float] = {}  # REACH at most: number -> since when
        self._asked: dict[int, float] = {}
        self._stray: int | None = None

    def __bool__(self) -> bool:
        """Whether something is missing: `ask` wants to be called again soon."""
        return bool(self._missing)

    def arrive(self, sequence: int, now: float) -> int | None:
        """The number of a packet without its wrap; None for one that is of no use any more.

        One packet from out of reach is taken for a stray; when the next in order follows it, the sender has begun anew
        (RFC 3550 appendix A.1), and its numbers go on far beyond those before.
        """
        highest = self.highest
        if highest is None:
            return self.begin_anew(sequence)
        number = nearest(sequence, 16, highest)
        if number == highest + 1 and self._stray is None:  # by far the most
            self.highest = number
            return number
        if not -REACH < number - highest < REACH:
            return self._from_afar(sequence)
        self._stray = None
        if number > highest:
            for hole in range(highest + 1, number):
                self._missing[hole] = now
            self.highest = number
            while len(self._missing) > REACH:
                self._give_up(next(iter(self._missing)))
            return number
        if self._missing.pop(number, None) is None:
            self.late += 1
            return None
        self._asked.pop(number, None)
        return number

    def ask(self, now: float, round_trip_s: float = 0.0) -> tuple[int, ...]:
        """The sequence numbers (16 bits) to ask for now, 64 at most."""
        again: list[int] = []
        pause_s = max(NACK_AGAIN_S, 1.5 * round_trip_s)
        for number, since in self._missing.items():
            if len(again) == NACKS_AT_ONCE:
                break
            if now - since >= NACK_AFTER_S and now - self._asked.get(number, float("-inf")) >= pause_s:
                self._asked[number] = now
                again.append(number & 0xFFFF)
        return tuple(again)

    def lost(self, now: float) -> int | None:
        """Give up what is missing for too long: the greatest number given up now, or None."""
        gone = [number for number, since in self._missing.items() if now - since > GIVE_UP_S]
        for number in gone:
            self._give_up(number)
        return max(gone, default=None)

    def _give_up(self, number: int) -> None:
        del self._missing[number]
        self._asked.pop(number, None)
        self.given_up += 1

    def _from_afar(self, sequence: int) -> int | None:
        assert self.highest is not None
        if self._stray is None or sequence != (self._stray + 1) & 0xFFFF:
            self._stray = sequence
            self.late += 1
            return None
        return self.begin_anew(sequence)

    def begin_anew(self, sequence: int) -> int:
        """Another stream takes the place of this one: its numbers go on far beyond (by 2 REACH at least)."""
        if self.highest is not None:
            self.highest += 2 * REACH + HALF_SEQUENCE
        self.given_up += len(self._missing)
        self._missing.clear()
        self._asked.clear()
        self._stray = None
        self.highest = nearest(sequence, 16, self.highest or 1 << 16)
        return self.highest
