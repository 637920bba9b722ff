"""How fast a gain moves: no step anywhere, every change of a cell is a ramp."""

from __future__ import annotations

ATTACK_S = 0.120
"""Down: quick enough that the interpreter's first word is on top, slow enough not to click."""
RELEASE_S = 1.5
"""Up: a floor that returns at once frightens (BigBlueButton #2642)."""
OPEN_CLOSE_S = 0.030
"""A microphone that opens or closes: no click, and no word cut."""


def ramp_s(old_db: float | None, new_db: float | None) -> float:
    """The seconds a cell takes from one gain to another; None is silence."""
    if old_db is None or new_db is None:
        return OPEN_CLOSE_S
    return RELEASE_S if new_db > old_db else ATTACK_S
