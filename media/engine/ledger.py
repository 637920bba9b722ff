"""The engines of one machine tell each other what their pictures take: a small file in memory that all have mapped.

Reading and writing are memory copies, which no disk and no other engine can hold up.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from collections.abc import Sequence
from pathlib import Path

from media.errors import LocalError
from media.transcode_ledger import PAGE_BYTES, Told, page, read

PAGES = 32
"""Engines at once; an event has fewer booths."""
_LOCK = struct.Struct("@hhqqi4x")  # struct flock


class Ledger:
    """One engine's page in the file at `path`, which is made when it is not there. Raises LocalError without a page.

    A page belongs to who holds a lock on it, which the kernel takes back when its process ends, however that ends.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LocalError(f"The ledger of transcoding cannot be opened ({error.strerror}).") from error
        try:
            os.posix_fallocate(self._file, 0, PAGES * PAGE_BYTES)  # a store into a page without a block is a SIGBUS
        except OSError as error:
            os.close(self._file)
            raise LocalError(f"The ledger of transcoding has no room on its disk ({error.strerror}).") from error
        self._map = mmap.mmap(self._file, PAGES * PAGE_BYTES)
        self._known: dict[int, list[Told]] = {}
        mine = next((number for number in range(PAGES) if self._claim(number)), None)
        if mine is None:
            self.close()
            raise LocalError("The ledger of transcoding has no page left.")
        self._mine = mine

    def tell(self, told: Sequence[Told], now: float) -> None:
        """Say what this engine's pictures take."""
        at = self._mine * PAGE_BYTES
        self._map[at : at + PAGE_BYTES] = page(told, now)

    def others(self, now: float) -> dict[int, list[Told]]:
        """What those of the other engines take, by engine."""
        for number in range(PAGES):
            if number != self._mine:
                at = number * PAGE_BYTES
                told = read(self._map[at : at + PAGE_BYTES], now)
                if told is not None:  # else as it was last
                    self._known[number] = told
        return {number: told for number, told in self._known.items() if told}

    def close(self) -> None:
        """Give the page back."""
        if not self._map.closed:
            self._map.close()
            os.close(self._file)

    def _claim(self, number: int) -> bool:
        """Lock a page for this open file (fcntl_locking(2), open file description locks)."""
        wanted = _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, number * PAGE_BYTES, PAGE_BYTES, 0)
        try:
            fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, wanted)
        except OSError:
            return False
        return True
