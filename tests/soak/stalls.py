"""Moments that were late, and whether the machine as a whole stood still then."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MARGIN_S = 0.050  # the canary looks every 10 ms; two processes do not wake up in the same millisecond


@dataclass(frozen=True, slots=True)
class Stall:
    """From when to when something did not go on, in monotonic seconds."""

    began_s: float
    ended_s: float

    @property
    def ms(self) -> float:
        """How long it took."""
        return (self.ended_s - self.began_s) * 1000


def read(notes: Path) -> list[Stall]:
    """Lines of `monotonic-seconds lateness-ms`; a last line that is not yet whole is left out."""
    text = notes.read_text(encoding="ascii") if notes.exists() else ""
    rows = (line.split() for line in text[: text.rfind("\n") + 1].splitlines())
    return [Stall(float(at_s) - float(late_ms) / 1000, float(at_s)) for at_s, late_ms in rows]


def split(stalls: list[Stall], shared_with: list[Stall]) -> tuple[list[Stall], list[Stall]]:
    """Those of one's own, and those that the canary shared."""
    own = [stall for stall in stalls if not any(_meet(stall, other) for other in shared_with)]
    return own, [stall for stall in stalls if stall not in own]


def _meet(one: Stall, other: Stall) -> bool:
    return one.began_s - MARGIN_S <= other.ended_s and other.began_s <= one.ended_s + MARGIN_S
