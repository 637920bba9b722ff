"""Media processes that misbehave: each costs its own place something, and no other anything."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from media.engine.door import (
    Answered,
    ClosePlace,
    Disconnect,
    Done,
    Failed,
    Refused,
    Survey,
    Surveyed,
)
from media.engine.pool import PoolEngine
from server.settings import CHECKOUT
from tests.support.pooled import PATIENCE_S, Ear, children_of, connect, lives, lost, pid_of, pooled, strange, until

FRONT = """
import asyncio, sys
import structlog
from tests.support.pooled import pooled, until
from media.engine.door import Connect

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

async def main():
    async with pooled() as pool:
        await pool.perform(Connect("booth-1", "A", 1, "sendrecv", None, "v=0", False))
        await until(lambda: len(pool._spares.ready) == 1)
        print(pool._posts["booth-1"].process.pid, pool._spares.ready[0].pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def ran(pool: PoolEngine) -> dict[str, int]:
    """Ticks by the name of a process."""
    surveyed = await pool.perform(Survey())
    assert isinstance(surveyed, Surveyed)
    return {engine.name: engine.ticks.ran for engine in surveyed.engines}


async def test_each_place_has_a_process_of_its_own_and_gives_it_back_when_it_closes(tmp_path: Path) -> None:
    async with pooled(*strange("good", tmp_path / "pids")) as pool:
        one, other = pid_of(await pool.perform(connect("booth-1"))), pid_of(await pool.perform(connect("booth-2")))
        assert one != other
        assert pid_of(await pool.perform(connect("booth-1", "B"))) == one
        assert await pool.perform(ClosePlace("booth-1")) == Done()
        assert (lives(one), lives(other)) == (False, True)
        assert pid_of(await pool.perform(connect("booth-1", "B"))) not in (one, other)
    assert not lives(other)


async def test_a_place_that_is_closed_while_its_process_starts_keeps_none(tmp_path: Path) -> None:
    async with pooled(*strange("good", tmp_path / "pids")) as pool:
        connecting = asyncio.create_task(pool.perform(connect("loopback.1")))
        await asyncio.sleep(0)
        assert await pool.perform(ClosePlace("loopback.1")) == Done()
        assert isinstance(await connecting, Refused)
        assert await pool.perform(Disconnect("loopback.1", "A", 1)) == Done()
        assert pool._posts == {}
        await until(lambda: len(pool._spares.ready) == 1)
        alive = [pid for pid in map(int, (tmp_path / "pids").read_text(encoding="ascii").split()) if lives(pid)]
        assert alive == [pool._spares.ready[0].pid]


async def test_what_a_closed_place_counted_stays_counted(tmp_path: Path) -> None:
    async with pooled() as pool:
        await pool.perform(connect("loopback.1"))  # refused; but the clock ticks from there on
        async with asyncio.timeout(PATIENCE_S):
            while (await ran(pool)).get("loopback.1", 0) < 8:
                pass
        await pool.perform(ClosePlace("loopback.1"))
        after = await ran(pool)
        assert after[""] >= 8
        assert set(after) <= {"", "spare"}


async def test_more_places_than_there_may_be_processes_are_refused_in_words(tmp_path: Path) -> None:
    async with pooled(*strange("good", tmp_path / "pids"), most=1) as pool:
        await pool.perform(connect("booth-1"))
        refused = await pool.perform(connect("booth-2"))
        assert isinstance(refused, Refused)
        assert refused.code == "busy"
        await pool.perform(ClosePlace("booth-1"))
        assert isinstance(await pool.perform(connect("booth-2")), Answered)


async def test_everybody_connected_is_told_at_once_that_their_process_was_killed_and_nobody_else_is(
    tmp_path: Path,
) -> None:
    async with pooled(*strange("good", tmp_path / "pids")) as pool:
        ear = Ear(pool)
        pid = pid_of(await pool.perform(connect("booth-1")))
        await pool.perform(connect("booth-1", "B", 3))
        await pool.perform(connect("booth-1", "C"))
        await pool.perform(Disconnect("booth-1", "C", 1))
        other = pid_of(await pool.perform(connect("booth-2")))
        os.kill(pid, signal.SIGKILL)
        await until(lambda: len(ear.events) == 2, 2)
        assert [(e.seat, e.generation, e.code) for e in ear.events if isinstance(e, Failed)] == [
            ("A", 1, "media_failed"),
            ("B", 3, "media_failed"),
        ]
        assert pid_of(await pool.perform(connect("booth-1", "A", 2))) not in (pid, other)
        assert pid_of(await pool.perform(connect("booth-2", "B"))) == other
        assert await lost(pool) == {"died": 1, "hung": 0, "unready": 0}


async def test_one_that_stands_still_or_whose_sound_does_is_ended(tmp_path: Path) -> None:
    async with pooled(*strange("good", tmp_path / "pids")) as pool:
        ear = Ear(pool)
        pid = pid_of(await pool.perform(connect("booth-1")))
        os.kill(pid, signal.SIGSTOP)
        await until(lambda: not lives(pid), 5)
        await until(lambda: len(ear.events) == 1, 2)
        assert (await lost(pool))["hung"] == 1
    async with pooled(*strange("stuck", tmp_path / "pids")) as pool:
        await until(lambda: pool._lost["hung"] > 0)


async def test_a_pool_that_is_closed_leaves_nobody_behind_even_while_it_starts_some(tmp_path: Path) -> None:
    notes = tmp_path / "pids"
    async with pooled(*strange("good", notes)) as pool:
        pid = pid_of(await pool.perform(connect("booth-1")))
        os.kill(pid, signal.SIGSTOP)
    assert not any(lives(int(line)) for line in notes.read_text(encoding="ascii").split())
    assert isinstance(await pool.perform(connect("booth-1")), Refused)


async def test_every_media_process_ends_with_a_front_process_that_is_killed() -> None:
    front = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FRONT, stdout=asyncio.subprocess.PIPE, cwd=CHECKOUT
    )
    assert front.stdout is not None
    pids = set(map(int, (await front.stdout.readline()).split()))
    assert children_of(front.pid) >= pids
    os.kill(min(pids), signal.SIGSTOP)
    front.kill()
    await front.wait()
    await until(lambda: not any(map(lives, pids)), 5)
