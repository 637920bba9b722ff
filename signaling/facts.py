"""A fact: one thing that became true of a booth, written down before anybody acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FactValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Fact:
    """`sequence` counts the facts of a booth from 1 without a gap; `epoch` says which of its consultations it is of.

    Kinds and their bodies (`by` is the seat that asked for it, None when it came by itself):
    `phase` {phase, by}, `mode` {mode, by}, `set` {site, by, and any of muted, camera_off, volume_db, framing},
    `direction` {person, to, by}, `on_air` {person, on, by}.
    """

    booth: str
    epoch: int
    sequence: int
    kind: str
    body: Mapping[str, FactValue]
