"""How often something that keeps dying is begun again: at once, then with pauses, then not any more."""

from __future__ import annotations

from dataclasses import dataclass

PAUSES_S = (0.0, 0.0, 0.5, 1.0, 2.0)
"""Before the first new beginning, the second, ...; behind the last it is given up."""
FORGIVEN_S = 2.0
"""One death is forgotten for each 2 s between two of them in which it worked."""


@dataclass(slots=True)
class Retries:
    """Counts deaths against work. Times are monotonic seconds."""

    _deaths: float = 0.0
    _died_at: float = 0.0
    _worked: bool = False

    def worked(self) -> None:
        """It did something of use."""
        self._worked = True

    def died(self, now: float) -> float | None:
        """The pause in seconds before it is begun again; None: it is given up."""
        if self._worked:
            self._deaths = max(0.0, self._deaths - (now - self._died_at) / FORGIVEN_S)
        self._worked = False
        self._died_at = now
        pause_s = PAUSES_S[int(self._deaths)] if self._deaths < len(PAUSES_S) else None
        self._deaths += 1
        return pause_s

    def forgive(self) -> None:
        """It is another one now."""
        self._deaths, self._worked = 0.0, False
