"""A fact: one thing that became true of a booth, written down before anybody acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FactValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Fact:
    """`sequence` counts the facts of a booth from 1 without a gap; `epoch` says which of its consultations it is of.

    Kinds and their bodies (`by` is the seat that asked for it, None when it came by itself):
    `phase` {phase, by}, `mode` {mode, by}, `set` {site, by, and any of muted, camera_off, volume_db, framing},
    `direction` {person, to, by}, `on_air` {person, on, by},
    `seat` {seat, generation, resume, earlier, by} (who may come back to it: digests of secrets, empty for nobody),
    `timer` {name, seat, for_s, by} (the lamp `gone` for that seat ends so much later; 0: it has ended).
    """

    booth: str
    epoch: int
    sequence: int
    kind: str
    body: Mapping[str, FactValue]
    event: str | None = None
    """"<seat>/<id>" of the command that it comes of: the same command again is not obeyed again."""
    at: float | None = field(default=None, compare=False)
    """When it was written, in seconds of UTC; known of facts that were read."""
