"""How long one source's sound is held: what delay costs, weighed against what it saves from loss and lateness."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from media.opus import carries_previous, duration_samples
from media.sound import RATE_HZ, TICK_S

MEMORY_S = 7.0  # trouble is remembered for so long: shorter than the 10 s after which the delay must be as it was
CAPACITY = 1024  # packets: more than MEMORY_S of 10 ms ones; the oldest goes
EN_ROUTE = 3  # packets: the newest that are missing may yet come (more where others were later): they tell nothing
SAFETY_S = 0.005  # a packet must be here so long before its time, for nobody knows the next one's jitter
MENDS_S = 0.001  # one that is needed only to mend another may come closer
GRACE_S = 0.003  # and so much longer before the delay is lowered, or drift would send it up and down
TRADE = 8.0  # a second of delay is worth eight of sound spoilt in MEMORY_S: two packets of 20 ms are worth a third
LOSS = 0.005  # what any line may lose at any time: where packets mend each other, they may as well lie here long enough
MENDED = 0.15  # sound mended by FEC is so bad, where concealed sound is 1 (by PESQ of 5 % loss, measured)
RELUCTANCE_S = 0.006  # each change is a small blemish itself
EXPERIENCE_S = 1.0  # before so much sound has come, the line is not known
FIRST_S = 0.022  # and what comes first waits at least so long: for the packet that could mend it
OUTAGE_S = 0.5  # transit that jumps so far is an outage, or a sender that stopped its clock: another time begins
MOST_S = 0.200  # more would make a conversation, let alone an interpretation, stumble
REACH = 50  # steps of 20 ms, up or down, that are looked at: a second

Floats = npt.NDArray[np.float64]
LATE_AS_EVER = np.inf


class Delay:
    """Remembers the transit of each packet (arrival less timestamp, in s: only differences mean anything).

    The *lead* of the playout is the same difference at the moment a packet is needed. A packet is in time when its
    transit is under the lead, and mends the one before when that is so one packet earlier.
    """

    __slots__ = ("_carries", "_count", "_duration_s", "_newest", "_numbers", "_transits")

    def __init__(self) -> None:
        self._numbers = np.full(CAPACITY, -1, dtype=np.int64)
        self._transits: Floats = np.full(CAPACITY, LATE_AS_EVER)  # of the newest it is known, of others it may not be
        self._carries = np.zeros(CAPACITY, dtype=np.bool_)
        self._newest = -1
        self._count = 0
        self._duration_s = TICK_S

    @property
    def step_s(self) -> float:
        """By how much the lead can usefully change: a packet, or a tick where packets are longer."""
        return min(self._duration_s, TICK_S)

    @property
    def duration_samples(self) -> int:
        """The length of the source's packets."""
        return round(self._duration_s * RATE_HZ)

    @property
    def experienced(self) -> bool:
        """Whether enough came to judge the line by."""
        return self._count * self._duration_s >= EXPERIENCE_S

    def arrived(self, number: int, time: int, payload: bytes, now: float) -> None:
        """Take note of a packet: its number and time without wraps, and when it came, in s."""
        at = number % CAPACITY
        if self._numbers[at] == number:
            return  # a duplicate, or sent again: the first one counts
        transit_s = now - time / RATE_HZ
        if self._count and abs(transit_s - float(self._transits[self._newest % CAPACITY])) > OUTAGE_S:
            self._count = 0
            self._newest = number - 1
        self._numbers[at] = number
        self._transits[at] = transit_s
        self._carries[at] = carries_previous(payload)
        if number > self._newest:
            self._count += number - self._newest if self._count else 1
            self._newest = number
            self._duration_s = duration_samples(payload) / RATE_HZ

    def excuse(self, first: int, end: int) -> None:
        """Forget when these packets came: what an outage held back says nothing of the time after it."""
        for number in range(max(first, self._newest - CAPACITY + 1), min(end, self._newest)):  # the newest stays known
            self._transits[number % CAPACITY], self._carries[number % CAPACITY] = LATE_AS_EVER, False

    def steps(self, lead_s: float) -> int:
        """By how many steps the lead should grow (> 0) or may shrink (< 0)."""
        transits, carries = self._window()
        if not len(transits):
            return 0
        up, down = self._reach(transits, lead_s)
        costs = self._costs(transits + SAFETY_S - lead_s, carries, np.arange(0, up + 1))
        best = int(np.argmin(costs + RELUCTANCE_S * (np.arange(up + 1) > 0)))
        if best or not down:
            return best
        lower = np.arange(-down, 0)
        costs_below = self._costs(transits + SAFETY_S + GRACE_S - lead_s, carries, lower) + RELUCTANCE_S
        least = int(np.argmin(costs_below))
        return int(lower[least]) if costs_below[least] < costs[0] else 0

    def held_s(self, lead_s: float) -> float:
        """How long packets lie here on average before they are needed, in s."""
        transits, _ = self._window()
        here = transits[np.isfinite(transits)]
        return max(0.0, lead_s - float(here.mean())) if len(here) else 0.0

    def _reach(self, transits: Floats, lead_s: float) -> tuple[int, int]:
        """How many steps up and down there are between nothing and MOST_S."""
        here = transits[np.isfinite(transits)]
        room_s = lead_s - float(here.min()) if len(here) else 0.0
        up = min(REACH, max(0, int((MOST_S - room_s) / self.step_s)))
        return up, min(REACH, max(0, int(room_s / self.step_s)))

    def _costs(self, lateness_s: Floats, carries: npt.NDArray[np.bool_], steps: npt.NDArray[np.int64]) -> Floats:
        """What each lead costs, in seconds of delay."""
        levels: Floats = np.asarray(steps * self.step_s, dtype=np.float64)
        mends_s = self._duration_s - SAFETY_S + MENDS_S
        mended_s = np.full(len(lateness_s), LATE_AS_EVER)
        mended_s[:-1] = np.where(carries[1:], lateness_s[1:] + mends_s, LATE_AS_EVER)
        spoilt = _beyond(np.minimum(lateness_s, mended_s), levels)
        not_whole = _beyond(lateness_s, levels)
        seen_s = ((1.0 - MENDED) * spoilt + MENDED * not_whole) * self._duration_s
        feared_s: Floats = np.zeros(len(levels))
        if self._mending(carries):
            lone = _beyond(lateness_s + mends_s, levels)
            feared_s += LOSS * MEMORY_S * (1.0 - MENDED) / len(lateness_s) * lone
        return np.asarray(levels + TRADE * (seen_s + feared_s) / MEMORY_S, dtype=np.float64)

    def _mending(self, carries: npt.NDArray[np.bool_]) -> bool:
        """Whether the source's packets mend each other, for all we know: those of silence never say so."""
        return bool(carries.any()) or len(carries) * self._duration_s < MEMORY_S / 2

    def _window(self) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Transits of the packets of the last MEMORY_S (infinite: not here), and whether they mend the one before."""
        count = min(self._count, CAPACITY, int(MEMORY_S / self._duration_s))
        numbers = np.arange(self._newest - count + 1, self._newest + 1)
        at = numbers % CAPACITY
        here = self._numbers[at] == numbers
        transits = np.where(here, self._transits[at], LATE_AS_EVER)
        spread_s = _spread_s(transits)
        known = here | (numbers <= self._newest - EN_ROUTE - int(spread_s / self._duration_s))
        return transits[known], self._carries[at][known]


def _beyond(values: Floats, levels: Floats) -> npt.NDArray[np.int64]:
    """Count the values above each level."""
    return np.asarray(len(values) - np.searchsorted(np.sort(values), levels, side="right"), dtype=np.int64)


def _spread_s(transits: Floats) -> float:
    here = transits[np.isfinite(transits)]
    return float(here.max() - here.min()) if len(here) else 0.0
