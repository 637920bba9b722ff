"""The event file as it was when the server last began with it: a restart in the middle of a meeting goes on with that.

Somebody edits the file while five booths talk, and is not done when the server has to be started again. Where no
consultation is going on a file with faults is refused, as ever.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import structlog

from server import state_dir
from server.event import Event, EventFaults, load
from server.records import unfinished
from server.settings import Settings, SetupError

log = structlog.get_logger("server.event")


def load_or_last_good(settings: Settings, now: dt.datetime) -> tuple[Event, str | None]:
    """The event, and a sentence when it is not the file as it stands. Raises EventFaults.

    A file without a fault is kept for the next time.
    """
    kept = _kept(settings)
    try:
        event = load(settings.event)
    except EventFaults as faults:
        try:
            event = load(kept, settings.event.parent)
        except EventFaults:
            raise faults from None
        if not _goes_on(settings, event.id, now):
            raise
        count = len(faults.faults)
        many = f"{count} faults" if count > 1 else "a fault"
        sentence = (
            f"{faults}\n{settings.event} has {many}. A consultation is going on, so the server goes on with the event "
            "as it was before. Mend the file: `.venv/bin/python -m server check` says when it is good."
        )
        return event, sentence
    _keep(settings, kept)
    return event, None


def _keep(settings: Settings, kept: Path) -> None:
    """Put a copy aside; a disk that cannot take it is no reason not to begin."""
    try:
        content = settings.event.read_bytes()
        if not kept.exists() or kept.read_bytes() != content:
            state_dir.prepare(settings.state_dir)
            state_dir.write(kept, content)
    except (OSError, SetupError) as error:
        log.warning("event_not_kept", reason=str(error))


def _kept(settings: Settings) -> Path:
    """One for each event file that this state folder has served."""
    name = hashlib.sha256(str(settings.event).encode()).hexdigest()[:12]
    return settings.state_dir / f"last-good-{name}.toml"


def _goes_on(settings: Settings, event_id: str, now: dt.datetime) -> bool:
    """Whether a consultation of the event is live or paused by its record, and was so a short time ago."""
    record = unfinished(settings.state_dir, event_id, now)
    return record is not None and record.live_booths > 0
