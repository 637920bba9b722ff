"""A page's session, in a real Chromium against a server with a scripted engine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from media.engine import door
from tests.support.chromium import driver, executable, launch
from tests.support.hall import DESK, LINKS, SUWON, Hall, hall, turn

pytestmark = pytest.mark.browser

SIT = """async ([seat, token]) => {
  const { Session } = await import("/protocol.js");
  const { takeSeat } = await import("/seat.js");
  await takeSeat(token);
  window.news = [];
  const ignore = () => undefined;
  const on = { welcome: ignore, answer: ignore, error: ignore, link: (state) => window.news.push(state) };
  for (const word of ["booth", "levels"]) on[word] = () => window.news.push(word);
  const session = new Session({ address: `${location.origin.replace("http", "ws")}/signal`, seat, on });
  session.open();
}"""
PATIENCE_S = 5.0
SILENCE_MS = 6000  # more than a line may be silent


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall(tmp_path) as opened:
        yield opened


@pytest.fixture
async def page(at: Hall, tmp_path: Path) -> AsyncIterator[Page]:
    async with driver() as playwright:
        path = executable(playwright)
        if path is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on this machine")
        chromium = await launch(playwright, path, tmp_path / "profile")
        await chromium.page.clock.install()
        await chromium.page.goto(f"http://localhost:{at.client.port}/healthz")
        yield chromium.page
        await chromium.close()


async def test_no_levels_are_a_dead_line_only_while_somebody_is_connected(at: Hall, page: Page) -> None:
    async def count(word: str) -> int:
        return sum(said == word for said in await page.evaluate("window.news"))

    async def heard(word: str, times: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if await count(word) >= times:
                    return
                await asyncio.sleep(0.02)

    await page.evaluate(SIT, [DESK, LINKS[DESK]])
    await heard("booth", 1)
    room = await at.join(SUWON)
    at.engine.tell(door.Levels("booth-1", {SUWON: -20.0}, ()))
    await heard("levels", 1)
    before = await count("booth")
    await room.socket.close()
    await turn(0.0)  # the server notes that the room has left
    await turn(3.1)
    await heard("booth", before + 1)
    at.engine.tell(door.Levels("booth-1", {SUWON: None}, ()))  # the last one, already on its way
    await heard("levels", 2)
    await page.clock.run_for(SILENCE_MS)
    assert await count("lost") == 0
    before = await count("booth")
    await at.join(SUWON)
    await heard("booth", before + 3)  # there, offering, connected
    await page.clock.run_for(SILENCE_MS)
    assert await count("lost") == 1
