"""A spare process is there before it is needed, comes again when it is lost, and is not tried again without end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
import structlog

from media.engine.door import Connect, Refused
from media.engine.spares import Spares
from tests.support.pooled import lives, pooled, recipe, strange, until

CONNECT = Connect("booth-1", "A", 1, "sendrecv", None, "v=0", False)


def begun(notes: Path) -> list[int]:
    return [int(line) for line in notes.read_text(encoding="ascii").split()] if notes.exists() else []


async def test_a_spare_is_started_ahead_and_the_next_one_when_it_is_taken(tmp_path: Path) -> None:
    spares = Spares(recipe(*strange("good", tmp_path / "pids")), lambda reason: None)
    spares.fill()
    await until(lambda: len(spares.ready) == 1)
    (first,) = spares.ready
    taken = await spares.take()
    assert taken is first
    await until(lambda: len(spares.ready) == 1)
    assert spares.ready[0].pid != first.pid
    await spares.close()
    await taken.end()
    assert not any(map(lives, begun(tmp_path / "pids")))


async def test_as_many_as_are_asked_for_at_once_are_started(tmp_path: Path) -> None:
    spares = Spares(recipe(*strange("good", tmp_path / "pids")), lambda reason: None)
    taken = await asyncio.gather(*(spares.take() for _ in range(4)))
    assert len({process.pid for process in taken if process is not None}) == 4
    await spares.close()
    await asyncio.gather(*(process.end() for process in taken if process is not None))


async def test_those_who_are_expected_back_find_a_process_each_and_the_spare_stays(tmp_path: Path) -> None:
    async with pooled(*strange("good", tmp_path / "pids"), ahead=3) as pool:
        await until(lambda: len(pool._spares.ready) == 4)
        taken = await asyncio.gather(*(pool._spares.take() for _ in range(3)))
        assert None not in taken
        await until(lambda: len(pool._spares.ready) == 1)
        await asyncio.gather(*(process.end() for process in taken if process is not None))
        assert len(begun(tmp_path / "pids")) == 4


async def test_no_more_are_started_ahead_than_may_have_a_place(tmp_path: Path) -> None:
    async with pooled(*strange("good", tmp_path / "pids"), most=2, ahead=50) as pool:
        await until(lambda: len(pool._spares.ready) == 3)
        assert pool._spares.loading == ()


async def test_what_was_started_for_those_who_did_not_return_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("media.engine.spares.RETURN_S", 0.5)
    async with pooled(*strange("good", tmp_path / "pids"), ahead=2):
        await until(lambda: len(begun(tmp_path / "pids")) >= 2)
        await until(lambda: sum(map(lives, begun(tmp_path / "pids"))) == 1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_spare_that_dies_or_hangs_is_replaced(tmp_path: Path, number: int) -> None:
    async with pooled(*strange("good", tmp_path / "pids")) as pool:
        await until(lambda: len(pool._spares.ready) == 1)
        (first,) = pool._spares.ready
        os.kill(first.pid, number)
        await until(lambda: not lives(first.pid))
        await until(lambda: len(pool._spares.ready) == 1)
        assert not isinstance(await pool.perform(CONNECT), Refused)


@pytest.mark.parametrize("kind", ["ends", "brief", "newer"])
async def test_what_ends_right_after_it_began_is_tried_ever_more_rarely_and_told_once(
    tmp_path: Path, kind: str
) -> None:
    notes, reasons = tmp_path / "pids", list[str]()
    spares = Spares(recipe(*strange(kind, notes)), reasons.append)
    with structlog.testing.capture_logs() as logs:
        spares.fill()
        await until(lambda: len(reasons) >= 5)
    told = [line for line in logs if line["event"] == "media_processes_fail"]
    assert len(told) == 1
    if kind == "newer":
        assert "version" in told[0]["message"]
    assert spares._not_before_s - time.monotonic() > 1.0, "the next try waits"
    await spares.close()
    assert not any(map(lives, begun(notes)))
