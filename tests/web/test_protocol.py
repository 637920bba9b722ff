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
QUIET_MS = 3000  # less than a line may be silent, and more than one may on which levels come
SILENCE_MS = 6000  # more than any line may be silent
RETRY_MS = 500


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


async def test_nothing_said_is_a_dead_line_and_sooner_while_somebody_is_connected(at: Hall, page: Page) -> None:
    frames: list[str] = []
    page.on("websocket", lambda line: line.on("framereceived", lambda frame: frames.append(str(frame))))

    async def count(word: str) -> int:
        return sum(said == word for said in await page.evaluate("window.news"))

    async def heard(word: str, times: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await count(word) < times:  # noqa: ASYNC110 - it is a page
                await asyncio.sleep(0.02)

    async def beat() -> None:
        before = len(frames)
        async with asyncio.timeout(PATIENCE_S):
            while not any("beat" in frame for frame in frames[before:]):
                await turn(2.01)
                await asyncio.sleep(0.1)  # for the pong: the server's clock must not outrun the browser

    await page.evaluate(SIT, [DESK, LINKS[DESK]])
    await heard("booth", 1)
    for _ in range(3):
        await page.clock.run_for(QUIET_MS)
        await beat()
    assert await count("lost") == 0, "nobody is connected, and the line beats"
    before = await count("booth")
    await page.clock.run_for(SILENCE_MS)
    await heard("lost", 1)
    await page.clock.run_for(RETRY_MS)
    await heard("booth", before + 1)
    room = await at.join(SUWON)
    at.engine.tell(door.Levels("booth-1", {SUWON: -20.0}, ()))
    await heard("levels", 1)
    assert await count("lost") == 1
    await page.clock.run_for(QUIET_MS)
    assert await count("lost") == 2, "levels come five times a second"
    await room.socket.close()
