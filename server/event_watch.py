"""The event file of a running server: it goes on with what it began with, and says what an edit is worth."""

from __future__ import annotations

import asyncio

import structlog

from server.event import EventFaults, load
from server.settings import Settings
from server.state_dir import stamp

LOOK_S = 10.0

log = structlog.get_logger("server.event")


class EventWatch:
    """What began with the file of `settings` as it is now."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.event
        self._stamp = stamp(self._path)

    async def watch(self) -> None:
        """Look again and again; never returns."""
        while True:
            await asyncio.sleep(LOOK_S)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Say once of each change what it is worth."""
        fresh = stamp(self._path)
        if fresh == self._stamp:
            return
        self._stamp = fresh
        try:
            load(self._path)
        except EventFaults as faults:
            reason = "The server goes on with the event as it was; after its next start only while consultations go on."
            log.error("event_file_faulty", reason=reason, faults=str(faults))  # noqa: TRY400 - the sentences say it all
        else:
            log.info("event_file_changed", hint="it counts from the next start on")
