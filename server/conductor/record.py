"""Facts on disk, before anything is done about them."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

import structlog

from signaling.errors import RemoteError
from signaling.facts import Fact
from signaling.inputs import Input, Received
from signaling.requests import Command

log = structlog.get_logger("conductor")


class Record(Protocol):
    """What the conductor asks of a store."""

    def append(self, facts: Sequence[Fact]) -> Awaitable[None]:
        """Write facts, all or none; returns when they are on disk."""

    def facts(self, booth: str) -> Awaitable[tuple[Fact, ...]]:
        """Every fact of a booth, in order."""


async def write(record: Record, facts: tuple[Fact, ...], happened: Input) -> None:
    """Put facts on disk. Raises RemoteError `not_saved` when that fails and they came of a command.

    What happened by itself has happened, written down or not: a lost interpreter is off air even when the disk is full.
    """
    try:
        await record.append(facts)
    except Exception:
        log.exception("facts_not_written", booth=facts[0].booth, kinds=[fact.kind for fact in facts])
        if isinstance(happened, Received) and isinstance(happened.message, Command):
            raise RemoteError("not_saved", "The server could not write this down, so nothing was changed.") from None
