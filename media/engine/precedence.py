"""Before whom a media process is given a processor: behind everybody while it loads, before everybody once it is up."""

from __future__ import annotations

import contextlib
import os

AHEAD = 10
"""Nice value of one that is started ahead: loading takes a processor for a second, of which no other booth may hear. At
0 the packets of whoever shared the machine came late, and their sound was held 20 ms longer for 7 s (measured). It is
still given a tenth of a processor that others want, so that it is up before it is given up."""
AWAITED = 0
"""Of one that loads while a booth waits for it."""
LIVE = -10
"""Sound has its time to the millisecond; web pages and computing have not. A nice value and no real-time class: a
process that spins in one would keep the watchdog from the processor that is to end it."""


def take_place(pid: int, nice: int) -> None:
    """Have a process scheduled so, where the machine allows it (CAP_SYS_NICE, or RLIMIT_NICE: setpriority(2)).

    Who could never come forward does not step back either.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, LIVE)
        os.setpriority(os.PRIO_PROCESS, pid, nice)
