"""One media process, from its first word to its end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from media.engine import child, vigil
from media.engine.child import END_S, MediaProcess, Recipe, StartError
from media.engine.door import LOSSES
from media.engine.process import state_of
from tests.support.pooled import lives, recipe, strange, until


def begun(notes: Path) -> list[int]:
    return [int(line) for line in notes.read_text(encoding="ascii").split()]


async def test_a_process_that_never_says_that_it_is_ready_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "START_S", 1.0)
    with pytest.raises(StartError, match="nothing"):
        await MediaProcess.start(recipe(*strange("mute", tmp_path / "pids")))
    assert not any(map(lives, begun(tmp_path / "pids")))


async def test_a_start_that_is_cancelled_leaves_no_process_behind(tmp_path: Path) -> None:
    notes = tmp_path / "pids"
    starting = asyncio.create_task(MediaProcess.start(recipe(*strange("mute", notes))))
    await until(lambda: notes.exists() and bool(begun(notes)))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not any(map(lives, begun(notes)))


async def test_one_that_speaks_another_version_of_the_door_is_not_spoken_to(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="version"):
        await MediaProcess.start(recipe(*strange("newer", tmp_path / "pids")))
    assert not any(map(lives, begun(tmp_path / "pids")))


async def test_a_command_that_is_not_there_is_no_process(tmp_path: Path) -> None:
    with pytest.raises(StartError):
        await MediaProcess.start(Recipe((str(tmp_path / "nowhere"),), tmp_path, {}))


async def test_one_that_was_killed_says_so_once_and_one_that_was_ended_does_not(tmp_path: Path) -> None:
    for wanted in (["died"], []):
        process = await MediaProcess.start(recipe(*strange("good", tmp_path / "pids")))
        reasons: list[str] = []
        process.gone = reasons.append
        if wanted:
            os.kill(process.pid, signal.SIGKILL)
            await process.over()
        await process.end()
        assert reasons == wanted
        assert set(reasons) <= set(LOSSES)
        assert not lives(process.pid)


async def test_one_that_hangs_is_ended_all_the_same_and_in_time(tmp_path: Path) -> None:
    process = await MediaProcess.start(recipe(*strange("good", tmp_path / "pids")))
    os.kill(process.pid, signal.SIGSTOP)
    assert not await process.survey(0.1)
    began_s = time.monotonic()
    await process.end()
    assert not lives(process.pid)
    assert time.monotonic() - began_s < END_S + 1.0


async def test_looks_that_find_no_sign_of_life_end_it_when_they_are_too_many(tmp_path: Path) -> None:
    process = await MediaProcess.start(recipe(*strange("good", tmp_path / "pids")))
    process.look(min(child.LOOKS_IN_STATE.values()) - 1)
    assert lives(process.pid)
    process.look(max(child.LOOKS_IN_STATE.values()))
    await process.over()
    assert process.is_gone


async def test_nobody_is_woken_to_look_at_one_that_gives_signs_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    monkeypatch.setattr(MediaProcess, "look", lambda _process, silent_looks: looks.append(silent_looks))
    process = await MediaProcess.start(recipe(*strange("good", tmp_path / "pids")))
    await until(lambda: process._ticks >= 5)
    os.kill(process.pid, signal.SIGSTOP)
    looks.clear()  # a machine that stood still meanwhile may have had some
    await until(lambda: len(looks) >= 3)
    assert looks == [vigil.FIRST_LOOKS + more for more in range(len(looks))]
    await process.end()


async def test_levels_are_a_sign_of_life_and_figures_that_come_by_themselves_are_kept(tmp_path: Path) -> None:
    process = await MediaProcess.start(recipe(*strange("loud", tmp_path / "pids")))
    reasons: list[str] = []
    process.gone = reasons.append
    await until(lambda: process.last is not None and process.last.lost.get("told", 0) > child.HUNG_LOOKS + 5)
    assert reasons == []
    assert process._ticks == 1
    await process.end()


async def test_one_that_was_stopped_is_given_up_sooner_than_one_that_has_no_processor(tmp_path: Path) -> None:
    process = await MediaProcess.start(recipe(*strange("good", tmp_path / "pids")))
    os.kill(process.pid, signal.SIGSTOP)
    await until(lambda: state_of(process.pid) == "T")
    process.look(child.LOOKS_IN_STATE["T"])
    await process.over()
    assert child.LOOKS_IN_STATE["T"] < child.HUNG_LOOKS < child.LOOKS_IN_STATE["R"]


async def test_one_that_computes_without_an_end_is_given_up_too(tmp_path: Path) -> None:
    process = await MediaProcess.start(recipe(*strange("busy", tmp_path / "pids")))
    await until(lambda: state_of(process.pid) == "R")
    process.look(child.LOOKS_IN_STATE["R"] - 1)
    assert lives(process.pid)
    process.look(child.LOOKS_IN_STATE["R"])
    await process.over()
