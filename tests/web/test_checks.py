"""What the loopback page passes and fails of a returned picture's size."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Route

from tests.support.chromium import driver, executable, launch
from tests.support.served import CHECKOUT

pytestmark = pytest.mark.browser

HERE = "https://checks.test"  # never resolved: the browser is given the file below
JUDGE = """async (cases) => {
  const { judge, nothing } = await import("/checks.js");
  const size = (pair) => pair && { width: pair[0], height: pair[1] };
  return cases.map(([camera, picture]) => {
    const seen = { ...nothing(), connectS: 1, camera: size(camera), picture: size(picture) };
    return judge(seen, { width: 1280, height: 1024, video: true }).find(({ id }) => id === "test.return_size").verdict;
  });
}"""
CASES = (
    ((1280, 1024), (1280, 1024), "pass"),
    ((900, 720), (900, 720), "pass"),  # forwarded
    ((900, 720), (896, 716), "pass"),  # an encoder rounds
    ((900, 720), (1280, 1024), "pass"),  # made for the screen by the server
    ((900, 720), (450, 360), "fail"),
    ((1920, 1080), (1280, 720), "pass"),
    ((1920, 1080), (1920, 1080), "fail"),  # larger than the screen
    ((1280, 1024), None, "fail"),
    (None, None, "skip"),
)


async def served(file: str, route: Route) -> None:
    await route.fulfill(path=CHECKOUT / "web" / file)


async def test_a_picture_returns_as_it_was_sent_or_in_the_screens_pixels(tmp_path: Path) -> None:
    async with driver() as playwright:
        path = executable(playwright)
        if path is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on this machine")
        chromium = await launch(playwright, path, tmp_path / "profile")
        try:
            await chromium.page.route(f"{HERE}/", lambda route: route.fulfill(body=""))
            for file in ("checks.js", "way.js"):
                await chromium.page.route(f"{HERE}/{file}", partial(served, file))
            await chromium.page.goto(f"{HERE}/")
            verdicts = await chromium.page.evaluate(JUDGE, [case[:2] for case in CASES])
        finally:
            await chromium.close()
    assert verdicts == [case[2] for case in CASES]
