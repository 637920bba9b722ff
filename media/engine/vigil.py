"""Watches over something that gives signs of life: looks at it when one is overdue, and on until there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LOOK_S = 0.1
FIRST_LOOKS = 3
"""As many looks as the first one counts for, because it comes that much later: signs come every 0.25 s at least, and
while they do nobody is woken to look."""


class Vigil:
    """`look` is told how many looks in a row have found no sign of life.

    Looks and not seconds: where the whole machine stood still, or this process did, nobody looked either.
    """

    def __init__(self, look: Callable[[int], None]) -> None:
        self._look = look
        self._looks = 0
        self._next: asyncio.TimerHandle | None = None

    def signed(self) -> None:
        """There was a sign of life; with the first one the vigil begins."""
        self._looks = 0
        self._look_in(FIRST_LOOKS)

    def stop(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()

    def _look_in(self, looks: int) -> None:
        self.stop()
        self._next = asyncio.get_running_loop().call_later(looks * LOOK_S, self._look_now, looks)

    def _look_now(self, looks: int) -> None:
        self._looks += looks
        self._look_in(1)
        self._look(self._looks)
