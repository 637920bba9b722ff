"""One long-lived consultation for all browser tests: the real server, three real browsers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Playwright

from tests.support.chromium import driver, executable
from tests.support.consultation import (
    BOOTH,
    HANOI_CARD,
    HANOI_HZ,
    KIM_HZ,
    SUWON_CARD,
    SUWON_HZ,
    Consultation,
    bring_about,
)
from tests.support.desk import desk
from tests.support.participant import Participant
from tests.support.served import serve


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    """Playwright, without a browser yet."""
    async with driver() as own:
        yield own


@pytest.fixture(scope="session")
def chromium_path(playwright: Playwright) -> str:
    """Where Chromium is; skips without one, except in CI."""
    path = executable(playwright)
    if path is None:
        reason = "no Chromium on this machine: install the package chromium, or run `playwright install chromium`"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def story(
    playwright: Playwright,
    chromium_path: str,
    operated_event: Path,
    camera_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Consultation]:
    """A live consultation of booth 1; ends with a look into the server's log."""
    folder = tmp_path_factory.mktemp("consultation")
    served = await serve(folder / "state", operated_event)
    try:
        async with contextlib.AsyncExitStack() as stack:

            def person(name: str, link: str, source: int | None, voice_hz: int) -> Participant:
                each = Participant(playwright, chromium_path, folder, camera_folder, name, link, source, voice_hz)
                stack.push_async_callback(each.close)
                return each

            suwon = person("suwon", served.link("room", BOOTH, "suwon").url, SUWON_CARD, SUWON_HZ)
            hanoi = person("hanoi", served.link("room", BOOTH, "hanoi").url, HANOI_CARD, HANOI_HZ)
            kim = person("kim", served.link("interpreter", BOOTH).url, None, KIM_HZ)
            kim.window = (1280, 720)
            desks = {
                site: await stack.enter_async_context(desk(served.origin, served.link("operator", BOOTH, site).token))
                for site in ("suwon", "hanoi")
            }
            story = Consultation(served, suwon, hanoi, kim, desks)
            await bring_about(story)
            yield story
    finally:
        await served.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def consultation(story: Consultation) -> Consultation:
    """The consultation with everybody in their seats, live; tests may leave it in any state."""
    await story.mend()
    return story
