"""Equipment and real browsers: a room page that is the screen only, Chromium as a WHEP player and as a WHIP client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Playwright

from tests.scenarios.plugged import FEED_HZ, Plugged, display, encoder
from tests.scenarios.table import SPOKEN_DBFS, Table, level_db, listen
from tests.support.cameras import camera, microphone
from tests.support.chromium import Chromium, launch
from tests.support.consultation import LISTEN_S, Consultation
from tests.support.probe import Probe, levels_db

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

BOOTH = "booth-2"
SUPPORT = Path(__file__).parent.parent / "support"
PLAYER, SENDER = SUPPORT / "whep_player.js", SUPPORT / "whip_sender.js"
SENDER_CARD, SENDER_HZ = 88, 430
NO_DEVICES = """
navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("none", "NotFoundError"));
"""


@dataclass(slots=True)
class Booth:
    """Encoders at both sites, live by themselves, and a browser that shows nothing yet."""

    table: Table
    suwon: Plugged
    hanoi: Plugged
    browser: Chromium


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def booth(
    story: Consultation,
    playwright: Playwright,
    chromium_path: str,
    camera_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Booth]:
    """Another booth than that of the story."""
    table = Table(story.served, BOOTH)
    desk = await table.operator()
    suwon, hanoi = [await encoder(table, site, desk) for site in ("suwon", "hanoi")]
    await desk.until(lambda booth: booth["phase"] == "live")
    devices = camera(camera_folder, SENDER_CARD, 640, 512), microphone(camera_folder, SENDER_HZ)
    browser = await launch(playwright, chromium_path, tmp_path_factory.mktemp("screen"), *devices)
    yield Booth(table, suwon, hanoi, browser)
    await browser.close()
    for plugged in (suwon, hanoi):
        await plugged.delete()
    await table.clear()


async def test_a_room_page_without_camera_and_microphone_is_the_screen_of_its_encoder(booth: Booth) -> None:
    page, probe = booth.browser.page, Probe(booth.browser.page)
    await page.add_init_script(NO_DEVICES)
    await page.goto(booth.table.served.link("room", BOOTH, "suwon").url, wait_until="domcontentloaded")
    await probe.wait_for_source(booth.hanoi.card, 20)
    async with asyncio.timeout(10):
        while await page.evaluate("document.documentElement.dataset.state") != "live":  # noqa: ASYNC110 - it is a page
            await asyncio.sleep(0.05)
    assert await page.locator("#own-notice").inner_text() == "", "nobody is asked to look after a cable"
    assert await page.locator("#own-sign").get_attribute("data-state") == "microphone"
    assert await page.locator("#frame").is_hidden()


async def test_chromium_plays_a_site_by_whep(booth: Booth) -> None:
    page, probe = booth.browser.page, Probe(booth.browser.page)
    link = booth.table.served.link("room", BOOTH, "suwon")
    await page.goto(f"{booth.table.served.origin}/healthz")
    address = f"{booth.table.served.origin}/whep/{BOOTH}/suwon"
    assert await page.evaluate(PLAYER.read_text(encoding="utf-8"), {"address": address, "token": link.token}) == {
        "status": 201,
        "said": "",
    }
    await probe.wait_for_source(booth.hanoi.card, 10)
    shown = await probe.presented()
    screen = next(site for site in booth.hanoi.robot.welcome["sites"] if site["id"] == "suwon")
    assert shown is not None
    assert (shown["video_width"], shown["video_height"]) == (screen["width"], screen["height"])
    heard = await probe.sound(LISTEN_S)
    levels = await asyncio.to_thread(levels_db, heard, (FEED_HZ["hanoi"], FEED_HZ["suwon"]))
    assert levels[FEED_HZ["hanoi"]] > levels[FEED_HZ["suwon"]] + 40
    assert set(await page.evaluate("window.patched")) == {204}
    assert await page.evaluate("window.hangUp()") == 200


async def test_chromium_sends_for_a_site_by_whip(booth: Booth) -> None:
    page = await booth.browser.page.context.new_page()
    player = await display(booth.table, "hanoi", booth.hanoi.robot)
    await player.sees(booth.suwon.card)
    await page.goto(f"{booth.table.served.origin}/healthz")
    address = f"{booth.table.served.origin}/whip/{BOOTH}/suwon"
    token = booth.table.served.link("room", BOOTH, "suwon").token
    assert await page.evaluate(SENDER.read_text(encoding="utf-8"), {"address": address, "token": token}) == {
        "status": 201,
        "said": "",
    }
    sighting = await player.sees(SENDER_CARD, 10)
    assert sighting.stretch == pytest.approx(1.0, abs=0.02)
    heard = (await listen([player]))[player.name]
    assert level_db(heard, SENDER_HZ) > SPOKEN_DBFS - 10
    assert level_db(heard, SENDER_HZ) > level_db(heard, FEED_HZ["suwon"]) + 30
    assert await page.evaluate("window.hangUp()") == 200
    await player.delete()
    await page.close()
