"""The pages' modules asked in a real Chromium, without a server of ours behind them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from server.pages import add_pages
from tests.support.chromium import driver, executable, launch


async def answered(ask: str, folder: Path) -> dict[str, Any]:
    """What a script answers that imports modules of the pages; the browser's profile goes into `folder`."""
    app = web.Application()
    add_pages(app)
    async with TestServer(app, host="127.0.0.1") as server, driver() as playwright:
        path = executable(playwright)
        if path is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on this machine")
        chromium = await launch(playwright, path, folder / "profile")
        try:
            await chromium.page.goto(str(server.make_url("/mark.svg")))
            answer: dict[str, Any] = await chromium.page.evaluate(ask)
        finally:
            await chromium.close()
    return answer
