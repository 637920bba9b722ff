"""Facts come back as they were written, in order, after anything that may happen to the process."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from server.store import Store
from signaling.errors import LocalError
from signaling.facts import Fact


def fact(sequence: int, *, booth: str = "booth-1", epoch: int = 1, kind: str = "phase") -> Fact:
    return Fact(booth, epoch, sequence, kind, {"phase": "live", "by": None, "volume_db": -6.5, "on": True})


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = Store(tmp_path / "state" / "event.sqlite3")
    await opened.open()
    yield opened
    await opened.close()


async def test_facts_come_back_in_the_order_in_which_they_became_true(store: Store) -> None:
    await store.append([fact(3, epoch=2)])
    await store.append([fact(1), fact(2)])
    await store.append([fact(1, booth="booth-2")])
    assert await store.facts("booth-1") == (fact(1), fact(2), fact(3, epoch=2))
    assert await store.facts("booth-2") == (fact(1, booth="booth-2"),)
    assert await store.facts("booth-3") == ()


async def test_a_fact_is_written_once_and_a_batch_wholly_or_not_at_all(store: Store) -> None:
    await store.append([fact(1)])
    with pytest.raises(LocalError, match="booth-1 at 1/2 or after"):
        await store.append([fact(2), fact(1)])
    assert await store.facts("booth-1") == (fact(1),)


async def test_what_is_written_and_what_fails_is_counted(store: Store) -> None:
    await store.append([fact(1), fact(2)])
    with pytest.raises(LocalError):
        await store.append([fact(2)])
    assert (store.written, store.failures, sum(store.writes.counts)) == (2, 1, 1)
    assert store.writes.sum_s > 0


async def test_appending_nothing_is_fine(store: Store) -> None:
    await store.append([])
    assert await store.facts("booth-1") == ()


async def test_a_later_process_finds_the_facts(store: Store, tmp_path: Path) -> None:
    await store.append([fact(1)])
    await store.close()
    again = Store(tmp_path / "state" / "event.sqlite3")
    await again.open()
    assert await again.facts("booth-1") == (fact(1),)
    await again.close()


async def test_the_file_is_private_and_waits_for_the_disk(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "state" / "event.sqlite3"
    assert path.stat().st_mode & 0o077 == 0
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    async with store._opened().connect() as own:
        assert (await own.exec_driver_sql("PRAGMA synchronous")).scalar() == 2  # FULL


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from server.store import Store
from signaling.facts import Fact

async def main() -> None:
    store = Store(Path(sys.argv[1]))
    await store.open()
    await store.append([Fact("booth-1", 1, 1, "phase", {"phase": "live"})])
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_an_acknowledged_fact_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "event.sqlite3"
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(path))
    assert await ended.wait() == -signal.SIGKILL
    store = Store(path)
    await store.open()
    assert await store.facts("booth-1") == (Fact("booth-1", 1, 1, "phase", {"phase": "live"}),)
    await store.close()


async def test_a_file_that_is_no_store_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "event.sqlite3"
    path.write_bytes(b"this is no database, and long enough to be looked at" * 40)
    with pytest.raises(LocalError, match="cannot be opened"):
        await Store(path).open()


async def test_a_file_whose_making_was_cut_short_is_made_whole(tmp_path: Path) -> None:
    path = tmp_path / "event.sqlite3"
    with closing(sqlite3.connect(path)) as cut:
        cut.execute(
            "CREATE TABLE facts (booth VARCHAR, epoch INTEGER, sequence INTEGER, at VARCHAR, kind VARCHAR, body JSON, "
            "event VARCHAR, PRIMARY KEY (booth, epoch, sequence))"
        )
    store = Store(path)
    await store.open()
    assert await store.is_writable()
    await store.close()


async def test_it_says_whether_it_could_write_now(store: Store, tmp_path: Path) -> None:
    assert await store.is_writable()
    await store.append([fact(1)])
    await store.close()
    assert not await store.is_writable()
    with pytest.raises(LocalError, match="not open"):
        await store.append([fact(2)])
