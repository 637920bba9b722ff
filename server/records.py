"""Which file holds the facts of a meeting: one for each day, and still yesterday's while that meeting is going on."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from signaling.phases import FOLLOWS_PRESENCE, Phase

GOING_ON = dt.timedelta(hours=6)
"""A meeting that nobody has touched for longer is over; a clock that jumps by an hour or two ends none."""
LOCKED_S = 0.5


@dataclass(frozen=True, slots=True)
class Record:
    """A file of facts as it was found: its day, when the last fact was written, and where each booth stood then."""

    path: Path
    day: dt.date
    last_at: dt.datetime
    phases: Mapping[str, Phase]

    def goes_on(self, now: dt.datetime) -> bool:
        """Whether somebody would miss it: some booth is not over, and its last word is not long ago."""
        is_under_way = any(phase is not Phase.ENDED for phase in self.phases.values())
        return is_under_way and abs(now - self.last_at) < GOING_ON

    @property
    def live_booths(self) -> int:
        """How many consultations had begun and were not over."""
        return sum(phase is not Phase.ENDED and phase not in FOLLOWS_PRESENCE for phase in self.phases.values())


def path_of(state_dir: Path, event_id: str, day: dt.date) -> Path:
    """The file of that event on that day."""
    return state_dir / f"{event_id}-{day.isoformat()}.sqlite3"


def unfinished(state_dir: Path, event_id: str, now: dt.datetime, since: dt.date = dt.date.min) -> Record | None:
    """The record of a meeting that still goes on, if there is one; of several the one that was written last.

    `since`: earlier days are not looked at.
    """
    found = (_read(path, event_id) for path in state_dir.glob(f"{event_id}-*.sqlite3"))
    going_on = [each for each in found if each is not None and each.day >= since and each.goes_on(now)]
    return max(going_on, key=lambda record: record.last_at, default=None)


def _read(path: Path, event_id: str) -> Record | None:
    """None for a file that has another name, no facts, or cannot be read: whoever opens it for good will say why."""
    try:
        day = dt.date.fromisoformat(path.stem.removeprefix(f"{event_id}-"))
        with closing(sqlite3.connect(path, timeout=LOCKED_S)) as connection:
            [last_at] = connection.execute("SELECT max(at) FROM facts").fetchone()
            query = "SELECT booth, body FROM facts WHERE kind = 'phase' ORDER BY epoch, sequence"
            phases = {booth: Phase(json.loads(body)["phase"]) for booth, body in connection.execute(query)}
        return Record(path, day, dt.datetime.fromisoformat(last_at), phases) if last_at is not None else None
    except (ValueError, KeyError, TypeError, sqlite3.Error):
        return None
