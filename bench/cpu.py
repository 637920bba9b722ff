"""CPU and memory of a process with everything that it started, as the kernel counts them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
PAGE_BYTES = 4096


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += children.get(one, [])
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text(encoding="ascii", errors="replace")
            except OSError:
                continue  # it ended meanwhile
            yield int(folder.name), int(stat.rpartition(")")[2].split()[1])


def cpu_s(pid: int) -> float:
    """CPU time of one process, all its threads and those that ended, in ns steps: its own clock (clock_getcpuclockid).

    That is the kernel's sum of what the scheduler gave it (schedstat), not a count of timer ticks. 0 for one that
    ended.
    """
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        return 0.0


class Meter:
    """CPU that a process tree spends from now on; with `alone` the process without what it started."""

    def __init__(self, pid: int, *, alone: bool = False) -> None:
        self._pid, self._alone = pid, alone
        self._before = {one: cpu_s(one) for one in self._members()}
        self._since_s = time.monotonic()

    def ms_per_s(self) -> float:
        """Milliseconds of CPU per second since the beginning; processes that came meanwhile count whole."""
        spent_s = sum(cpu_s(one) - self._before.get(one, 0.0) for one in self._members())
        return spent_s * 1000 / (time.monotonic() - self._since_s)

    def _members(self) -> list[int]:
        return [self._pid] if self._alone else tree(self._pid)


def resident_mib(pid: int) -> float:
    """Memory of the tree that is in RAM, MiB; shared pages count in each process."""
    pages = 0
    for one in tree(pid):
        try:
            pages += int((PROC / str(one) / "statm").read_text(encoding="ascii").split()[1])
        except OSError:
            continue
    return pages * PAGE_BYTES / (1 << 20)
