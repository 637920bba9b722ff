"""The systemd unit: systemd understands it, finds it well shut, and the server lives under what it says."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.served import TEST_EVENT, free_port
from tests.support.supervisor import CHECKOUT, INSTALLED, UNIT, Supervisor, Unit

MOST_EXPOSURE = 2.0  # of 10; what is left is the network, which a media server is there for
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    settings = {"HANMARU_EVENT": str(TEST_EVENT), "HANMARU_PORT": str(free_port())}
    supervisor = Supervisor(tmp_path / "service", settings)
    await supervisor.start()
    yield supervisor
    await supervisor.stop()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The unit as it would be for this checkout."""
    unit = tmp_path / "hanmaru.service"
    unit.write_text(UNIT.read_text(encoding="utf-8").replace(INSTALLED, str(CHECKOUT)), encoding="utf-8")
    return unit


@needs_systemd
def test_systemd_finds_no_fault(here: Path) -> None:
    verified = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


@needs_systemd
def test_systemd_finds_the_service_well_shut(here: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(here)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found is not None, said
    assert float(found[1]) <= MOST_EXPOSURE


def test_a_kill_at_any_pace_is_answered_by_a_start_within_a_second() -> None:
    unit = Unit()
    assert unit.span_s("RestartSec") < 1.0
    assert unit.value("Restart") == "always"
    assert unit.value("StartLimitIntervalSec") == "0"


def test_the_goodbye_has_time_before_the_kill() -> None:
    assert Unit().span_s("TimeoutStopSec") > 5.0


async def test_the_server_stops_in_time_when_it_is_told_to(tmp_path: Path) -> None:
    settings = {"HANMARU_EVENT": str(TEST_EVENT), "HANMARU_PORT": str(free_port())}
    supervisor = Supervisor(tmp_path / "service", settings)
    await supervisor.start()
    began_s = time.monotonic()
    assert await supervisor.stop() == 0
    assert time.monotonic() - began_s < 5.0  # the promise of the server


async def test_a_server_that_was_killed_is_back(supervisor: Supervisor) -> None:
    for times in (1, 2):
        supervisor.kill()
        await supervisor.ready(1 + times)
    assert supervisor.codes == [-signal.SIGKILL] * 2


async def test_a_server_that_stands_still_is_ended_and_started_again(supervisor: Supervisor) -> None:
    supervisor.kill(signal.SIGSTOP)
    await supervisor.ready(2)
    assert (supervisor.watchdog_kills, supervisor.codes) == (1, [-signal.SIGKILL])


async def test_a_server_that_lives_is_left_alone(supervisor: Supervisor) -> None:
    await asyncio.sleep(
        supervisor.unit.span_s("WatchdogSec") * 1.5
    )  # it is the absence of something that is waited for
    assert supervisor.watchdog_kills == 0
    assert supervisor.codes == []


async def test_what_somebody_has_to_mend_is_not_started_again_and_again(tmp_path: Path) -> None:
    event = tmp_path / "event.toml"
    event.write_text("this is nonsense", encoding="utf-8")
    supervisor = Supervisor(tmp_path / "service", {"HANMARU_EVENT": str(event), "HANMARU_PORT": str(free_port())})
    with pytest.raises(RuntimeError, match=re.escape(str(event))):
        await supervisor.start()
    assert (supervisor.gave_up.is_set(), supervisor.codes) == (True, [2])


async def test_a_port_that_is_taken_is_tried_until_it_is_free(tmp_path: Path) -> None:
    blocker = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", free_port())
    port = blocker.sockets[0].getsockname()[1]
    supervisor = Supervisor(tmp_path / "service", {"HANMARU_EVENT": str(TEST_EVENT), "HANMARU_PORT": str(port)})
    starting = asyncio.create_task(supervisor.start())
    try:
        async with asyncio.timeout(30.0):
            while not supervisor.codes:  # noqa: ASYNC110 - another process ends
                await asyncio.sleep(0.05)
        blocker.close()
        await starting
        assert set(supervisor.codes) == {1}
        assert f"Port {port} on 127.0.0.1 cannot be used" in supervisor.wrote()
    finally:
        blocker.close()
        await supervisor.stop()
