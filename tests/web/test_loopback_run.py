"""The loopback page, in a real Chromium on the real server: one press, and every line of the result was measured."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.support.cameras import camera, microphone
from tests.support.chromium import driver, executable, launch
from tests.support.served import serve

pytestmark = pytest.mark.browser

PATIENCE_S = 45.0
RESULT = """() => document.documentElement.dataset.state !== "ended" ? null : Object.fromEntries(
  [...document.querySelectorAll("#rows tr")].map((row) => [
    row.dataset.check.slice("test.".length),
    { verdict: row.className, measured: row.cells[1].textContent, limit: row.cells[2].textContent },
  ]),
)"""


async def test_one_press_measures_the_whole_line_of_a_room(tmp_path: Path, camera_folder: Path) -> None:
    served = await serve(tmp_path / "state")
    try:
        async with driver() as playwright:
            path = executable(playwright)
            if path is None:
                (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on this machine")
            film, voice = camera(camera_folder, 9, 1280, 720), microphone(camera_folder, 430)
            chromium = await launch(playwright, path, tmp_path / "profile", film, voice)
            try:
                link = served.link("room", "booth-1", "suwon").url
                await chromium.page.goto(link.replace("/room#", "/loopback#"))
                await chromium.page.click("#run")
                async with asyncio.timeout(PATIENCE_S):
                    while (rows := await chromium.page.evaluate(RESULT)) is None:  # noqa: ASYNC110 - another process
                        await asyncio.sleep(0.2)
                assert chromium.console == []
            finally:
                await chromium.close()
    finally:
        await served.stop()
    assert {name for name, row in rows.items() if row["verdict"] == "skip"} == set()
    assert rows["return_size"]["measured"] == rows["return_size"]["limit"] == "640×512"
    assert (rows["picture_light"]["verdict"], rows["sound_return"]["verdict"]) == ("pass", "pass")
    for delay in ("picture_delay", "sound_delay"):
        assert 20 < int(rows[delay]["measured"].removesuffix(" ms")) < 1000, "an encoder and two buffers at least"
