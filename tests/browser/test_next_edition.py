"""The next edition is a file: a whole consultation of the Hong Kong event, in Chinese, from the slate to the thanks."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Playwright

from media.voice import FUNDAMENTALS_HZ
from tests.support.desk import Desk, desk
from tests.support.participant import Participant
from tests.support.probe import levels_db
from tests.support.served import CHECKOUT, Served, serve

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SUWON_HZ, HONG_KONG_HZ, WONG_HZ = FUNDAMENTALS_HZ
SUWON_CARD, HONG_KONG_CARD = 33, 44
BOOTH = "booth-2"  # whose interpreter reads Chinese
OTHERS_FONTS = re.compile(r"KR|JP|SC|Pretendard|Malgun|Gothic")
ABSENT_DB = 40.0


@dataclass
class Edition:
    """Who takes part; nobody has opened a page yet."""

    served: Served
    suwon: Participant
    hong_kong: Participant
    wong: Participant
    desk: Desk


def smaller(folder: Path) -> Path:
    """The real event with its files, on screens that three browsers can fill on two cores."""
    events = CHECKOUT / "events"
    shutil.copytree(events / "suwon-hongkong", folder / "suwon-hongkong")
    text = (events / "suwon-hongkong.toml").read_text(encoding="utf-8")
    assert text.count("width_px = 1280, height_px = 1024") == 2
    path = folder / "event.toml"
    path.write_text(text.replace("width_px = 1280, height_px = 1024", "width_px = 640, height_px = 512"), "utf-8")
    return path


@pytest_asyncio.fixture(loop_scope="session")
async def edition(
    playwright: Playwright, chromium_path: str, camera_folder: Path, tmp_path: Path
) -> AsyncIterator[Edition]:
    """A server with the Hong Kong event; ends with a look into its log."""
    served = await serve(tmp_path / "state", smaller(tmp_path))
    try:
        async with contextlib.AsyncExitStack() as stack:

            def person(name: str, link: str, source: int | None, voice_hz: int) -> Participant:
                each = Participant(playwright, chromium_path, tmp_path, camera_folder, name, link, source, voice_hz)
                stack.push_async_callback(each.close)
                return each

            suwon = person("suwon", served.link("room", BOOTH, "suwon").url, SUWON_CARD, SUWON_HZ)
            hong_kong = person("hong-kong", served.link("room", BOOTH, "hongkong").url, HONG_KONG_CARD, HONG_KONG_HZ)
            wong = person("wong", served.link("interpreter", BOOTH).url, None, WONG_HZ)
            wong.window = (1280, 720)
            own = await stack.enter_async_context(desk(served.origin, served.link("operator", BOOTH, "suwon").token))
            yield Edition(served, suwon, hong_kong, wong, own)
    finally:
        await served.stop()


async def says(page: Page, selector: str, text: str, language: str) -> None:
    """Wait until an element says this, and says in which language it does. Raises TimeoutError."""
    seen = """([selector, text, language]) => {
      const all = [...document.querySelectorAll(selector)];
      return all.some((each) => each.textContent.trim() === text && each.closest("[lang]").lang === language);
    }"""
    try:
        await page.wait_for_function(seen, arg=[selector, text, language])
    except Exception as late:
        raise AssertionError(f"{selector} does not say {text}: {await page.inner_text('body')}") from late


async def fonts_of(page: Page, selector: str) -> set[str]:
    """The fonts that an element was really drawn with."""
    tools = await page.context.new_cdp_session(page)
    await tools.send("DOM.enable")
    await tools.send("CSS.enable")
    root = (await tools.send("DOM.getDocument"))["root"]["nodeId"]
    node = (await tools.send("DOM.querySelector", {"nodeId": root, "selector": selector}))["nodeId"]
    fonts = (await tools.send("CSS.getPlatformFontsForNode", {"nodeId": node}))["fonts"]
    await tools.detach()
    return {font["familyName"] for font in fonts}


async def test_hong_kong_consults_in_chinese_from_the_slate_to_the_thanks(edition: Edition) -> None:
    await edition.hong_kong.open()
    screen = edition.hong_kong.browser.page
    await says(screen, "#head", "正在等候對方連線", "zh-Hant")
    await says(screen, "#second", "Waiting for the other side", "en")
    await says(screen, "#own-city span", "香港", "zh-Hant")
    await says(screen, "#own-city span", "Hong Kong", "en")
    await says(screen, "#product", "美甲護理機", "zh-Hant")
    assert await screen.get_attribute("html", "lang") == "zh-Hant"
    await screen.click("#gear")  # its words were drawn before anybody knew the language
    assert (await screen.locator("#devices label span").all_inner_texts()) == ["鏡頭", "咪高峰", "揚聲器"]
    await screen.click("#done")
    fonts = await fonts_of(screen, "#head span")
    assert fonts
    assert not [font for font in fonts if OTHERS_FONTS.search(font)], "a Korean font has Korean forms of Chinese signs"

    await asyncio.gather(edition.suwon.open(), edition.wong.open())
    seen = (
        edition.hong_kong.probe.wait_for_source(SUWON_CARD, 15),
        edition.suwon.probe.wait_for_source(HONG_KONG_CARD, 15),
    )
    await asyncio.gather(*seen)
    await says(screen, "#names-own", "Gounson 美妝 李秀珍董事", "zh-Hant")
    await says(screen, "#names-far", "Lee Su-jinGounson Beauty", "en")
    await says(edition.suwon.browser.page, "#names-own", "하버뷰티 웡카얀 대표", "ko")
    await says(edition.suwon.browser.page, "#names-far", "海港美容 黃家欣總經理", "zh-Hant")

    console = edition.wong.browser.page
    await says(console, "#from", "한국어", "ko")
    await says(console, "#to", "中文", "zh-Hant")
    await console.wait_for_selector("#air:not([aria-disabled=true])")
    await console.keyboard.press("Space")
    await says(console, "#hears", "水原和香港會議室都聽得到您的聲音", "zh-Hant")
    await says(screen, "#lamp .fact", "傳譯進行中，請稍候", "zh-Hant")
    await says(screen, "#lamp .rest", "The interpreter is speaking", "en")
    await says(edition.suwon.browser.page, "#lamp .fact", "통역 중입니다", "ko")
    here, there = await asyncio.gather(edition.hong_kong.probe.sound(2.5), edition.suwon.probe.sound(2.5))
    heard, far = levels_db(here, FUNDAMENTALS_HZ), levels_db(there, FUNDAMENTALS_HZ)
    assert min(heard[SUWON_HZ], heard[WONG_HZ]) > heard[HONG_KONG_HZ] + ABSENT_DB
    assert min(far[HONG_KONG_HZ], far[WONG_HZ]) > far[SUWON_HZ] + ABSENT_DB

    await edition.desk.do("end")
    await says(screen, "#head", "洽談已結束，謝謝各位", "zh-Hant")
    await screen.click("#swap")
    await says(screen, "#head", "The meeting has ended. Thank you", "en")
    await says(screen, "#second", "洽談已結束，謝謝各位", "zh-Hant")


async def test_operator_in_hong_kong_is_one_touch_away_from_english(edition: Edition) -> None:
    operator = edition.wong
    operator.link = edition.served.link("operator", BOOTH, "hongkong").url
    await operator.open()
    page = operator.browser.page
    await says(page, "#phase", "尚未有人到場", "zh-Hant")
    offered = await page.eval_on_selector_all("select.language option", "all => all.map((each) => each.value)")
    assert offered[:2] == ["zh-Hant", "en"]
    await says(page, "button.swap", "English", "en")
    await page.click("button.swap")
    await says(page, "#phase", "Nobody is here yet", "en")
    await says(page, "button.swap", "繁體中文", "zh-Hant")
    assert await page.get_attribute("html", "lang") == "en"
