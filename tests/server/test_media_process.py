"""A media process as it is run: what it listens to, how it is scheduled, what it tells of itself."""

from __future__ import annotations

import asyncio
import os
import resource
import signal

import pytest

from media.engine.child import MediaProcess, Recipe
from media.engine.door import Surveyed
from media.engine.precedence import AHEAD, AWAITED, LIVE
from media.engine.spares import Spares
from server.running import media_process
from server.settings import CHECKOUT, read
from tests.support.pooled import REAL, lives, recipe, until

LOWEST_NICE = 20 - resource.getrlimit(resource.RLIMIT_NICE)[0]
needs_nice = pytest.mark.skipif(
    os.geteuid() != 0 and LOWEST_NICE > LIVE, reason="the machine lets nobody stand forward"
)


async def test_signals_for_the_whole_service_leave_its_end_to_the_front_process() -> None:
    process = await MediaProcess.start(recipe(*REAL))
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(process.pid, number)
    assert await process.survey(5.0)
    assert isinstance(process.last, Surveyed)
    (engine,) = process.last.engines
    assert engine.process is not None
    assert engine.process.pid == process.pid
    await process.end()
    assert not lives(process.pid)
    assert process.code == 0, "the end of its door is a good end"


@needs_nice
async def test_it_is_scheduled_behind_everybody_while_it_loads_and_before_them_once_it_is_up() -> None:
    ranks: list[int] = []

    def begun(process: MediaProcess) -> None:
        ranks.append(os.getpriority(os.PRIO_PROCESS, process.pid))
        process.hasten()
        ranks.append(os.getpriority(os.PRIO_PROCESS, process.pid))

    process = await MediaProcess.start(recipe(*REAL), begun)
    ranks.append(os.getpriority(os.PRIO_PROCESS, process.pid))
    assert ranks == [AHEAD, AWAITED, LIVE]
    await process.end()


@needs_nice
async def test_a_spare_that_somebody_waits_for_loads_as_fast_as_it_can() -> None:
    spares = Spares(recipe(*REAL), lambda reason: None)
    spares.fill()
    await until(lambda: bool(spares.loading))
    (loading,) = spares.loading
    assert os.getpriority(os.PRIO_PROCESS, loading.pid) == AHEAD
    taking = asyncio.create_task(spares.take())
    await until(lambda: os.getpriority(os.PRIO_PROCESS, loading.pid) != AHEAD)
    taken = await taking  # this one or the next: they race on two cores
    assert taken is not None
    await spares.close()
    await taken.end()


def test_it_is_told_its_addresses_and_none_of_our_settings() -> None:
    settings = read(
        {
            "HANMARU_HOST": "127.0.0.1",
            "HANMARU_ANNOUNCE": "192.0.2.1",
            "HANMARU_TRANSCODE_CORES": "1.5",
            "HANMARU_STATE_DIR": "/state",
        }
    )
    environment = {"PATH": "/bin", "HANMARU_SECRET": "s" * 40}
    started: Recipe = media_process(settings, environment)
    assert started.environment == {"PATH": "/bin"}
    assert started.command[-8:] == (
        *("--addresses", "127.0.0.1", "--announce", "127.0.0.1=192.0.2.1"),
        *("--transcode-cores", "1.5", "--transcode-ledger", "/state/transcoding"),
    )
    assert started.folder == CHECKOUT
