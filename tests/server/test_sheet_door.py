"""Who gets a sheet over HTTP, and what it may do there; a sheet that is joined stands in `tests/scenarios`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from server.answers import HEADERS
from server.sheet_door import PRESS
from server.sheet_printing import Press
from tests.support.hall import DESK, KIM, LINKS, SUWON, TECHNICIAN, Hall, hall


@pytest_asyncio.fixture
async def at(tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall(tmp_path) as open_hall:
        yield open_hall


def bearer(seat: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {LINKS[seat]}"}


async def test_a_technician_gets_the_page_with_the_houses_headers_and_nobody_keeps_it(at: Hall) -> None:
    answer = await at.client.get("/sheet/suwon", headers=bearer(TECHNICIAN))
    assert (answer.status, answer.content_type) == (200, "text/html")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    html = await answer.text()
    assert html.count('class="slip') == 2 * 6
    assert f'href="https://{at.client.host}:{at.client.port}/room#' in html, "the name by which the browser came"


async def test_a_browser_that_opened_the_technicians_link_needs_its_cookie_only(at: Hall) -> None:
    cookie = {"Cookie": f"__Host-hanmaru-{TECHNICIAN}={LINKS[TECHNICIAN]}"}
    assert (await at.client.get("/sheet/suwon", headers=cookie)).status == 200
    assert (await at.client.get(f"/sheet/suwon?seat={SUWON}", headers=cookie)).status == 401
    foreign = {**cookie, "Origin": "https://evil.example"}
    assert (await at.client.get("/sheet/suwon", headers=foreign)).status == 403


@pytest.mark.parametrize("path", ["/sheet/suwon", "/sheet/suwon.pdf"])
async def test_nobody_else_gets_one(at: Hall, path: str) -> None:
    assert (await at.client.get(path)).status == 401
    for seat in (SUWON, DESK, KIM):
        answer = await at.client.get(path, headers=bearer(seat))
        assert answer.status == 403
        assert (await answer.json())["code"] == "not_allowed"


@pytest.mark.parametrize("path", ["/sheet/nowhere", "/sheet/nowhere.pdf", "/sheet/", "/sheet/suwon.docx"])
async def test_an_unknown_site_is_not_found(at: Hall, path: str) -> None:
    assert (await at.client.get(path, headers=bearer(TECHNICIAN))).status == 404


async def test_a_machine_without_a_free_moment_says_when_to_come_again(at: Hall) -> None:
    at.app[PRESS]._limit_s = 0.02
    answer = await at.client.get("/sheet/suwon.pdf", headers=bearer(TECHNICIAN))
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "60"
    assert (await answer.json())["code"] == "busy"


async def test_a_failing_press_is_told_in_its_sentence(at: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.sheet_printing.sys.executable", "/bin/false")
    assert isinstance(at.app[PRESS], Press)
    answer = await at.client.get("/sheet/suwon", headers=bearer(TECHNICIAN))
    assert answer.status == 503
    assert (await answer.json())["code"] == "no_sheet"
