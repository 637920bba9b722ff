"""Facts on disk: what was acknowledged is there after a power cut."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    event,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from server.journal import ConflictError, Journal, Key, Row
from server.spread import Spread
from signaling.errors import LocalError
from signaling.facts import Fact

WRITE_EDGES_S = (0.001, 0.0025, 0.005, 0.010, 0.025, 0.050, 0.100, 0.250, 1.0)
"""A commit that waits for a solid disk takes some ms, for a spinning one some tens; people notice 0.25 s."""
LOCKED_MS = 500  # another program may hold the file that long before it is told
SHAPE = 1
"""Of the tables, as PRAGMA user_version says it: 0 had no `event` and no `mark`."""
_METADATA = MetaData()
_FACTS = Table(
    "facts",
    _METADATA,
    Column("booth", String, primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("at", String, nullable=False),  # UTC, ISO 8601 with milliseconds: readable with any tool
    Column("kind", String, nullable=False),
    Column("body", JSON, nullable=False),
    Column("event", String),
)
_MARK = Table("mark", _METADATA, Column("one", Integer, primary_key=True), Column("at", String, nullable=False))
"""One row, written anew to see whether the disk takes anything."""
_DELETE = delete(_FACTS).where(
    _FACTS.c.booth == bindparam("of_booth"),
    _FACTS.c.epoch == bindparam("of_epoch"),
    _FACTS.c.sequence == bindparam("of_sequence"),
)


class Store:
    """The facts of one event in one SQLite file; PostgreSQL would need another URL and no other code."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine: AsyncEngine | None = None
        self._journal = Journal(self._write)
        self.failures = 0
        """Writes that failed, or were not on disk in time."""
        self.writes = Spread(WRITE_EDGES_S)
        """How long those took that did not."""

    @property
    def written(self) -> int:
        """Facts on disk since the file was opened."""
        return self._journal.written

    @property
    def waiting(self) -> int:
        """Facts that are not on disk yet, and will be as soon as it takes them."""
        return self._journal.waiting

    @property
    def broken(self) -> str | None:
        """Why nothing can be written just now, in a sentence; None when something can."""
        return self._journal.broken

    async def open(self) -> None:
        """Make or open the file; raises LocalError with a sentence when it cannot be used."""
        engine = create_async_engine(f"sqlite+aiosqlite:///{self._path}")
        event.listen(engine.sync_engine, "connect", _durable)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            async with engine.begin() as connection:
                await connection.run_sync(_shaped)
        except (SQLAlchemyError, OSError, LocalError) as error:
            await engine.dispose()
            reason = getattr(error, "orig", None) or error  # without the SQL, which is no sentence
            raise LocalError(f"The record of the event, {self._path}, cannot be opened: {reason}") from error
        self._engine = engine
        self._journal.start()

    async def close(self) -> None:
        """Write what waits and close the file; may be called twice."""
        await self._journal.close()
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()

    async def append(self, facts: Sequence[Fact]) -> None:
        """Write facts, all or none; on disk when this returns.

        Raises LocalError when they are not on disk within 1.5 s, and then never will be, or when one is there already.
        """
        await self._submit(facts, kept=False)

    async def keep(self, facts: Sequence[Fact]) -> bool:
        """Write facts of what has happened anyhow: now, or as soon as the disk takes them. Whether they are on disk.

        Raises LocalError for one that is there already.
        """
        return await self._submit(facts, kept=True)

    async def _submit(self, facts: Sequence[Fact], *, kept: bool) -> bool:
        if not facts:
            return True
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        began_s = time.monotonic()
        try:
            is_written = await self._journal.submit([_row(fact, at) for fact in facts], kept=kept)
        except ConflictError as error:
            self.failures += 1
            raise LocalError(f"A fact of {error} is there already.") from error
        except LocalError:
            self.failures += 1
            raise
        if is_written:
            self.writes.add(time.monotonic() - began_s)
        else:
            self.failures += 1
        return is_written

    async def _write(self, undone: Sequence[Key], rows: Sequence[Row]) -> None:
        async with self._opened().begin() as connection:
            if undone:
                keys = [
                    {"of_booth": booth, "of_epoch": epoch, "of_sequence": number} for booth, epoch, number in undone
                ]
                await connection.execute(_DELETE, keys)
            if rows:
                await connection.execute(insert(_FACTS), rows)
            else:
                at = datetime.now(UTC).isoformat(timespec="milliseconds")
                await connection.execute(update(_MARK).values(at=at))

    async def facts(self, booth: str) -> tuple[Fact, ...]:
        """Every fact of a booth, in the order in which it became true."""
        query = select(_FACTS).where(_FACTS.c.booth == booth).order_by(_FACTS.c.epoch, _FACTS.c.sequence)
        async with self._opened().connect() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(
            Fact(row.booth, row.epoch, row.sequence, row.kind, row.body, row.event, _seconds(row.at)) for row in rows
        )

    async def is_writable(self) -> bool:
        """Whether a fact could be written now: writes a mark as facts are written."""
        if self._engine is None or self.broken is not None:
            return False
        try:
            return await self._journal.submit((), kept=False)
        except LocalError:
            return False

    def _opened(self) -> AsyncEngine:
        if self._engine is None:
            raise LocalError("The store is not open.")
        return self._engine


def _row(fact: Fact, at: str) -> Row:
    return {
        "booth": fact.booth,
        "epoch": fact.epoch,
        "sequence": fact.sequence,
        "at": at,
        "kind": fact.kind,
        "body": dict(fact.body),
        "event": fact.event,
    }


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _shaped(connection: Connection) -> None:
    """Make the tables, or bring those of an older program into today's shape."""
    found = connection.execute(text("PRAGMA user_version")).scalar_one()
    if found > SHAPE:
        raise LocalError("a newer version of this program has written it.")
    if found == SHAPE:
        return  # nothing is written, so that a server comes back on a full disk
    asked = inspect(connection)  # a file whose making was cut short may have any part of it
    if asked.has_table("facts") and all(column["name"] != "event" for column in asked.get_columns("facts")):
        connection.execute(text("ALTER TABLE facts ADD COLUMN event VARCHAR"))
    _METADATA.create_all(connection)
    connection.execute(text("INSERT OR IGNORE INTO mark (one, at) VALUES (1, '')"))
    connection.execute(text(f"PRAGMA user_version = {SHAPE}"))


def _durable(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # a commit waits for the disk: an acknowledged fact survives a power cut
    cursor.execute(f"PRAGMA busy_timeout={LOCKED_MS}")
    cursor.close()
