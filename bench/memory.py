"""What a process and all it started hold in memory: resident, and with shared pages divided among their users."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.cpu import PROC, tree

BYTES_PER_KIB, BYTES_PER_MB = 1024, 1_000_000


@dataclass(frozen=True, slots=True)
class Memory:
    """`rss_mb` counts a shared page in every process that has it, `pss_mb` a share of it in each (proc(5))."""

    rss_mb: float = 0.0
    pss_mb: float = 0.0

    def __add__(self, other: Memory) -> Memory:
        return Memory(self.rss_mb + other.rss_mb, self.pss_mb + other.pss_mb)


def rollup(text: str) -> Memory:
    """Read `smaps_rollup`: lines such as `Pss:   1234 kB`, which are KiB."""
    lines = (line.split() for line in text.splitlines()[1:])  # the first is a range of addresses
    mb = {name.rstrip(":"): int(kib) * BYTES_PER_KIB / BYTES_PER_MB for name, kib, *_ in lines}
    return Memory(mb.get("Rss", 0.0), mb.get("Pss", 0.0))


def of_process(pid: int, proc: Path = PROC) -> Memory:
    """One process; nothing for one that ended."""
    try:
        return rollup((proc / str(pid) / "smaps_rollup").read_text(encoding="ascii"))
    except OSError:
        return Memory()


def by_process(pid: int) -> dict[int, Memory]:
    """The tree, process by process; the first is `pid` itself."""
    return {one: of_process(one) for one in tree(pid)}
