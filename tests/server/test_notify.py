"""A supervisor hears what sd_notify(3) promises it, and one that is not there holds nobody up."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.notify import SIGNS_PER_WATCH, Notify
from server.running import media_process
from server.settings import read


@pytest.fixture(params=["path", "abstract"])
def ear(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A supervisor's socket and what it is called in the environment."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@hanmaru-test-{os.getpid()}"
    words = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with words:
        words.bind(name.replace("@", "\0", 1))
        yield words, name


async def heard(words: socket.socket) -> bytes:
    async with asyncio.timeout(5.0):
        return await asyncio.get_running_loop().sock_recv(words, 4096)


async def test_a_supervisor_hears_that_the_server_is_ready_and_that_it_stops(ear: tuple[socket.socket, str]) -> None:
    words, name = ear
    notify = Notify.from_environment({"NOTIFY_SOCKET": name}, os.getpid())
    notify.ready("Serving.")
    assert await heard(words) == b"READY=1\nSTATUS=Serving."
    notify.stopping()
    assert await heard(words) == b"STOPPING=1"


async def test_signs_of_life_come_several_times_a_watch_and_only_while_it_lives(ear: tuple[socket.socket, str]) -> None:
    words, name = ear
    notify = Notify.from_environment({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "300000"}, os.getpid())
    assert notify.watchdog_s == 0.3
    asked: list[bool] = []

    def lives() -> bool:
        asked.append(len(asked) < 2)
        return asked[-1]

    signing = asyncio.create_task(notify.keep_signing(lives))
    assert await heard(words) == b"WATCHDOG=1"
    assert await heard(words) == b"WATCHDOG=1"
    async with asyncio.timeout(5.0):
        while len(asked) < 2 + SIGNS_PER_WATCH:  # noqa: ASYNC110 - what is not said sets no event
            await asyncio.sleep(0.01)
    signing.cancel()
    with pytest.raises(BlockingIOError):
        words.recv(4096)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "1000"},
        {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "soon"},
        {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "0"},
        {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"},
    ],
)
async def test_nobody_is_signed_to_who_does_not_watch_this_process(environment: dict[str, str]) -> None:
    notify = Notify.from_environment(environment, os.getpid())
    assert notify.watchdog_s is None
    async with asyncio.timeout(1.0):
        await notify.keep_signing(lambda: True)


@pytest.mark.parametrize("address", ["/nowhere/at/all", "@nobody-listens-here", "vsock:2:1234"])
def test_a_supervisor_that_is_not_there_holds_nobody_up(address: str) -> None:
    Notify.from_environment({"NOTIFY_SOCKET": address}, os.getpid()).ready("Serving.")


def test_media_processes_cannot_speak_for_the_server() -> None:
    environment = {
        "NOTIFY_SOCKET": "@x",
        "WATCHDOG_USEC": "1",
        "WATCHDOG_PID": "1",
        "HANMARU_SECRET": "x",
        "PATH": "/bin",
    }
    assert media_process(read({}), environment).environment == {"PATH": "/bin"}
