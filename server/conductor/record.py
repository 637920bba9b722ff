"""Facts on disk, before anything is done about them."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

import structlog

from signaling.errors import LocalError, RemoteError
from signaling.facts import Fact
from signaling.inputs import Input, Received
from signaling.requests import Command, OnAir

log = structlog.get_logger("conductor")


class Record(Protocol):
    """What the conductor asks of a store."""

    def append(self, facts: Sequence[Fact]) -> Awaitable[None]:
        """Write facts, all or none; on disk when it returns, and never where it raises."""

    def keep(self, facts: Sequence[Fact]) -> Awaitable[bool]:
        """Write facts of what has happened anyhow, now or as soon as that is possible; whether they are on disk."""

    def facts(self, booth: str) -> Awaitable[tuple[Fact, ...]]:
        """Every fact of a booth, in order."""


async def write(record: Record, facts: tuple[Fact, ...], happened: Input) -> None:
    """Put facts on disk. Raises RemoteError `not_saved` when that fails and they came of a command.

    What happened by itself has happened, written down or not: a lost interpreter is off air, and who comes back has
    the seat, even when the disk is full. It is written as soon as the disk takes it. So is a microphone that follows
    its key: no disk may keep one open.
    """
    said = happened.message if isinstance(happened, Received) else None
    is_command = isinstance(said, Command) and not isinstance(said, OnAir)
    try:
        if is_command:
            await record.append(facts)
        else:
            await record.keep(facts)
    except LocalError as error:
        if is_command:
            raise RemoteError("not_saved", "The server could not write this down, so nothing was changed.") from error
        log.exception("facts_not_written", booth=facts[0].booth, kinds=[fact.kind for fact in facts])
    except Exception:
        log.exception("facts_not_written", booth=facts[0].booth, kinds=[fact.kind for fact in facts])
        if is_command:
            raise RemoteError("not_saved", "The server could not write this down, so nothing was changed.") from None
