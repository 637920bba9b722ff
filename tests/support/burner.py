"""A process that wants a processor for itself until its parent ends: `python -m tests.support.burner SECONDS`."""

from __future__ import annotations

import os
import sys
import time

if __name__ == "__main__":
    parent, until_s = os.getppid(), time.monotonic() + float(sys.argv[1])
    while os.getppid() == parent and time.monotonic() < until_s:
        for _ in range(100_000):
            pass
