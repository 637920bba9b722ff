"""A media process' signs of life: levels where they are told, a beat where they are not, now and then its figures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from media.engine.door import Beating, Surveyed

BEAT_S = 0.25
"""Longer than the 0.2 s from levels to levels: while those are told, no beat wakes anybody."""
FIGURES_SIGNS = 8
"""Signs of life between two times that figures are told: what was counted in the last 2 s dies with the process."""

AFTER_TICK_S = 0.002
"""Figures take as long to gather as a fifth of a tick's work: they wait until its packets have left."""


class Heart:
    """`begin` it, and say `beaten` for each sign of life that was told anyway."""

    def __init__(
        self,
        tell: Callable[[Beating | Surveyed], None],
        ticks: Callable[[], int],
        figures: Callable[[], Surveyed] | None,
    ) -> None:
        self._tell = tell
        self._ticks = ticks
        self._figures = figures
        self._signs = 0
        self._next: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Beat from now on."""
        self._beat()

    def beaten(self) -> None:
        """Levels were told, which the sound's tick makes: they say all that a beat would."""
        self._signs += 1
        loop = asyncio.get_running_loop()
        if self._signs % FIGURES_SIGNS == 0:
            loop.call_later(AFTER_TICK_S, self._tell_figures)
        self.stop()
        self._next = loop.call_later(BEAT_S, self._beat)

    def stop(self) -> None:
        """Beat no more."""
        if self._next is not None:
            self._next.cancel()

    def _tell_figures(self) -> None:
        if self._figures is not None:
            self._tell(self._figures())

    def _beat(self) -> None:
        self._tell(Beating(self._ticks()))
        self.beaten()
