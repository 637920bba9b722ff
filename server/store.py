"""Facts on disk: what was acknowledged is there after a power cut."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, Integer, MetaData, String, Table, event, insert, select, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from server.spread import Spread
from signaling.errors import LocalError
from signaling.facts import Fact

WRITE_EDGES_S = (0.001, 0.0025, 0.005, 0.010, 0.025, 0.050, 0.100, 0.250, 1.0)
"""A commit that waits for a solid disk takes some ms, for a spinning one some tens; people notice 0.25 s."""
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
)


class Store:
    """The facts of one event in one SQLite file; PostgreSQL would need another URL and no other code."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine: AsyncEngine | None = None
        self.written = 0
        """Facts on disk since the file was opened."""
        self.failures = 0
        """Writes that failed."""
        self.writes = Spread(WRITE_EDGES_S)
        """How long those took that did not."""

    async def open(self) -> None:
        """Make or open the file; raises LocalError with a sentence when it cannot be used."""
        engine = create_async_engine(f"sqlite+aiosqlite:///{self._path}")
        event.listen(engine.sync_engine, "connect", _durable)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            async with engine.begin() as connection:
                await connection.run_sync(_METADATA.create_all)
        except (SQLAlchemyError, OSError) as error:
            await engine.dispose()
            raise LocalError(f"The record of the event, {self._path}, cannot be opened: {error}") from error
        self._engine = engine

    async def close(self) -> None:
        """Close the file; may be called twice."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()

    async def append(self, facts: Sequence[Fact]) -> None:
        """Write facts, all or none; on disk when this returns. Raises LocalError for one that is there already."""
        if not facts:
            return
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        rows = [
            {"booth": f.booth, "epoch": f.epoch, "sequence": f.sequence, "at": at, "kind": f.kind, "body": dict(f.body)}
            for f in facts
        ]
        began_s = time.monotonic()
        try:
            await self._insert(facts[0], rows)
        except Exception:
            self.failures += 1
            raise
        self.written += len(facts)
        self.writes.add(time.monotonic() - began_s)

    async def _insert(self, first: Fact, rows: list[dict[str, Any]]) -> None:
        try:
            async with self._opened().begin() as connection:
                await connection.execute(insert(_FACTS), rows)
        except IntegrityError as error:
            place = f"{first.booth} at {first.epoch}/{first.sequence} or after"
            raise LocalError(f"A fact of {place} is there already.") from error

    async def facts(self, booth: str) -> tuple[Fact, ...]:
        """Every fact of a booth, in the order in which it became true."""
        query = select(_FACTS).where(_FACTS.c.booth == booth).order_by(_FACTS.c.epoch, _FACTS.c.sequence)
        async with self._opened().connect() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(Fact(row.booth, row.epoch, row.sequence, row.kind, row.body) for row in rows)

    async def is_writable(self) -> bool:
        """Whether a fact could be written now; takes the write lock and gives it back."""
        if self._engine is None:
            return False
        try:
            async with self._engine.connect() as connection:
                await connection.execute(text("BEGIN IMMEDIATE"))
                await connection.rollback()
        except SQLAlchemyError:
            return False
        return True

    def _opened(self) -> AsyncEngine:
        if self._engine is None:
            raise LocalError("The store is not open.")
        return self._engine


def _durable(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # a commit waits for the disk: an acknowledged fact survives a power cut
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.close()
