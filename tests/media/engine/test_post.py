"""What a place keeps when processes come and go: who is connected, what is told again, and what is left out."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import structlog

from media.engine import post as post_module
from media.engine.door import (
    AddCandidate,
    Disconnect,
    Done,
    Gain,
    Measure,
    Measured,
    Refused,
    Route,
    Show,
    Thin,
    View,
)
from tests.support.pooled import Ear, connect, lives, lost, pid_of, pooled, strange, until


async def test_a_place_without_connections_needs_no_process(tmp_path: Path) -> None:
    async with pooled(*strange("good", tmp_path / "pids")) as pool:
        for word in (Route("booth-1", ()), Show("booth-1", ()), Disconnect("booth-1", "A", 1)):
            assert await pool.perform(word) == Done()
        assert isinstance(await pool.perform(Measure("booth-1")), Measured)
        assert pool._manned() == {}


async def test_a_place_that_everybody_has_left_gives_its_process_back(tmp_path: Path) -> None:
    post_module.IDLE_S, before = 0.2, post_module.IDLE_S
    try:
        async with pooled(*strange("good", tmp_path / "pids")) as pool:
            pid = pid_of(await pool.perform(connect("booth-1")))
            await asyncio.sleep(0.5)
            assert lives(pid), "somebody is still there"
            await pool.perform(Disconnect("booth-1", "A", 1))
            await until(lambda: not lives(pid))
            assert (await lost(pool))["died"] == 0
    finally:
        post_module.IDLE_S = before


async def test_an_offer_is_given_to_the_next_process_when_one_dies_of_it_and_to_no_third(tmp_path: Path) -> None:
    notes = tmp_path / "pids"
    async with pooled(*strange("fragile", notes)) as pool:
        with structlog.testing.capture_logs() as logs:
            refused = await pool.perform(connect("booth-1"))
        assert isinstance(refused, Refused)
        assert refused.code == "media_failed"
        assert (await lost(pool))["died"] == 2
        assert len([line for line in logs if line["event"] == "media_process_lost"]) == 1
        asked_at_s = asyncio.get_running_loop().time()
        await pool.perform(connect("booth-1"))
        assert asyncio.get_running_loop().time() - asked_at_s > 0.25, "whoever kills one after the other has to wait"


async def test_what_a_process_says_of_another_place_is_not_believed(tmp_path: Path) -> None:
    async with pooled(*strange("forger", tmp_path / "pids")) as pool:
        ear = Ear(pool)
        with structlog.testing.capture_logs() as logs:
            await pool.perform(connect("booth-1"))
        assert ear.events == []
        assert any(line["event"] == "foreign_event" for line in logs)


async def test_what_is_left_to_say_to_a_process_that_is_gone_is_no_error(tmp_path: Path) -> None:
    async with pooled(*strange("good", tmp_path / "pids")) as pool:
        pid = pid_of(await pool.perform(connect("booth-1")))
        os.kill(pid, signal.SIGSTOP)
        words = (
            AddCandidate("booth-1", "A", 1, "", None, None),
            Route("booth-1", (Gain("A", "B", 0.0, 0.0),)),
            Disconnect("booth-1", "A", 1),
        )
        assert await asyncio.gather(*(pool.perform(word) for word in words)) == [Done()] * 3
        assert isinstance(await pool.perform(Measure("booth-1")), Measured)


async def test_pressure_is_told_to_every_process_and_to_those_that_come_later() -> None:
    async with pooled() as pool:
        await pool.perform(connect("booth-1"))
        first = pool._posts["booth-1"]
        assert await pool.perform(Thin(on=True)) == Done()
        await pool.perform(connect("booth-2"))
        for post in (first, pool._posts["booth-2"]):
            assert post._arranged[Thin] == Thin(on=True)
            assert post.process is not None
            assert await post.process.engine.perform(Thin(on=True)) == Done(), "it is a word that processes know"
        assert await pool.perform(Thin(on=False)) == Done()
        assert first._arranged[Thin] == Thin(on=False)


async def test_the_process_that_takes_over_is_told_the_newest_gains_and_views_and_no_bad_ones(tmp_path: Path) -> None:
    loud, soft = (Route("booth-1", (Gain("A", "B", db, 0.0),)) for db in (0.0, -6.0))
    bad = Show("booth-1", (View("A", "B", 0, 0, "stretch"),))
    async with pooled() as pool:
        await pool.perform(connect("booth-1"))  # refused, but by the process of the place
        post = pool._posts["booth-1"]
        for word in (loud, soft):
            assert await pool.perform(word) == Done()
        assert isinstance(await pool.perform(bad), Refused)
        assert list(post._arranged.values()) == [soft]
        assert post.process is not None
        os.kill(post.process.pid, signal.SIGKILL)
        await post.process.over()
        with structlog.testing.capture_logs() as logs:
            await pool.perform(connect("booth-1"))
        assert {line["event"] for line in logs} == {"media_process_taken"}, "nothing that was told again was refused"
