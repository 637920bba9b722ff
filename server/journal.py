"""One writer for all facts: what waits goes to disk together and in order; nobody waits long for a disk that hangs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from server.conductor.spawn import spawn
from signaling.errors import LocalError

WRITE_S = 1.5  # a command that is not on disk by then is refused: people press again after two seconds
AGAIN_S = 0.25  # between two tries while the disk refuses
CLOSE_S = 1.0  # of the 5 s in which the server ends
ROWS = 256  # in one transaction: more would make everybody wait for the longest
MOST_WAITING = 5000  # writes of what happened by itself, hours of it; the oldest goes first

Row = Mapping[str, Any]
Key = tuple[str, int, int]
"""Booth, epoch, sequence."""
Write = Callable[[Sequence[Key], Sequence[Row]], Awaitable[None]]
"""One transaction: delete these rows if they are there, then insert those. Raises SQLAlchemyError."""

log = structlog.get_logger("store")


class NotWrittenError(LocalError):
    """It is not on disk, and will not be."""


class ConflictError(LocalError):
    """Another fact stands in its place."""


@dataclass(slots=True, eq=False)
class _Entry:
    """Rows that go together. `kept`: owed to the disk however long it takes; else they are withdrawn when late."""

    rows: tuple[Row, ...]
    kept: bool
    over: asyncio.Future[LocalError | None]
    """Done when nobody has to wait for it any longer."""
    void: bool = False
    """Withdrawn while it was under way: should it be written, that is undone."""
    landed: bool = False

    def settle(self, error: LocalError | None = None) -> None:
        if not self.over.done():
            self.over.set_result(error)


class Journal:
    """The queue in front of the disk, in the order of submission.

    A write that ended badly may be on disk all the same: frames of a log whose sync failed are found again after a
    crash (https://www.sqlite.org/walformat.html), and one that hangs may yet end well. So its rows are *doubtful*: the
    next transaction deletes them before it does anything else.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._queue: deque[_Entry] = deque()
        self._flying: list[_Entry] = []
        self._doubtful: set[Key] = set()
        self._wanted = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._stalled = False
        self._task: asyncio.Task[None] | None = None
        self.broken: str | None = None
        """Why nothing can be written just now, in a sentence."""
        self.written = 0
        """Rows on disk since the start."""
        self.dropped = 0
        """Writes that nobody asked for by a command, given up because the disk refused for too long."""
        self.undone = 0
        """Rows that were written too late, and taken back."""

    def start(self) -> None:
        """Begin to write."""
        self._task = spawn(self._run(), "journal")

    async def close(self) -> None:
        """Write what waits, if the disk takes it within a second, and stop; may be called twice."""
        task, self._task = self._task, None
        if task is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._at_rest.wait()
        if self._owes:
            log.error("facts_left_unwritten", writes=len(self._flying) + len(self._queue), reason=self.broken)
        task.cancel()
        await asyncio.wait({task}, timeout=CLOSE_S)  # a thread that hangs in the disk cannot be ended

    async def submit(self, rows: Sequence[Row], *, kept: bool) -> bool:
        """Have rows written; whether they are on disk.

        `kept`: they are written some time, and False is the answer when that did not happen soon. Otherwise they are
        withdrawn then, and NotWrittenError is raised; ConflictError when other facts stand in their place.
        """
        if self._task is None:
            raise LocalError("The store is not open.")
        if self._stalled and not kept:
            raise NotWrittenError(self.broken or "")
        entry = _Entry(tuple(rows), kept, asyncio.get_running_loop().create_future())
        self._queue.append(entry)
        if len(self._queue) > MOST_WAITING:
            self._queue.popleft().settle()
            self.dropped += 1
        self._wanted.set()
        self._at_rest.clear()
        if self._stalled:
            return False
        await asyncio.wait({entry.over}, timeout=WRITE_S)
        if not entry.over.done():
            self._stall(self.broken or f"The disk has not answered for {WRITE_S} s.")
        error = entry.over.result()
        if error is not None:
            raise error
        return entry.landed

    @property
    def waiting(self) -> int:
        """Rows that are on their way to the disk, or wait until it takes any."""
        return sum(len(entry.rows) for entry in (*self._flying, *self._queue))

    @property
    def _owes(self) -> bool:
        return bool(self._queue or self._flying or self._doubtful)

    async def _run(self) -> None:
        while True:
            if not self._owes:
                self._at_rest.set()
                if self.broken is None:
                    self._wanted.clear()
                    await self._wanted.wait()
            if not await self._round():
                await asyncio.sleep(AGAIN_S)

    async def _round(self) -> bool:
        """One transaction with what waits, or with a mark only, to see whether the disk takes it; whether it did."""
        rows = 0
        while self._queue and rows <= ROWS:
            self._flying.append(self._queue.popleft())
            rows += len(self._flying[-1].rows)
        undone = tuple(self._doubtful)
        try:
            await self._write(undone, [row for entry in self._flying for row in entry.rows])
        except IntegrityError:
            await self._one_by_one()
        except (SQLAlchemyError, OSError) as error:
            self._failed(error)
            return False
        else:
            self._doubtful.difference_update(undone)
            self._landed()
        return True

    async def _one_by_one(self) -> None:
        """A conflict in one booth keeps no other from the disk."""
        together = len(self._flying)
        self._queue.extendleft(reversed(self._flying))
        while together and self._queue:  # whoever waits in it can be refused meanwhile
            together, self._flying = together - 1, [self._queue.popleft()]
            try:
                await self._write(tuple(self._doubtful), self._flying[0].rows)
            except IntegrityError:
                [entry], self._flying = self._flying, []
                log.critical("facts_in_conflict", first=_keys(entry)[0], kept=entry.kept)
                entry.settle(ConflictError("{} at {}/{} or after".format(*_keys(entry)[0])))
            except (SQLAlchemyError, OSError) as error:
                self._failed(error)
                return
            else:
                self._doubtful.clear()
                self._landed()

    def _landed(self) -> None:
        for entry in self._flying:
            if entry.void:
                self._doubtful.update(_keys(entry))
                self.undone += len(entry.rows)
            else:
                self.written += len(entry.rows)
            entry.landed = not entry.void
            entry.settle()
        self._flying = []
        if self.broken is not None and not self._doubtful:
            log.warning("facts_written_again", waiting=len(self._queue))
            self.broken, self._stalled = None, False

    def _failed(self, error: Exception) -> None:
        for entry in self._flying:
            self._doubtful.update(_keys(entry))
        self._queue.extendleft(entry for entry in reversed(self._flying) if not entry.void)
        self._flying = []
        reason = sentence_of(error)
        if "locked" in str(error):  # whoever has it may be done in a moment
            self._say(reason)
        else:
            self._stall(reason)

    def _stall(self, reason: str) -> None:
        """From now on nobody waits: commands are refused, what happens by itself is owed."""
        self._say(reason)
        self._stalled = True
        for entry in (*self._flying, *self._queue):
            entry.void = not entry.kept
            entry.settle(None if entry.kept else NotWrittenError(reason))
        self._queue = deque(entry for entry in self._queue if entry.kept)

    def _say(self, reason: str) -> None:
        if self.broken is None:
            log.error("facts_cannot_be_written", reason=reason)
        self.broken = reason


def sentence_of(error: Exception) -> str:
    """Why a write failed, for whoever runs the server."""
    said = str(getattr(error, "orig", None) or error)
    for sign, sentence in _SENTENCES.items():
        if sign in said:
            return sentence
    return f"The record of the event cannot be written: {said}."


_SENTENCES = {
    "is full": "The disk that holds the record of the event is full: make room on it; the consultations go on.",
    "locked": "Another program holds the record of the event locked: end it; the consultations go on.",
    "readonly": "The record of the event may only be read: give its file and folder back to the server's user.",
    "I/O error": "The disk that holds the record of the event fails; the consultations go on, changes are refused.",
}


def _keys(entry: _Entry) -> list[Key]:
    return [(row["booth"], row["epoch"], row["sequence"]) for row in entry.rows]
