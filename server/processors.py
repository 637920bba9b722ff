"""What the kernel says of the machine's processors (proc(5)): who waited for one, and how much of them was left."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def waited_s(pid: int, proc: Path = PROC) -> float | None:
    """Seconds for which a process' main thread could have run and had no processor, since it began.

    None where nobody knows. From the second figure of schedstat (Documentation/scheduler/sched-stats.rst of Linux).
    """
    try:
        return int((proc / str(pid) / "schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return None


def left_s(proc: Path = PROC) -> float | None:
    """Seconds of all processors together, since the machine began, that were idle or went to niced processes.

    Those have less weight than voices, and yield to them: transcoding is one. None where nobody knows.
    """
    try:
        with (proc / "stat").open(encoding="ascii") as stat:
            _, _user, nice, _system, idle, iowait, *_ = stat.readline().split()
        return (int(nice) + int(idle) + int(iowait)) / _TICKS_PER_S
    except (OSError, ValueError):
        return None
