"""What no program promised: a full disk, a clock that jumps, certificates that end, an event file that is being edited.

Each time real booths go on, through a kill of the server too, or the start is refused; and a sentence says why.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.settings import read
from server.tls import LEAF_DAYS, certificates
from tests.support.returning import Operator
from tests.support.served import TEST_EVENT, free_port
from tests.support.supervised_hall import Hall, opened
from tests.support.supervisor import Supervisor

DISK = "size=3m"
FAKETIME = Path("/usr/lib") / f"{os.uname().machine}-linux-gnu" / "faketime" / "libfaketime.so.1"
AHEAD = dt.timedelta(seconds=25)  # of the end of a certificate: everybody has come by then

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a disk of its own")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes under the state folder."""
    place = tmp_path / "service" / "hanmaru"
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """The file that says how far the server's clock is from everybody else's."""
    if not FAKETIME.exists():
        pytest.skip("libfaketime is not installed")
    file = tmp_path / "clock"
    file.write_text("+0", encoding="ascii")
    return file


@pytest.fixture
async def jumping(tmp_path: Path, clock: Path) -> AsyncIterator[Hall]:
    faked = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    async with opened(tmp_path, {"HANMARU_EVENT": str(TEST_EVENT), **faked}) as hall:
        yield hall


def fill(disk: Path) -> Path:
    """Leave no room on a disk."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(1024))
        except OSError:
            return ballast


def own_certificate(folder: Path, expires_at: dt.datetime) -> dict[str, str]:
    """Settings of a certificate of one's own with that end."""
    made_at = expires_at - dt.timedelta(days=LEAF_DAYS)
    made = certificates(read({"HANMARU_STATE_DIR": str(folder / "authority")}), made_at)
    return {"HANMARU_CERTIFICATE": str(made.certificate), "HANMARU_KEY": str(made.key)}


def ahead_s(hall: Hall) -> float:
    """How far the clock of the server's last welcome is ahead of ours."""
    said = dt.datetime.fromisoformat(hall.speakers[0].robot.welcome["now"])
    return (said - dt.datetime.now(dt.UTC)).total_seconds()


async def refused(folder: Path, settings: dict[str, str]) -> str:
    """What a service that cannot begin says, and that it is not started again."""
    supervisor = Supervisor(folder / "refused", {"HANMARU_PORT": str(free_port()), **settings})
    with pytest.raises(RuntimeError):
        await supervisor.start()
    assert (supervisor.gave_up.is_set(), supervisor.codes) == (True, [2])
    return supervisor.wrote()


@as_root
async def test_a_full_disk_costs_commands_and_nothing_else(tmp_path: Path, small_disk: Path) -> None:
    async with opened(tmp_path, {"HANMARU_EVENT": str(TEST_EVENT)}) as hall:
        await hall.commands_work()
        ballast = fill(small_disk)
        await hall.flows()
        (booth,) = {link["booth"] for link in hall.links if link["booth"] == "booth-1"}
        refusals = await _refusals(hall, booth)
        assert "not_saved" in refusals
        await hall.comes_back()
        ballast.unlink()
        await hall.commands_work()
        assert -7 not in hall.supervisor.codes, "SIGBUS"
        assert "media_process_lost" not in hall.supervisor.wrote()


async def _refusals(hall: Hall, booth: str) -> set[str]:
    """With which codes commands are refused now; 200 of them, since the last room of a disk is used up, too."""
    token = next(link["token"] for link in hall.links if link["role"] == "technician")
    desk = Operator(hall.origin, token, booth, "suwon", 0.0)
    return await desk.refusals(200)


@pytest.mark.parametrize("jump", ["-1h", "+1h"])
async def test_a_clock_that_jumps_is_not_noticed(jumping: Hall, clock: Path, jump: str) -> None:
    for told, hours in ((jump, int(jump[:2])), ("+0", 0)):
        clock.write_text(told, encoding="ascii")  # noqa: ASYNC240 - three letters
        await jumping.goes_on()
        assert round(ahead_s(jumping) / 3600) == hours, "it did jump"


async def test_a_certificate_that_expires_puts_nobody_out_and_is_told(tmp_path: Path) -> None:
    settings = own_certificate(tmp_path, dt.datetime.now(dt.UTC) + AHEAD)
    async with opened(tmp_path, {"HANMARU_EVENT": str(TEST_EVENT), **settings}) as hall:
        await hall.says("expires on")
        await hall.says("has expired: who is connected stays, and nobody else comes in. Renew it now.")
        await hall.flows()
        await hall.commands_work()


async def test_a_certificate_that_has_expired_is_refused_at_the_start(tmp_path: Path) -> None:
    settings = own_certificate(tmp_path, dt.datetime.now(dt.UTC) - dt.timedelta(hours=1))
    said = await refused(tmp_path, {"HANMARU_EVENT": str(TEST_EVENT), **settings})
    assert f"The certificate {settings['HANMARU_CERTIFICATE']} expired on" in said


async def test_an_event_file_that_is_edited_to_nonsense_ends_no_meeting(tmp_path: Path) -> None:
    event = tmp_path / "event.toml"
    shutil.copy(TEST_EVENT, event)
    async with opened(tmp_path, {"HANMARU_EVENT": str(event)}) as hall:
        event.write_text("nonsense", encoding="utf-8")
        await hall.says("The server goes on with the event as it was")
        await hall.goes_on()
        assert "A consultation is going on, so the server goes on with the event as it was before." in (
            hall.supervisor.wrote()
        )


async def test_an_event_file_that_is_nonsense_is_refused_where_nobody_meets(tmp_path: Path) -> None:
    event = tmp_path / "event.toml"
    event.write_text("nonsense", encoding="utf-8")
    assert str(event) in await refused(tmp_path, {"HANMARU_EVENT": str(event)})
