"""The disk is slow, locked, full or hanging: nobody waits long, and what was said about it stays true."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from server.journal import Journal, Key, Row
from server.store import Store
from signaling.errors import LocalError
from signaling.facts import Fact

PATIENCE_S = 5.0


def fact(sequence: int, booth: str = "booth-1", kind: str = "set") -> Fact:
    return Fact(booth, 1, sequence, kind, {"volume_db": float(sequence)})


def stored(path: Path) -> list[tuple[str, int]]:
    """What another process finds in the file, in the order in which it was written."""
    with sqlite3.connect(path) as connection:
        return list(connection.execute("SELECT booth, sequence FROM facts ORDER BY rowid"))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody else has the write lock of the file."""
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        holder.execute("ROLLBACK")
        holder.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if true():
                return
            await asyncio.sleep(0.01)


class Gate:
    """Holds up the thread that writes a fact of kind `hangs`, inside SQLite, until it is opened."""

    def __init__(self, store: Store) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()
        engine = store._opened().sync_engine
        event.listen(engine, "connect", self._install)
        engine.pool.dispose()

    def _install(self, connection: Any, _record: object) -> None:
        connection.create_function("hang", 0, self._hang)
        connection.execute(
            "CREATE TEMP TRIGGER held AFTER INSERT ON facts WHEN NEW.kind = 'hangs' BEGIN SELECT hang(); END"
        )

    def _hang(self) -> int:
        self.reached.set()
        self.opened.wait(PATIENCE_S * 2)
        return 1


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = Store(tmp_path / "event.sqlite3")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = shutil.which("mount") is not None and (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(folder)], check=False, capture_output=True
        ).returncode
        == 0
    )
    if not made:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte of it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(bytes(512))
        except OSError:
            return ballast


async def test_facts_that_wait_share_a_transaction_and_keep_their_order(store: Store, tmp_path: Path) -> None:
    commits: list[object] = []
    event.listen(store._opened().sync_engine, "commit", commits.append)
    await asyncio.gather(
        *(store.append([fact(number, f"booth-{booth}")]) for number in (1, 2, 3) for booth in range(5))
    )
    assert len(commits) <= 2, "the first one, and all that came meanwhile"
    assert stored(tmp_path / "event.sqlite3") == [
        (f"booth-{booth}", number) for number in (1, 2, 3) for booth in range(5)
    ]


async def test_a_conflict_in_one_booth_keeps_no_other_from_the_disk(store: Store) -> None:
    await store.append([fact(1)])
    outcomes = await asyncio.gather(
        *(store.append([fact(1, booth)]) for booth in ("booth-0", "booth-1", "booth-2")), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), LocalError, type(None)]
    assert await store.facts("booth-0") == (fact(1, "booth-0"),)
    assert await store.facts("booth-2") == (fact(1, "booth-2"),)


async def test_who_waits_behind_a_conflict_on_a_disk_that_hangs_is_refused_for_good(
    store: Store, tmp_path: Path
) -> None:
    await store.append([fact(1)])
    gate = Gate(store)
    conflict, owed, command = await asyncio.gather(
        store.append([fact(1)]),
        store.keep([fact(1, "booth-2", "hangs")]),
        store.append([fact(1, "booth-3")]),
        return_exceptions=True,
    )
    assert (type(conflict), owed) == (LocalError, False)
    assert isinstance(command, LocalError)
    gate.opened.set()
    await until(lambda: store.broken is None and not store.waiting)
    assert stored(tmp_path / "event.sqlite3") == [("booth-1", 1), ("booth-2", 1)]


async def test_a_lock_of_a_moment_is_waited_for(store: Store, tmp_path: Path) -> None:
    with locked(tmp_path / "event.sqlite3"):
        writing = asyncio.create_task(store.append([fact(1)]))
        await until(lambda: store.broken is not None)
        assert not writing.done()
    await writing
    assert await store.facts("booth-1") == (fact(1),)
    assert store.broken is None


async def test_a_lock_that_stays_refuses_commands_and_owes_what_happened_by_itself(
    store: Store, tmp_path: Path
) -> None:
    loop = asyncio.get_running_loop()
    with capture_logs() as entries:
        with locked(tmp_path / "event.sqlite3"):
            with pytest.raises(LocalError, match="Another program holds the record of the event locked"):
                await store.append([fact(1)])
            began_s = loop.time()
            for number in range(1, 51):
                assert not await store.keep([fact(number, kind="seat")])
            with pytest.raises(LocalError):
                await store.append([fact(51)])
            assert loop.time() - began_s < 1.0, "nobody waits for what is known to be stuck"
            assert not await store.is_writable()
        await until(lambda: store.broken is None)
    assert await store.facts("booth-1") == tuple(fact(number, kind="seat") for number in range(1, 51))
    await store.append([fact(51)])
    assert await store.is_writable()
    assert [entry["event"] for entry in entries] == ["facts_cannot_be_written", "facts_written_again"]


async def test_a_full_disk_refuses_at_once_keeps_what_was_acknowledged_and_recovers_without_a_restart(
    small_disk: Path,
) -> None:
    store = Store(small_disk / "event.sqlite3")
    await store.open()
    await store.append([fact(1)])
    ballast = fill(small_disk)
    acknowledged, refused = 1, ""
    for number in range(2, 400):  # the log has some room left in its last page
        try:
            await store.append([fact(number)])
            acknowledged = number
        except LocalError as error:
            refused = str(error)
            break
    assert refused.startswith("The disk that holds the record of the event is full")
    assert not await store.is_writable()
    assert not await store.keep([fact(acknowledged + 1, kind="on_air")])
    ballast.unlink()
    await until(lambda: store.broken is None)
    await store.append([fact(acknowledged + 2)])
    found = await store.facts("booth-1")
    assert [each.sequence for each in found] == list(range(1, acknowledged + 3))
    assert found[acknowledged].kind == "on_air"
    await store.close()


async def test_a_start_on_a_full_disk_is_refused_in_one_line_and_works_once_there_is_room(
    small_disk: Path,
) -> None:
    path = small_disk / "event.sqlite3"
    store = Store(path)
    await store.open()
    await store.append([fact(1)])
    await store.close()
    ballast = fill(small_disk)
    with pytest.raises(LocalError, match=r"event\.sqlite3, cannot be opened: [^\n]*$"):
        await Store(path).open()  # the log beside it needs room of its own
    ballast.unlink()
    await store.open()
    assert await store.facts("booth-1") == (fact(1),)
    await store.close()


async def test_a_disk_that_hangs_is_not_waited_for_and_what_it_writes_too_late_is_taken_back(
    store: Store, tmp_path: Path
) -> None:
    gate = Gate(store)
    with pytest.raises(LocalError, match="has not answered"):
        await store.append([fact(1, kind="hangs")])
    assert gate.reached.is_set()
    assert not await store.keep([fact(1, kind="on_air")]), "the refused command's number is given to what happens next"
    gate.opened.set()
    await until(lambda: store.broken is None)
    assert await store.facts("booth-1") == (fact(1, kind="on_air"),)


async def test_a_refused_command_of_a_hanging_disk_is_gone_even_when_nothing_follows(store: Store) -> None:
    gate = Gate(store)
    with pytest.raises(LocalError):
        await store.append([fact(1, kind="hangs")])
    gate.opened.set()
    await until(lambda: store.broken is None)
    assert await store.facts("booth-1") == ()


async def test_what_happened_by_itself_on_a_hanging_disk_is_written_once(store: Store) -> None:
    gate = Gate(store)
    assert not await store.keep([fact(1, kind="hangs")])
    gate.opened.set()
    await until(lambda: store.broken is None)
    assert await store.facts("booth-1") == (fact(1, kind="hangs"),)


async def test_what_is_owed_is_written_before_the_store_closes(store: Store, tmp_path: Path) -> None:
    with locked(tmp_path / "event.sqlite3"):
        await store.keep([fact(1)])
    await store.close()
    assert stored(tmp_path / "event.sqlite3") == [("booth-1", 1)]


async def test_a_store_whose_disk_hangs_closes_in_time(store: Store) -> None:
    gate = Gate(store)
    assert not await store.keep([fact(1, kind="hangs")])
    writer = store._journal._task
    assert writer is not None
    async with asyncio.timeout(4.0):
        await store.close()
    gate.opened.set()
    await until(writer.done)


async def test_what_waits_for_the_disk_is_bounded_and_the_oldest_goes_first(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.journal.MOST_WAITING", 10)
    with locked(tmp_path / "event.sqlite3"):
        for number in range(1, 21):
            await store.keep([fact(number)])
        assert store._journal.dropped > 0
    await until(lambda: store.broken is None)
    kept = [each.sequence for each in await store.facts("booth-1")]
    assert kept[-10:] == list(range(11, 21))
    assert len(kept) + store._journal.dropped == 20


class Ways(StrEnum):
    """How a disk answers one transaction."""

    GOOD = "good"
    REFUSED = "refused"
    LOCKED = "locked"
    WRITTEN_AND_REFUSED = "written and refused"
    LATE = "late"
    LATE_AND_REFUSED = "late and refused"


class Disk:
    """Takes transactions as `ways` says, and then as one should; `rows` is what a crash at this moment would leave."""

    def __init__(self, ways: list[Ways]) -> None:
        self.rows: dict[Key, str] = {}
        self._ways = ways

    async def write(self, undone: Sequence[Key], rows: Sequence[Row]) -> None:
        way = self._ways.pop(0) if self._ways else Ways.GOOD
        if way in (Ways.LATE, Ways.LATE_AND_REFUSED):
            await asyncio.sleep(LATE_S)
        await asyncio.sleep(0)
        if way in (Ways.REFUSED, Ways.LATE_AND_REFUSED):
            raise OperationalError("COMMIT", {}, sqlite3.OperationalError("database or disk is full"))
        if way is Ways.LOCKED:
            raise OperationalError("INSERT", {}, sqlite3.OperationalError("database is locked"))
        after = {key: value for key, value in self.rows.items() if key not in undone}
        for row in rows:
            key = (row["booth"], row["epoch"], row["sequence"])
            assert key not in after, "two facts in one place"
            after[key] = row["body"]
        self.rows = after
        if way is Ways.WRITTEN_AND_REFUSED:
            raise OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error"))


WRITE_S, AGAIN_S, LATE_S = 0.02, 0.002, 0.05
a_booth = st.lists(st.sampled_from(["command", "by itself"]), min_size=1, max_size=8)


@given(st.lists(a_booth, min_size=1, max_size=3), st.lists(st.sampled_from(Ways), max_size=12))
@hypothesis.settings(
    max_examples=60,
    deadline=None,
    phases=set(hypothesis.Phase) - {hypothesis.Phase.shrink, hypothesis.Phase.explain},  # each try takes real time
)
def test_whatever_the_disk_does_what_was_said_is_true_at_every_moment(
    booths: list[list[str]], ways: list[Ways]
) -> None:
    asyncio.run(_played(booths, ways))


async def _played(booths: list[list[str]], ways: list[Ways]) -> None:
    disk = Disk(ways)
    acknowledged: dict[Key, str] = {}
    refused: set[str] = set()
    true_anyhow: dict[Key, str] = {}

    def nothing_is_lost() -> None:
        assert acknowledged.items() <= disk.rows.items()

    async def booth(name: str, course: list[str]) -> None:
        sequence = 0
        for number, kind in enumerate(course):
            key, value = (name, 1, sequence + 1), f"{name} {number} {kind}"
            rows = [{"booth": name, "epoch": 1, "sequence": sequence + 1, "body": value}]
            try:
                is_written = await journal.submit(rows, kept=kind == "by itself")
            except LocalError:
                assert kind == "command"
                refused.add(value)
                continue
            sequence += 1
            (acknowledged if is_written else true_anyhow)[key] = value
            if is_written:
                before = {(name, 1, earlier) for earlier in range(1, sequence)}
                assert before <= disk.rows.keys(), "what is acknowledged stands on all that was true before it"
            nothing_is_lost()

    with pytest.MonkeyPatch.context() as patched, capture_logs():
        patched.setattr("server.journal.WRITE_S", WRITE_S)
        patched.setattr("server.journal.AGAIN_S", AGAIN_S)
        journal = Journal(disk.write)
        journal.start()
        await asyncio.gather(*(booth(f"booth-{index}", course) for index, course in enumerate(booths)))
        nothing_is_lost()
        await until(lambda: journal.broken is None and journal.waiting == 0)
        await journal.close()
    assert disk.rows == acknowledged | true_anyhow
    assert not refused & set(disk.rows.values()), "a refused command is nowhere once the disk is well"
