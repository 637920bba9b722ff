"""What is counted at the doors since the process began: plain numbers that only grow, for `/metrics`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Shared by all requests and sockets of an application; call it from the event loop only."""

    answers: Counter[int] = field(default_factory=Counter)
    """HTTP answers, by status."""
    errors: Counter[str] = field(default_factory=Counter)
    """Errors told on WebSockets, by code."""
    thumbnails: Counter[str] = field(default_factory=Counter)
    """Small pictures of rooms by what became of them: `kept`, `refused`, `handed` to somebody."""
    shedding_level: int = 0
    """How many steps of what matters less than voices are left out now (`media.shedding`)."""
    shedding_changes: Counter[str] = field(default_factory=Counter)
    """Steps that were `raised` and `lowered`."""
    levels_dropped: int = 0
    """Levels that a newer one overtook on its way to a socket."""
