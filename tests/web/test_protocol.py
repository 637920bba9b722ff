"""A page's session, in a real Chromium against a server with a scripted engine."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.async_api import Page

from media.engine import door
from server.keys import STORE
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
  const address = `${location.origin.replace("http", "ws")}/signal`;
  const session = new Session({ address, seat, on, storage: sessionStorage });
  session.open();
  window.said = [];
  window.press = (message) => session.command(message).then(
    (answer) => window.said.push(answer.type), (refusal) => window.said.push(refusal.code));
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


async def count(page: Page, word: str) -> int:
    return sum(said == word for said in await page.evaluate("window.news"))


async def heard(page: Page, word: str, times: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if await count(page, word) >= times:
                return
            await asyncio.sleep(0.02)


async def test_nothing_said_is_a_dead_line_and_sooner_while_somebody_is_connected(at: Hall, page: Page) -> None:
    frames: list[str] = []
    page.on("websocket", lambda line: line.on("framereceived", lambda frame: frames.append(str(frame))))

    async def beat() -> None:
        before = len(frames)
        for _ in range(5):
            await turn(2.01)
            for _ in range(50):  # for the pong, too: the server's clock must not outrun the browser
                await asyncio.sleep(0.02)
                if any("beat" in frame for frame in frames[before:]):
                    return
        pytest.fail("the line does not beat")

    await page.evaluate(SIT, [DESK, LINKS[DESK]])
    await heard(page, "booth", 1)
    for _ in range(3):
        await page.clock.run_for(QUIET_MS)
        await beat()
    assert await count(page, "lost") == 0, "nobody is connected, and the line beats"
    before = await count(page, "booth")
    await page.clock.run_for(SILENCE_MS)
    await heard(page, "lost", 1)
    await page.clock.run_for(RETRY_MS)
    await heard(page, "booth", before + 1)
    room = await at.join(SUWON)
    at.engine.tell(door.Levels("booth-1", {SUWON: -20.0}, ()))
    await heard(page, "levels", 1)
    assert await count(page, "lost") == 1
    await page.clock.run_for(QUIET_MS)
    assert await count(page, "lost") == 2, "levels come five times a second"
    await room.socket.close()


async def test_whoever_waits_for_a_taken_seat_notices_a_dead_line_too(at: Hall, page: Page) -> None:
    holder = await at.join(DESK)
    await page.evaluate(SIT, [DESK, LINKS[DESK]])
    await heard(page, "taken", 1)
    await page.clock.run_for(SILENCE_MS)
    await heard(page, "lost", 1)
    await page.clock.run_for(RETRY_MS)
    await heard(page, "taken", 2)
    await holder.socket.close()


async def test_whoever_waits_after_a_meeting_with_levels_is_content_with_beats(at: Hall, page: Page) -> None:
    await page.evaluate(SIT, [DESK, LINKS[DESK]])
    await heard(page, "booth", 1)
    await at.join(SUWON)
    at.engine.tell(door.Levels("booth-1", {SUWON: -20.0}, ()))
    await heard(page, "levels", 1)
    await page.evaluate("() => sessionStorage.clear()")
    for session in at.conductor._sessions.values():
        if str(session.seat) == DESK:
            session.outgoing.close(1012)
    await heard(page, "lost", 1)
    await at.join(DESK)
    await page.clock.run_for(RETRY_MS)
    await heard(page, "taken", 1)
    await page.clock.run_for(QUIET_MS)
    assert await count(page, "lost") == 1, "levels are for those who have a seat"


async def test_a_command_whose_answer_is_lost_is_said_again_and_obeyed_once(
    at: Hall, page: Page, tmp_path: Path
) -> None:
    await page.evaluate(SIT, [DESK, LINKS[DESK]])
    await heard(page, "booth", 1)
    store = at.app[STORE]
    with closing(sqlite3.connect(tmp_path / "facts.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # the answer has to wait for the disk
        await page.evaluate("void press({ type: 'set', site: 'suwon', volume_db: -6 })")
        await page.evaluate("void press({ type: 'measure' })")
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if store.broken is not None:
                    break
                await asyncio.sleep(0.01)
        for session in at.conductor._sessions.values():
            session.outgoing.close(1012)
        await heard(page, "lost", 1)
        other.execute("ROLLBACK")
    async with asyncio.timeout(PATIENCE_S):
        while True:
            said = await page.evaluate("window.said")
            if len(said) == 2:
                break
            await asyncio.sleep(0.02)
    assert said == ["no_line", "ok"], "what holds for the moment only is not said again"
    facts = [fact for fact in await store.facts("booth-1") if fact.kind == "set"]
    assert [(fact.body["volume_db"], (fact.event or "").split("/")[0]) for fact in facts] == [(-6, DESK)]
