"""A media process as it is run: what it listens to, how it is scheduled, what it tells of itself."""

from __future__ import annotations

import os
import resource
import signal

import pytest

from media.engine.child import MediaProcess, Recipe
from media.engine.door import Surveyed
from server.media_process import NICE
from server.running import media_process
from server.settings import CHECKOUT, read
from tests.support.pooled import REAL, lives, recipe

LOWEST_NICE = 20 - resource.getrlimit(resource.RLIMIT_NICE)[0]
needs_nice = pytest.mark.skipif(
    os.geteuid() != 0 and LOWEST_NICE > NICE, reason="the machine lets nobody stand forward"
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
async def test_it_is_scheduled_before_the_front_process() -> None:
    process = await MediaProcess.start(recipe(*REAL))
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == NICE < os.getpriority(os.PRIO_PROCESS, 0)
    await process.end()


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
        *("--addresses", "127.0.0.1", "--announce", "192.0.2.1"),
        *("--transcode-cores", "1.5", "--transcode-ledger", "/state/transcoding"),
    )
    assert started.folder == CHECKOUT
