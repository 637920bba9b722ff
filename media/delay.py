"""How many packets playout keeps back: more after trouble, fewer after a calm time."""

from __future__ import annotations

from collections import deque

FEWEST = 2  # 40 ms: rides out one packet (20 ms) of jitter, whatever the phase between sender and tick
MOST = 10  # 200 ms: more would make a conversation, let alone an interpretation, stumble
SECOND_TICKS = 50
EXCESS_S = 5  # packets that were never needed for so long may go
CALM_S = 30  # no trouble for so long: trust the line with one packet less
SPARE = 2  # packets that were there even at the worst moment, so that one may be missed
LOUD_DROP_TICKS = 50  # a packet dropped from running speech is a small blemish: one a second at most
GROW_TICKS = 25  # several late packets are one event


class Delay:
    """The target depth of one playout buffer in packets, learned from the depth before each tick."""

    __slots__ = ("_calm", "_crest", "_crests", "_since_drop", "_since_grown", "_ticks", "_trough", "_troughs", "target")

    def __init__(self) -> None:
        self.target = FEWEST
        self._calm = 0  # ticks without trouble
        self._since_grown = GROW_TICKS
        self.restart()

    def restart(self) -> None:
        """Forget what was measured, for the buffer starts to fill anew; the target stays."""
        self._troughs: deque[int] = deque(maxlen=CALM_S)  # least depth of each past second
        self._crests: deque[int] = deque(maxlen=CALM_S)
        self._trough, self._crest, self._ticks = MOST * 10, 0, 0
        self._since_drop = 0

    def observe(self, depth: int) -> None:
        """Take the depth right before a packet is taken out; once per tick while playing."""
        self._trough = min(self._trough, depth)
        self._crest = max(self._crest, depth)
        self._ticks += 1
        self._calm += 1
        self._since_drop += 1
        self._since_grown += 1
        if self._ticks == SECOND_TICKS:
            self._troughs.append(self._trough)
            self._crests.append(self._crest)
            self._trough, self._crest, self._ticks = depth, depth, 0
            self._relax()

    def grow(self) -> bool:
        """Note trouble (a packet came too late): one packet more, unless one was just added or there are enough."""
        self._calm = 0
        if self.target >= MOST or self._since_grown < GROW_TICKS:
            return False
        self._since_grown = 0
        self.target += 1
        return True

    def take_back(self) -> None:
        """Undo the last `grow`: the packet was not late but lost."""
        self.target = max(FEWEST, self.target - 1)
        self._since_grown = GROW_TICKS

    def excess(self, *, quiet: bool) -> bool:
        """Whether one packet should be dropped now; the caller then drops it.

        So it is when the depth of the last 5 s always stayed above the target (in a quiet moment), or above the
        target + 1 (in running speech).
        """
        if len(self._troughs) < EXCESS_S or not (quiet or self._since_drop >= LOUD_DROP_TICKS):
            return False
        lately = min(self._trough, *list(self._troughs)[-EXCESS_S:])
        if lately <= self.target + (0 if quiet else 1):
            return False
        self._since_drop = 0
        self._trough -= 1  # without that packet each depth would have been less by one
        self._crest -= 1
        self._troughs = deque((depth - 1 for depth in self._troughs), maxlen=CALM_S)
        self._crests = deque((depth - 1 for depth in self._crests), maxlen=CALM_S)
        return True

    def _relax(self) -> None:
        """Lower the target after a calm time if its last packet was never needed, or never there to be needed."""
        if self.target == FEWEST or len(self._troughs) < CALM_S or self._calm < CALM_S * SECOND_TICKS:
            return
        if min(self._troughs) >= SPARE or max(self._crests) < self.target:
            self.target -= 1
            self._calm = 0
