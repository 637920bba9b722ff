"""What goes wrong when in a meeting: drawn from a seed beforehand, so that the same seed brings the same faults."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

PAUSE_S = (2.0, 8.0)
"""From one fault to the next, anywhere."""
FRONTS_UNTIL = 0.5
"""Of the time: afterwards the front lives on, so that growth of its memory would be seen."""
LASTS_S = {"leave": (1.0, 10.0), "cut": (0.5, 20.0), "power cut": (2.0, 8.0)}
WEIGHTS = {"on air": 6, "cut": 4, "leave": 3, "address": 3, "power cut": 2, "media process": 2, "front": 1}


@dataclass(frozen=True, slots=True)
class Fault:
    """At `at_s` from the beginning this happens to somebody in a booth, and lasts; `name` "" where all are meant."""

    at_s: float
    kind: str
    booth: str
    name: str
    lasts_s: float = 0.0

    def __str__(self) -> str:
        lasts = f" for {self.lasts_s:.1f} s" if self.lasts_s else ""
        whom = " ".join(filter(None, (self.name, self.booth)))
        return f"{self.at_s:7.1f} s: {self.kind} {whom}{lasts}"


def script(
    seed: int, seconds: float, booths: Sequence[str], rooms: Sequence[str], voices: Sequence[str]
) -> list[Fault]:
    """Everything that will happen in so many seconds."""
    chance = random.Random(seed)
    faults: list[Fault] = []
    at_s = 0.0
    while (at_s := at_s + chance.uniform(*PAUSE_S)) < seconds:
        kind = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        booth, name = chance.choice(booths), chance.choice([*rooms, *voices])
        lasts_s = chance.uniform(*LASTS_S.get(kind, (0.0, 0.0)))
        if kind == "front" and at_s > seconds * FRONTS_UNTIL:
            kind = "on air"
        if kind == "on air":
            name = chance.choice(voices)
        faults.append(Fault(at_s, kind, booth, name if kind not in ("media process", "front") else "", lasts_s))
    return faults
