"""What one step of the growth curve found, and what follows from it: no clock, no process, only figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bench.canary import Stall
from bench.memory import Memory

TICK_S = 0.020
NEAR_S = 0.1  # a stall at a scrape may show in the window before it or after it
GENERATOR_P99_MS = 10.0  # half a tick of sound: what it sends is no even stream any more
GENERATOR_MS_PER_S = 950.0  # of the one core that it can use
GENERATOR_SENT = 0.99  # of the pictures that it meant to send


@dataclass
class Step:
    """One server with so many consultations at once, for `seconds`. Times in ms, CPU in ms per second."""

    server: str
    consultations: int
    seconds: float
    failure: str = ""
    """Why there is nothing more to tell: nobody could join, or the server was gone."""
    cpu_ms_per_s: float = math.nan
    """Whole process tree, net of idle."""
    idle_ms_per_s: float = 0.0
    memory: Memory = field(default_factory=Memory)
    """Of the tree under load."""
    memory_idle: Memory = field(default_factory=Memory)
    """Of the tree with nobody there."""
    largest_idle: Memory = field(default_factory=Memory)
    """With nobody there, of the largest process besides the first; of the first where it is the only one."""
    processes: int = 0
    processes_came: int = 0
    """While it was measured; their start counts in the CPU."""
    ticks: float = 0.0
    """Of the booths' processes; one that stands ready for the next is left out of lateness."""
    ticks_late: float = 0.0
    """More than 20 ms late, or left out; in any process."""
    ticks_late_shared: float = 0.0
    """Of those, as many as the machine's stalls can account for."""
    late_p50_below_ms: float = math.nan
    late_p99_below_ms: float = math.nan
    stalls: int = 0
    frames_sent: int = 0
    frames_missing: int = 0
    """Pictures whose last packet, as it was sent, did not come."""
    picture_packets_missing: int = 0
    voice_packets_missing: int = 0
    server_overflowed: int = 0
    """Datagrams that the server's sockets lost because it did not fetch them."""
    way: str = ""
    delay_p50_ms: float = math.nan
    delay_p99_ms: float = math.nan
    load_ms_per_s: float = 0.0
    """CPU of the load generator."""
    load_late_p99_ms: float = 0.0
    load_late_longest_ms: float = 0.0
    load_overflowed: int = 0

    @property
    def ticks_late_alone(self) -> float:
        """Late ticks that no stall of the machine accounts for."""
        return self.ticks_late - self.ticks_late_shared

    @property
    def cpu_each_ms_per_s(self) -> float:
        return self.cpu_ms_per_s / self.consultations

    @property
    def dropped(self) -> bool:
        """Whether any picture did not come whole."""
        return self.frames_missing > 0 or self.picture_packets_missing > 0

    @property
    def held(self) -> bool:
        """Whether the server did it without a late tick of its own and without a missing picture."""
        return not self.failure and self.frames_sent > 0 and not self.dropped and self.ticks_late_alone <= 0

    @property
    def generator_fault(self) -> str:
        """Why nothing of this may be blamed on the server; empty when the load generator did its part."""
        if self.failure:
            return ""
        meant = self.consultations * 2 * 30 * self.seconds
        if self.load_overflowed:
            return f"the load generator lost {self.load_overflowed} datagrams at its own sockets"
        if self.frames_sent < GENERATOR_SENT * meant:
            return f"the load generator sent {self.frames_sent} of {meant:.0f} pictures"
        if self.load_late_p99_ms > GENERATOR_P99_MS:
            return f"the load generator was {self.load_late_p99_ms:.0f} ms late itself (p99)"
        if self.load_ms_per_s > GENERATOR_MS_PER_S:
            return f"the load generator had used up its core ({self.load_ms_per_s:.0f} ms/s)"
        return ""


def shared(late: Sequence[tuple[float, float]], stalls: Sequence[Stall], tickers: int) -> float:
    """How many late ticks stalls of the machine account for.

    `late`: the server's count of late ticks at several instants (monotonic s). In the window between two of them a
    stall excuses as many ticks as were due while it lasted, of each of `tickers` clocks; never more than were late.
    """
    spans = _together([(one.until_s - one.late_s, one.until_s) for one in stalls])
    excused = 0.0
    for (since_s, before), (until_s, after) in pairwise(late):
        within = [high - low for low, high in spans if since_s - NEAR_S <= high and low <= until_s + NEAR_S]
        excused += min(after - before, tickers * sum(math.ceil(length / TICK_S) for length in within))
    return excused


def _together(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans that meet are one: a stall of the whole machine is told by a canary on every core."""
    found: list[tuple[float, float]] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found
