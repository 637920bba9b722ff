"""When a page tries a lost line again: while nothing answers, while nobody serves, when the server is back."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Route

from tests.support.chromium import driver, executable, launch
from tests.support.served import CHECKOUT

pytestmark = pytest.mark.browser

HERE = "https://comeback.test"  # never resolved: the browser is given our files below
BEGIN = """async () => {
  const { Comeback } = await import("/comeback.js");
  window.tries = [];
  window.socket = "none";
  window.found = [];
  window.comeback = new Comeback({
    connect: () => { window.comeback.trying(); window.socket = "pending"; window.tries.push(performance.now()); },
    socket: () => window.socket,
    told: () => window.found.push(window.comeback.probe.found),
  });
  window.lose = (opened) => { window.socket = "none"; window.comeback.lost(opened); };
}"""
TRIED = "(count) => window.tries.length >= count"
PATIENCE_MS = 5000


class Server:
    """What answers /healthz, as a test wishes: a status, `refused`, or nothing at all."""

    def __init__(self) -> None:
        self.answers: int | str | None = None

    async def take(self, route: Route) -> None:
        """A request of the page."""
        name = route.request.url.removeprefix(f"{HERE}/")
        if name != "healthz":
            await (route.fulfill(path=CHECKOUT / "web" / name) if name else route.fulfill(body=""))
        elif self.answers == "refused":
            await route.abort("connectionrefused")
        elif isinstance(self.answers, int):
            await route.fulfill(status=self.answers, body="ok")


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
async def page(server: Server, tmp_path: Path) -> AsyncIterator[Page]:
    async with driver() as playwright:
        path = executable(playwright)
        if path is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on this machine")
        chromium = await launch(playwright, path, tmp_path / "profile")
        await chromium.page.route(f"{HERE}/**", server.take)
        await chromium.page.goto(f"{HERE}/")
        await chromium.page.evaluate(BEGIN)
        yield chromium.page
        await chromium.close()


async def found(page: Page, what: str) -> None:
    await page.wait_for_function("(what) => window.found.at(-1) === what", arg=what, timeout=PATIENCE_MS)


async def tried(page: Page, count: int) -> None:
    await page.wait_for_function(TRIED, arg=count, timeout=PATIENCE_MS)


async def test_the_first_try_follows_a_break_at_once_whatever_is_known(server: Server, page: Page) -> None:
    server.answers = "refused"
    await page.evaluate("() => window.lose(true)")
    await tried(page, 1)


@pytest.mark.parametrize("answer", ["refused", 502])
async def test_where_nobody_serves_sockets_wait_for_the_server(server: Server, page: Page, answer: int | str) -> None:
    server.answers = answer
    await page.evaluate("() => window.lose(true)")
    await tried(page, 1)
    await found(page, "refused" if answer == "refused" else "ill")
    await page.evaluate("() => { window.lose(false); window.found.length = 0; }")
    await page.wait_for_function("() => window.found.length > 3", timeout=PATIENCE_MS)
    assert await page.evaluate("window.tries.length") == 1
    server.answers = 200
    await tried(page, 2)


async def test_where_nothing_answers_sockets_are_tried_one_after_the_other(server: Server, page: Page) -> None:
    await page.evaluate("() => window.lose(true)")
    await tried(page, 1)
    await found(page, "nothing")
    await page.evaluate("() => window.lose(false)")
    await tried(page, 2)


async def test_a_handshake_that_is_stuck_is_replaced_when_the_server_answers(server: Server, page: Page) -> None:
    await page.evaluate("() => window.lose(true)")
    await tried(page, 1)
    await found(page, "nothing")
    server.answers = 200
    await tried(page, 2)
    await page.evaluate("() => { window.socket = 'open'; window.comeback.hurry(); }")
    await found(page, "there")
    assert await page.evaluate("window.tries.length") == 2, "one that is open is left alone"


async def test_a_handshake_on_a_slow_line_has_its_time_while_the_server_answers_others(
    server: Server, page: Page
) -> None:
    server.answers = 200
    await page.evaluate("() => window.lose(true)")
    await tried(page, 1)
    await found(page, "there")
    before = await page.evaluate("() => { window.found.length = 0; return window.tries.length; }")
    await page.wait_for_function("() => window.found.length > 3", timeout=PATIENCE_MS)
    assert await page.evaluate("window.tries.length") == before


async def test_whoever_is_back_asks_no_more(server: Server, page: Page) -> None:
    server.answers = 200
    await page.evaluate("() => window.lose(true)")
    await tried(page, 1)
    await page.evaluate("() => { window.comeback.end(); window.found.length = 0; }")
    await page.wait_for_timeout(1000)
    assert await page.evaluate("[window.found.length, window.tries.length, window.comeback.going]") == [0, 1, False]
