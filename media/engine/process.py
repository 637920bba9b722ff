"""What this process takes of the machine, as the kernel says (proc(5))."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

from media.engine.door import ProcessFigures

_SELF = Path("/proc/self")


def process_figures() -> ProcessFigures:
    """This process now; where the machine has no /proc, memory is the most that was ever used and files are 0."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    try:
        resident_bytes = int((_SELF / "statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
        open_files = sum(1 for _ in os.scandir(_SELF / "fd"))
    except OSError:
        resident_bytes, open_files = used.ru_maxrss * 1024, 0
    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return ProcessFigures(
        os.getpid(), used.ru_utime + used.ru_stime, resident_bytes, open_files, most_files, _STARTED_AT_S
    )


def state_of(pid: int) -> str:
    """The letter of a process' main thread (proc(5)): R runs, S waits, T was stopped; empty where nobody knows."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[0]


def _started_at_s() -> float:
    """When this process began; where the machine does not say: now, which is at its start."""
    try:
        after_boot_s = int((_SELF / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[19]) / os.sysconf(
            "SC_CLK_TCK"
        )
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + after_boot_s
    except (OSError, AttributeError):
        return time.time()


_STARTED_AT_S = _started_at_s()
