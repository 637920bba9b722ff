"""The ledger that engines of one machine share: pages of their own, and those of the dead are nobody's."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
import time
from pathlib import Path

import pytest

from media.engine import ledger as ledger_module
from media.engine.door import Done, Thin
from media.engine.ledger import Ledger
from media.engine.local import LocalEngine
from media.errors import LocalError
from media.transcode_ledger import Told

TOLD = Told(1.0, 0, 0.25, 0.5)
CODE = """
import sys, time
from pathlib import Path
from media.engine.ledger import Ledger
from media.transcode_ledger import Told
ledger = Ledger(Path(sys.argv[1]))
ledger.tell([Told(1.0, 0, 0.25, 0.5)], time.monotonic())
print("told", flush=True)
time.sleep(60)
"""


async def test_another_process_hears_what_one_tells_and_gets_its_page_when_it_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger"
    engine = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CODE, str(path), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert engine.stdout is not None
    assert await engine.stdout.readline() == b"told\n"
    here = Ledger(path)
    assert list(here.others(time.monotonic()).values()) == [[TOLD]]
    monkeypatch.setattr(ledger_module, "PAGES", 2)
    with pytest.raises(LocalError):
        Ledger(path)
    engine.kill()
    await engine.wait()
    again = Ledger(path)
    again.tell([], time.monotonic())
    assert here.others(time.monotonic()) == {}, "the page is another's now"
    for ledger in (here, again):
        ledger.close()


def test_a_ledger_that_cannot_be_opened_is_an_error_of_this_machine(tmp_path: Path) -> None:
    with pytest.raises(LocalError):
        Ledger(tmp_path / "nowhere" / "ledger")


def test_a_full_disk_is_an_error_at_once_and_not_a_signal_at_the_first_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int, _offset: int, _length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(LocalError, match="no room"):
        Ledger(tmp_path / "ledger")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


async def test_an_engine_without_a_ledger_goes_on_alone(tmp_path: Path) -> None:
    engine = LocalEngine(("127.0.0.1",), (), 1.0, tmp_path / "nowhere" / "ledger")
    assert isinstance(await engine.perform(Thin(on=False)), Done)
    await engine.close()
