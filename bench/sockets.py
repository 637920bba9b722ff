"""Datagrams that the kernel threw away because a process did not fetch them in time: a full receive buffer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bench.cpu import PROC


def overflowed(pids: Iterable[int], proc: Path = PROC) -> int:
    """Datagrams lost so far at UDP sockets that these processes have open now."""
    inodes = {inode for pid in pids for inode in _inodes(pid, proc)}
    return sum(_dropped((proc / "net" / name).read_text(encoding="ascii"), inodes) for name in ("udp", "udp6"))


def _dropped(table: str, inodes: set[int]) -> int:
    """The sum of the last column (drops) of /proc/net/udp over the sockets of these inodes (tenth column)."""
    rows = (line.split() for line in table.splitlines()[1:])
    return sum(int(row[-1]) for row in rows if int(row[9]) in inodes)


def _inodes(pid: int, proc: Path) -> set[int]:
    """Inodes of a process' sockets: its descriptors are links such as `socket:[12345]`."""
    found: set[int] = set()
    try:
        for descriptor in (proc / str(pid) / "fd").iterdir():
            try:
                to = str(descriptor.readlink())
            except OSError:
                continue  # closed meanwhile
            if to.startswith("socket:["):
                found.add(int(to[len("socket:[") : -1]))
    except OSError:
        return set()  # it ended meanwhile
    return found
