"""Whether pictures take less of the machine for a while, and who has to know: one for all pictures of an engine."""

from __future__ import annotations

from collections.abc import Callable


class Thinning:
    """`on`: now. All calls come from the event loop."""

    def __init__(self) -> None:
        self.on = False
        self._told: list[Callable[[], None]] = []  # one for each picture that somebody sends

    def append(self, told: Callable[[], None]) -> None:
        """Call this at every change."""
        self._told.append(told)

    def remove(self, told: Callable[[], None]) -> None:
        """Call it no more; one that was not there is no error."""
        if told in self._told:
            self._told.remove(told)

    def turn(self, on: bool) -> None:
        """Take less from now on, or as much as is wished again."""
        self.on = on
        for told in tuple(self._told):
            told()
