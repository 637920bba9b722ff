"""The demonstration as a newcomer meets it: one link, and a consultation is on within seconds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from media.engine.simulated import LOOPBACK, SimulatedPeer
from media.engine.simulated_camera import LoopedCamera, card_clip
from media.engine.simulated_microphone import silence
from server.robot import Robot, split_link, trusting
from tests.support.pooled import children_of, lives
from tests.support.served import CHECKOUT, free_port

BEGIN_S = 30.0
LOUD_DBFS = -35.0


class Demonstration:
    """`python -m server demo`, running."""

    def __init__(self, process: asyncio.subprocess.Process, state_dir: Path, link: str) -> None:
        self.process = process
        self.state_dir = state_dir
        self.link = link


@pytest_asyncio.fixture(loop_scope="session")
async def demonstration(tmp_path: Path) -> AsyncIterator[Demonstration]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HANMARU_")}
    environment |= {"HANMARU_STATE_DIR": str(tmp_path), "HANMARU_PORT": str(free_port()), "PYTHONUNBUFFERED": "1"}
    log = (tmp_path / "demo.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "demo"), cwd=CHECKOUT, env=environment, stdout=log, stderr=log
    )
    try:
        yield Demonstration(process, tmp_path, await printed_link(tmp_path / "demo.log"))
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        log.close()


def written(log: Path) -> str:
    return log.read_text(encoding="utf-8")


async def printed_link(log: Path) -> str:
    async with asyncio.timeout(BEGIN_S):
        while True:
            found = re.search(r"https://\S+/room#\S+\n", written(log))
            if found:
                return found.group(0).strip()
            await asyncio.sleep(0.1)


async def test_newcomer_with_one_link_sees_and_hears_a_consultation_within_a_minute(
    demonstration: Demonstration,
) -> None:
    url, token = split_link(demonstration.link)
    visitor = Robot(url, token, tls=trusting(demonstration.state_dir / "ca.crt"))
    began_s = time.monotonic()
    await visitor.open()
    await visitor.hello()
    peer = SimulatedPeer(camera=LoopedCamera(card_clip(320, 256, 5)), microphone=silence(), addresses=LOOPBACK)
    await visitor.connect(peer)
    assert peer.picture is not None
    assert peer.sound is not None
    await visitor.until(lambda booth: booth["phase"] == "live", timeout_s=20.0)
    sighting = await peer.picture.seen(lambda sighting: not sighting.black, 10.0)
    assert sighting.width / sighting.height == pytest.approx(1280 / 1024, rel=0.01), "as the far camera took it"
    assert sighting.width <= 1280
    loud_s = 0
    while loud_s < 2:
        heard = await peer.sound.heard(1.0, 10.0)
        loud_s += 20 * np.log10(np.sqrt(np.mean(np.square(heard))) + 1e-9) > LOUD_DBFS
        assert time.monotonic() - began_s < 60.0
    await visitor.until(lambda booth: any(one["on_air"] for one in booth["interpreters"].values()), timeout_s=30.0)
    assert visitor.booth["sites"]["suwon"]["lamp"] == "wait"
    await visitor.close()

    children = children_of(demonstration.process.pid)  # the cast, and media processes
    demonstration.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(demonstration.process.wait(), 5.0) == 0
    assert not any(map(lives, children)), "the cast stayed, or a media process"
    assert "Traceback" not in written(demonstration.state_dir / "demo.log")
