"""`python -m tests.soak.watched_media`: a real media process, which also notes when a tick was late, in a file."""

from __future__ import annotations

import os
import time

from media.lateness import LATE_S, Lateness
from server.media_process import main

NOTES = "SOAK_LATE_TICKS"


def watch() -> None:
    """Have every tick that is more than 20 ms late written as `monotonic-seconds lateness-ms`."""
    notes = open(os.environ[NOTES], "a", buffering=1, encoding="ascii")  # noqa: PTH123, SIM115 - lives as long as the process
    add = Lateness.add

    def noting(self: Lateness, late_s: float) -> None:
        add(self, late_s)
        if late_s > LATE_S:
            notes.write(f"{time.monotonic():.3f} {late_s * 1000:.1f}\n")

    Lateness.add = noting  # type: ignore[method-assign]


if __name__ == "__main__":
    watch()
    main()
