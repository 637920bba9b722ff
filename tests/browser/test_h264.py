"""A real browser that is shown an encoder's H.264 as it is, and VP8 in the same connection."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page, Playwright

from tests.scenarios.plugged import encoder
from tests.scenarios.table import Table
from tests.support.cameras import camera, microphone
from tests.support.chromium import launch
from tests.support.probe import Probe
from tests.support.served import serve

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

BOOTH = "booth-1"
OWN_CARD, OWN_HZ = 11, 430
FIRST_CARD, SECOND_CARD, PLAIN_CARD = 66, 67, 68
TAKES_H264 = "RTCRtpReceiver.getCapabilities('video').codecs.some(({mimeType}) => mimeType === 'video/H264')"
CODECS = """async () => {
  const [peer] = window.hanmaru.peers.slice(-1);
  const report = [...(await peer.getStats()).values()];
  const kinds = {};
  for (const { type, kind, codecId } of report) {
    const codec = report.find(({ id }) => id === codecId);
    if (kind === "video" && type.endsWith("bound-rtp") && codec) kinds[type] = codec.mimeType;
  }
  return { ...kinds, marked: "marked" in peer };
}"""


async def codecs(page: Page, **wanted: str) -> dict[str, object]:
    """Wait until what comes in or goes out has this codec; all that is known of both."""
    found: dict[str, object] = {}
    async with asyncio.timeout(15):
        while not wanted.items() <= (found := await page.evaluate(CODECS)).items():  # noqa: ASYNC110 - it is a page
            await asyncio.sleep(0.2)
    return found


async def test_a_room_page_is_shown_h264_as_it_is_and_then_vp8_in_the_same_connection(
    playwright: Playwright, chromium_path: str, event_file: Path, camera_folder: Path, tmp_path: Path
) -> None:
    served = await serve(tmp_path / "state", event_file)
    devices = camera(camera_folder, OWN_CARD, 640, 512), microphone(camera_folder, OWN_HZ)
    browser = await launch(playwright, chromium_path, tmp_path / "browser", *devices)
    table = Table(served, BOOTH)
    try:
        page, probe = browser.page, Probe(browser.page)
        await page.goto(served.link("room", BOOTH, "suwon").url, wait_until="domcontentloaded")
        if not await page.evaluate(TAKES_H264):
            pytest.skip("this Chromium was built without H.264")
        desk = await table.operator()
        feeds = [await encoder(table, "hanoi", desk, card=FIRST_CARD, codec="h264")]
        await probe.wait_for_source(FIRST_CARD, 30)
        shown = await codecs(page, **{"inbound-rtp": "video/H264"})
        assert shown["outbound-rtp"] == "video/VP8", "what it sends is what every viewer takes"
        await page.evaluate("window.hanmaru.peers.at(-1).marked = true")
        assert await probe.wait_for_source(FIRST_CARD, 5) < 5
        assert (await probe.watch(2.0)).distinct_fps > 5

        for card, codec in ((PLAIN_CARD, "vp8"), (SECOND_CARD, "h264")):
            feeds.append(await encoder(table, "hanoi", desk, card=card, codec=codec))
            await probe.wait_for_source(card, 15)
            assert (await codecs(page, **{"inbound-rtp": f"video/{codec.upper()}"}))["marked"], "without a new offer"
        presented = await probe.presented()
        assert presented is not None
        assert (presented["video_width"], presented["video_height"]) == (640, 360), "as its encoder has it"
        for feed in feeds:
            await feed.peer.close()
    finally:
        await browser.close()
        await table.clear()
        await served.stop()
