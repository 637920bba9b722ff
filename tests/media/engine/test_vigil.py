"""Whoever keeps vigil looks when a sign of life is overdue, and counts looks and not seconds."""

from __future__ import annotations

import asyncio
import time

import pytest

from media.engine import vigil
from media.engine.heart import BEAT_S
from media.engine.vigil import FIRST_LOOKS, LOOK_S, Vigil

PATIENCE_S = 5.0


async def test_it_begins_with_the_first_sign_and_looks_until_there_is_another_one() -> None:
    looks: asyncio.Queue[int] = asyncio.Queue()
    watch = Vigil(looks.put_nowait)
    await asyncio.sleep(LOOK_S)
    assert looks.empty()
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(2):
            watch.signed()
            assert [await looks.get() for _ in range(3)] == [FIRST_LOOKS, FIRST_LOOKS + 1, FIRST_LOOKS + 2]
    watch.stop()


async def test_it_does_not_look_while_there_are_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vigil, "LOOK_S", 1.0)
    looks: list[int] = []
    watch = Vigil(looks.append)
    for _ in range(50):
        watch.signed()
        await asyncio.sleep(0)
    assert looks == []
    watch.stop()


async def test_a_process_that_stood_still_itself_counts_one_look_for_all_of_that_time() -> None:
    looks: list[int] = []
    watch = Vigil(looks.append)
    watch.signed()
    time.sleep(10 * LOOK_S)  # noqa: ASYNC251 - the whole process stands still
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert looks == [FIRST_LOOKS]
    watch.stop()
    await asyncio.sleep(2 * LOOK_S)
    assert looks == [FIRST_LOOKS], "none after the end"


def test_signs_come_before_anybody_looks() -> None:
    assert BEAT_S < FIRST_LOOKS * LOOK_S
