"""The press: a process of its own that is bounded in time and number, and says why when there is no PDF."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from server.event import load
from server.sheet_press import REFUSED
from server.sheet_printing import MOST_WAITING, Press, PressBusyError, PressError
from tests.support.sheets import made_of, ran_press

EVENT = load("tests/support/test-event.toml")
SHEET = made_of(EVENT, "suwon")
ORDER = {"sheet": asdict(replace(SHEET, pages=SHEET.pages[:1])), "standalone": False, "seat": None}


def command_lines_of_children() -> bytes:
    """What runs as a child of this process, on Linux."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    return b"".join(Path(f"/proc/{child}/cmdline").read_bytes() for child in children)


async def test_a_press_that_takes_too_long_is_ended() -> None:
    with pytest.raises(PressBusyError, match="not ready within"):
        await Press(limit_s=0.05).make("pdf", SHEET)
    assert b"server.sheet_press" not in await asyncio.to_thread(command_lines_of_children)


async def test_only_a_few_may_wait() -> None:
    press = Press(limit_s=0.2)
    orders = [asyncio.create_task(press.make("html", SHEET)) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(PressBusyError, match="Other sheets"):
        await press.make("html", SHEET)
    for order in orders:
        order.cancel()
    await asyncio.gather(*orders, return_exceptions=True)
    with pytest.raises(PressBusyError, match="not ready within"):  # a turn has become free
        await press.make("html", SHEET)


async def test_a_press_that_fails_says_so_in_a_sentence() -> None:
    broken = replace(SHEET, made_at=replace(SHEET.made_at, month=13))
    with pytest.raises(PressError, match=r"could not be made \(exit code 1"):
        await Press().make("html", broken)


def test_missing_libraries_are_named_with_their_command(tmp_path: Path) -> None:
    (tmp_path / "weasyprint.py").write_text("raise OSError(\"cannot load library 'libpango-1.0-0'\")\n")
    ended = ran_press("pdf", json.dumps(ORDER).encode(), PATH=os.environ["PATH"], PYTHONPATH=f"{tmp_path}:.")
    assert ended.returncode == REFUSED
    said = ended.stderr.decode().splitlines()[-1]
    assert "cannot load library 'libpango-1.0-0'" in said
    assert "make sheet" in said
    assert "apt-get install libpango-1.0-0" in said
    assert ended.stdout == b""


def test_letters_that_no_font_has_are_named_and_nothing_is_printed() -> None:
    """A private letter stands in no font."""
    order = json.loads(json.dumps(ORDER))
    order["sheet"]["pages"][0]["slips"] = order["sheet"]["pages"][0]["slips"][:1]
    order["sheet"]["pages"][0]["slips"][0]["company"]["text"] = "다온 \U0010fffd"
    ended = ran_press("pdf", json.dumps(order).encode(), PATH=os.environ["PATH"], PYTHONPATH=".")
    assert ended.returncode == REFUSED
    assert "No font of this machine has these letters: \U0010fffd." in ended.stderr.decode()
    assert "fonts-noto-cjk" in ended.stderr.decode()
