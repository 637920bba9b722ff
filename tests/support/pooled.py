"""A pool of media processes, real ones or misbehaving ones, and what can be seen of them from outside."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from media.engine.child import Recipe
from media.engine.door import Answered, Connect, Event, Outcome, Survey, Surveyed
from media.engine.pool import PoolEngine
from server.settings import CHECKOUT

PATIENCE_S = 20.0
"""Python with all its libraries takes seconds to begin on a busy machine."""
REAL = ("-m", "server.media_process", "--addresses", "127.0.0.1")


def recipe(*arguments: str | Path) -> Recipe:
    """How Python is started with these arguments."""
    return Recipe((sys.executable, *map(str, arguments)), CHECKOUT, dict(os.environ))


@asynccontextmanager
async def pooled(*arguments: str | Path, most: int = 4, ahead: int = 0) -> AsyncIterator[PoolEngine]:
    """An open pool of such processes; real ones where nothing is said."""
    pool = PoolEngine(recipe(*(arguments or REAL)), most)
    pool.open(ahead)
    try:
        yield pool
    finally:
        await pool.close()


def strange(kind: str, notes: Path) -> tuple[str | Path, ...]:
    """The arguments of a misbehaving process: see `tests.support.strange_process`."""
    return ("-m", "tests.support.strange_process", kind, notes)


def connect(place: str, seat: str = "A", generation: int = 1) -> Connect:
    """An offer of a seat that speaks and hears."""
    return Connect(place, seat, generation, "sendrecv", None, "v=0", False)


def pid_of(outcome: Outcome) -> int:
    """The process that answered: a strange one answers an offer with its number."""
    assert isinstance(outcome, Answered), outcome
    return int(outcome.sdp)


async def lost(pool: PoolEngine) -> dict[str, int]:
    """Media processes lost so far, by reason."""
    surveyed = await pool.perform(Survey())
    assert isinstance(surveyed, Surveyed)
    return surveyed.lost


def lives(pid: int) -> bool:
    """Whether that process runs; one that ended and was not yet asked for its code does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def children_of(pid: int) -> set[int]:
    """The processes that a process started, and that run."""
    found = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        found |= set(map(int, (task / "children").read_text(encoding="ascii").split()))
    return {child for child in found if lives(child)}


async def until(fact: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    """Wait until something is so. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not fact():  # noqa: ASYNC110 - what other processes do sets no event here
            await asyncio.sleep(0.02)


class Ear:
    """What an engine told, as it came."""

    def __init__(self, pool: PoolEngine) -> None:
        self.events: list[Event] = []
        pool.listen(self.events.append)

    async def hears(self, event: Event, within_s: float = PATIENCE_S) -> None:
        """Wait for a word."""
        await until(lambda: event in self.events, within_s)
