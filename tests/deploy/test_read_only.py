"""The server as deploy/ has it run: not root, no capability, nothing to write but its state folder; and media flow."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.cast import ROOMS, Wish
from bench.clip import clip
from tests.support.pooled import children_of, until
from tests.support.returning import Speaker, until_all_flow
from tests.support.served import CHECKOUT, TEST_EVENT, free_port
from tests.support.supervised_hall import SMALL
from tests.support.supervisor import compiled

NOBODY = 65534
STATE = "/mnt/hanmaru"
"""On a file system of its own, in a mount namespace of its own: nobody else sees it."""
JAIL = rf"""
set -eu
mount -t tmpfs -o mode=0755 tmpfs /mnt
install -d -o {NOBODY} -g {NOBODY} -m 0700 {STATE}
mount -o remount,ro,bind /
if [ -n "$CLOSED" ]; then  # Python lies where only root may look
  mkdir /mnt/python && mount --bind "$PREFIX" /mnt/python
  mount -t tmpfs -o mode=0755 tmpfs "$CLOSED" && mkdir -p "$PREFIX" && mount --bind /mnt/python "$PREFIX"
fi
prlimit --pid $$ --nice=30 || echo "no LimitNICE here"
exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups \
  --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""
FIRST_S = 60.0

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give it up"),
    pytest.mark.skipif(not all(map(shutil.which, ("unshare", "setpriv", "prlimit"))), reason="needs util-linux"),
]


def closed() -> str:
    """The first folder above Python's own that others may not enter; nothing where there is none."""
    above = reversed(Path(sys.base_prefix).parents)
    return next((str(folder) for folder in above if not folder.stat().st_mode & 0o001), "")


@pytest.fixture
async def jailed() -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, str]]]:
    """A server in the jail, and its environment."""
    await asyncio.to_thread(compiled)
    environment = {
        "PATH": os.environ["PATH"],
        "HANMARU_EVENT": str(TEST_EVENT),
        "HANMARU_PORT": str(free_port()),
        "HANMARU_SECRET": "s" * 43,
        "HANMARU_STATE_DIR": STATE,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    process = await asyncio.create_subprocess_exec(
        *("unshare", "--mount", "--propagation", "private", "sh", "-c", JAIL, "jail"),
        *(sys.executable, "-m", "tests.support.tethered", str(os.getpid()), "server", "run", "--no-qr"),
        cwd=CHECKOUT,
        env=environment | {"CLOSED": closed(), "PREFIX": sys.base_prefix},
        stdout=asyncio.subprocess.DEVNULL,
    )
    yield process, environment
    if process.returncode is None:
        process.terminate()
    async with asyncio.timeout(10.0):
        assert await process.wait() == 0


async def healthy(process: asyncio.subprocess.Process, environment: dict[str, str]) -> None:
    """Wait until the health check says so. Raises TimeoutError."""
    async with asyncio.timeout(FIRST_S):
        while True:
            assert process.returncode is None, f"it ended with {process.returncode}"
            check = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "server.healthcheck"),
                cwd=CHECKOUT,
                env=environment,
                stderr=asyncio.subprocess.DEVNULL,
            )
            if await check.wait() == 0:
                return
            await asyncio.sleep(0.2)


async def links(environment: dict[str, str], folder: Path) -> list[dict[str, str]]:
    """The links that this server takes: the secret is the environment's."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "links", "--json", "--booth", "booth-1"),
        cwd=CHECKOUT,
        env=environment | {"HANMARU_STATE_DIR": str(folder)},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    found: list[dict[str, str]] = json.loads(out)
    return found


def facts_of(pid: int) -> dict[str, str]:
    """/proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def most_nice(pid: int) -> int:
    """RLIMIT_NICE of a process: 20 less the nice value that it may take."""
    limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
    return int(limits.partition("Max nice priority")[2].split()[1])


def options_of_root(pid: int) -> list[str]:
    """How / is mounted for a process (proc(5))."""
    mounts = Path(f"/proc/{pid}/mountinfo").read_text(encoding="utf-8").splitlines()
    (options,) = (line.split()[5] for line in mounts if line.split()[4] == "/")
    return options.split(",")


async def test_it_runs_without_rights_on_a_root_that_cannot_be_written(
    jailed: tuple[asyncio.subprocess.Process, dict[str, str]], tmp_path: Path
) -> None:
    process, environment = jailed
    await healthy(process, environment)
    origin = f"https://127.0.0.1:{environment['HANMARU_PORT']}"
    wish = Wish(clip=await asyncio.to_thread(clip, tmp_path, *SMALL))
    rooms = [link for link in await links(environment, tmp_path) if link["role"] == "room"]
    speakers = [
        Speaker(origin, link["token"], link["booth"], name, wish) for link, name in zip(rooms, ROOMS, strict=True)
    ]
    staying = [asyncio.create_task(each.stay()) for each in speakers]
    try:
        await until_all_flow(speakers, time.monotonic(), FIRST_S)
        for pid in (process.pid, *children_of(process.pid)):
            facts = facts_of(pid)
            assert facts["Uid"].split() == [str(NOBODY)] * 4
            assert (facts["CapEff"], facts["CapBnd"], facts["NoNewPrivs"]) == ("0" * 16, "0" * 16, "1")
        assert "ro" in options_of_root(process.pid)
        if most_nice(process.pid) >= 30:  # LimitNICE lets media come first
            await until(lambda: any(os.getpriority(os.PRIO_PROCESS, pid) == -10 for pid in children_of(process.pid)))
    finally:
        for task in staying:
            task.cancel()
        await asyncio.gather(*staying, return_exceptions=True)
