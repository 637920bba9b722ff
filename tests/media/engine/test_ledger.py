"""The ledger that engines of one machine share: pages of their own, and those of the dead are nobody's."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from media.engine import ledger as ledger_module
from media.engine.ledger import Ledger
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
