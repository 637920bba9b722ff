"""Processes that burn the processors: small pictures stop, the sound goes on, and they come back by themselves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from media.shedding import CALM_LEFT, CALM_S, CALM_WAITED, WAITED
from server.processors import left_s, waited_s
from tests.scenarios.booths import write_event
from tests.scenarios.table import Table, live
from tests.scenarios.test_containment import figures
from tests.support.desk import desk
from tests.support.served import CHECKOUT, Served, serve

BURNERS = 3 * (os.cpu_count() or 1)
BURN_S = 90.0
SEEN_S = 25.0
BACK_S = 3 * CALM_S + 20.0
"""As many steps as were taken come back one by one; the wish of small pictures is met at the last of them."""
HELD_UP_S = 0.08
"""Where a thread that only sleeps is held up longer, the machine, and not the server, broke the sound."""


@contextlib.contextmanager
def canary() -> Iterator[list[float]]:
    """How much later than asked a thread of this process woke up, in s."""
    late_s, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.is_set():
            asked_s = time.monotonic()
            time.sleep(0.01)
            late_s.append(time.monotonic() - asked_s - 0.01)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield late_s
    finally:
        over.set()
        watching.join()


@contextlib.asynccontextmanager
async def burning() -> AsyncIterator[None]:
    """More work than there are processors, in processes of its own that end with this one."""
    command = (sys.executable, "-m", "tests.support.burner", str(BURN_S))
    burners = [await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT) for _ in range(BURNERS)]
    try:
        yield
    finally:
        for burner in burners:
            if burner.returncode is None:
                burner.kill()
            await burner.wait()


async def is_busy() -> bool:
    """Whether others leave this machine no room to spare: little is left, or this process waits, too."""
    left, waited, at_s = left_s() or 0.0, waited_s(os.getpid()) or 0.0, time.monotonic()
    await asyncio.sleep(4)
    span_s = time.monotonic() - at_s
    left = ((left_s() or 0.0) - left) / span_s / (os.cpu_count() or 1)
    waited = ((waited_s(os.getpid()) or 0.0) - waited) / span_s
    return left < 2 * CALM_LEFT or waited > CALM_WAITED * WAITED[0]


async def within(seconds: float, booth: Any, fact: Any) -> bool:
    """Whether it became so in time."""
    with contextlib.suppress(TimeoutError):
        await booth.until(fact, seconds)
        return True
    return False


def skipped(counted: dict[str, float]) -> float:
    return counted['hanmaru_ticks_skipped_total{process="booth-1"}']


@pytest.mark.skipif(left_s() is None, reason="this kernel tells nothing of its processors")
@pytest.mark.timeout(240)
async def test_small_pictures_stop_while_the_processors_burn_and_return_with_the_sound_unbroken(tmp_path: Path) -> None:
    write_event(tmp_path / "event.toml", start="automatic", booths=1)
    served: Served = await serve(tmp_path / "state", tmp_path / "event.toml", settings={"HANMARU_SHEDDING": "on"})
    table = Table(served, "booth-1")
    try:
        suwon, _ = await table.both_rooms()
        await live(suwon)
        async with desk(served.origin, served.link("interpreter", "booth-1").token) as kim:
            await kim.do("watch", on=True)
            if not await within(30, kim, lambda booth: booth["thumbnails"]):
                pytest.skip("others keep this machine under pressure already")
            before = await figures(served)
            with canary() as late_s:
                async with burning():
                    assert await within(SEEN_S, kim, lambda booth: "thumbnails" in booth["shed"])
                    assert not kim.booth["thumbnails"]
                    during = await figures(served)
                    assert during["hanmaru_shedding_level"] >= 1
                    assert kim.booth["phase"] == "live"
            if max(late_s) < HELD_UP_S:
                assert skipped(during) == skipped(before), "a voice was broken"
            if not await within(BACK_S, kim, lambda booth: booth["thumbnails"] and not booth["shed"]):
                assert await is_busy(), "there is room, and nothing came back"
                pytest.skip("it was left out in time; others keep this machine under pressure since")
            after = await figures(served)
            assert after["hanmaru_shedding_level"] == 0
            ways = [after[f'hanmaru_shedding_changes_total{{way="{way}"}}'] for way in ("raised", "lowered")]
            assert ways[0] == ways[1] >= 1
    finally:
        await table.clear()
        await served.stop()
