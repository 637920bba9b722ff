"""The lifecycle of a consultation, as tables: which command leads where, and what follows presence by itself."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Phase(StrEnum):
    """Where a consultation stands. Media crosses between the sites in `LIVE` only."""

    EMPTY = "empty"
    WAITING = "waiting"
    READY = "ready"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


FOLLOWS_PRESENCE = frozenset({Phase.EMPTY, Phase.WAITING, Phase.READY})
"""The phases that come and go with the rooms; the others are left by a command only, whoever drops out."""

TRANSITIONS: Mapping[tuple[str, Phase], Phase] = MappingProxyType(
    {
        ("start", Phase.READY): Phase.LIVE,
        ("pause", Phase.LIVE): Phase.PAUSED,
        ("resume", Phase.PAUSED): Phase.LIVE,
        ("end", Phase.LIVE): Phase.ENDED,
        ("end", Phase.PAUSED): Phase.ENDED,
        ("next", Phase.ENDED): Phase.EMPTY,
    }
)
"""(command, phase) -> phase; `next` begins a new epoch, whose phase then follows presence."""


def by_presence(*, present: int, connected: int, sites: int) -> Phase:
    """The phase of a consultation that has not begun: by rooms that are there, and rooms whose media is up."""
    if connected == sites:
        return Phase.READY
    return Phase.WAITING if present or connected else Phase.EMPTY
