"""A process that only sleeps and measures: a stall that hits it, too, is the machine's and nobody else's.

There is one for each core, since the host may take a single core away: `python -m tests.soak.canary CORE`. What works
on the same core delays a sleeper by less than the 10 ms counted here, so our own work excuses nothing.
"""

from __future__ import annotations

import gc
import os
import sys
import time

STEP_S = 0.010
LATE_S = 0.010  # half of what a tick may be late: a stall that begins between our steps still counts


def main() -> None:
    """Print `monotonic-seconds lateness-ms` for every late step, until the output closes."""
    os.sched_setaffinity(0, {int(sys.argv[1])})
    gc.disable()
    due_s = time.monotonic()
    while True:
        due_s += STEP_S
        now_s = time.monotonic()
        if due_s > now_s:
            time.sleep(due_s - now_s)
        late_s = time.monotonic() - due_s
        if late_s > LATE_S:
            sys.stdout.write(f"{time.monotonic():.3f} {late_s * 1000:.1f}\n")
            sys.stdout.flush()
            due_s = time.monotonic()


if __name__ == "__main__":
    main()
