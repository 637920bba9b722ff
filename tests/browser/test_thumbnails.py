"""Small pictures of the rooms at the interpreter's: off until asked for, then each room itself, then off again."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import cv2
import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Page

from media.testcard import read
from tests.support.consultation import HANOI_CARD, SUWON_CARD, Consultation

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PATIENCE_MS = 15_000
SHOWS = """(n) => n ===
  [...document.querySelectorAll("hm-thumbnail img")].filter((img) => img.naturalWidth > 0 && !img.hidden).length"""
PLACES = """() => ["#air", "#meeting", "#pictures", "hm-thumbnail .frame", "#show-rooms"].map((each) => {
  const { x, y, width, height } = document.querySelector(each).getBoundingClientRect();
  return [x, y, width, height];
})"""
PICTURES = """() => [...document.querySelectorAll("hm-thumbnail img")].map((img) => {
  const size = { width: img.naturalWidth, height: img.naturalHeight };
  const canvas = Object.assign(document.createElement("canvas"), size);
  canvas.getContext("2d").drawImage(img, 0, 0);
  return { alt: img.alt, png: canvas.toDataURL("image/png").split(",")[1] };
})"""
SENT = "() => performance.getEntriesByType('resource').filter(({ name }) => name.includes('/thumbnail/')).length"


@pytest_asyncio.fixture(loop_scope="session")
async def page(consultation: Consultation) -> AsyncIterator[Page]:
    """The interpreter's page; its switch is off before and after."""
    page = consultation.kim.browser.page
    assert await page.get_attribute("#show-rooms", "aria-checked") == "false"
    yield page
    if await page.get_attribute("#show-rooms", "aria-checked") == "true":
        await page.click("#show-rooms")


async def test_the_rooms_are_shown_when_asked_for_each_by_its_own_camera_and_nothing_moves(
    consultation: Consultation, page: Page
) -> None:
    before = await page.evaluate(PLACES)
    rooms = [each.browser.page for each in (consultation.suwon, consultation.hanoi)]
    assert [await room.evaluate(SENT) for room in rooms] == [0, 0], "nobody has asked yet"

    await page.focus("#show-rooms")
    await page.keyboard.press("Enter")
    await page.wait_for_function(SHOWS, arg=2, timeout=PATIENCE_MS)
    assert consultation.desk.booth["thumbnails"]
    assert await page.evaluate(PLACES) == before
    cards: dict[str, int] = {}
    for each in await page.evaluate(PICTURES):
        png = np.frombuffer(base64.b64decode(each["png"]), np.uint8)
        luma: Any = cv2.imdecode(png, cv2.IMREAD_GRAYSCALE)
        assert luma.shape == (256, 320)
        reading = await asyncio.to_thread(read, luma)
        assert reading is not None
        cards[each["alt"]] = reading.source
    assert sorted(cards.values()) == [SUWON_CARD, HANOI_CARD]
    assert all(cards), "each is named"

    await page.keyboard.press("Enter")
    await page.wait_for_function(SHOWS, arg=0, timeout=PATIENCE_MS)
    await consultation.desk.until(lambda booth: not booth["thumbnails"])
    await asyncio.sleep(1.5)  # what was under way has left
    sent = [await room.evaluate(SENT) for room in rooms]
    assert min(sent) >= 1
    await asyncio.sleep(2.5)
    assert [await room.evaluate(SENT) for room in rooms] == sent, "nobody sends for nobody"


async def test_a_camera_that_is_off_is_said_by_word(consultation: Consultation, page: Page) -> None:
    await page.click("#show-rooms")
    await page.wait_for_function(SHOWS, arg=2, timeout=PATIENCE_MS)
    await consultation.desk.do("set", site="suwon", camera_off=True)
    try:
        await page.wait_for_function(SHOWS, arg=1, timeout=PATIENCE_MS)
        word = await page.text_content("hm-thumbnail[data-state=none] .word")
        assert word == "카메라 꺼짐"
    finally:
        await consultation.desk.do("set", site="suwon", camera_off=False)
    await page.wait_for_function(SHOWS, arg=2, timeout=PATIENCE_MS)
