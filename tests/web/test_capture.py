"""What a room's page sends of its camera: the shape that the far screen wants, and never a larger frame than that."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Route

from tests.support.cameras import camera, microphone
from tests.support.chromium import driver, executable, launch
from tests.support.served import CHECKOUT

pytestmark = pytest.mark.browser

HERE = "https://sender.test"  # never resolved: the browser is given our files below
SCREEN_PX = 1280, 1024
PATIENCE_MS = 20_000
CANNOT_CROP = "MediaStreamTrack.prototype.applyConstraints = async () => undefined;"
LAST_IS = "([width, height]) => String(window.sizes.at(-1)) === `${width},${height}`"


async def file_of_ours(route: Route) -> None:
    """The page of this test, or what it takes from `web/`."""
    name = route.request.url.removeprefix(f"{HERE}/").removesuffix("?narrow")
    page = Path(__file__).with_name("sender.html")
    await route.fulfill(path=CHECKOUT / "web" / name if name else page)


@contextlib.asynccontextmanager
async def sender(
    folder: Path, films: Path, camera_px: tuple[int, int], *, script: str = "", narrow: bool = False
) -> AsyncIterator[Page]:
    """The page with a camera of this size, its picture arriving at the far end of its call (`narrow`: 300 kbit/s)."""
    async with driver() as playwright:
        path = executable(playwright)
        if path is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on this machine")
        film, voice = camera(films, 9, *camera_px, frames=4), microphone(films, 430)
        chromium = await launch(playwright, path, folder / "profile", film, voice)
        try:
            await chromium.page.add_init_script(script)
            await chromium.page.route(f"{HERE}/**", file_of_ours)
            await chromium.page.goto(f"{HERE}/{'?narrow' if narrow else ''}")
            await chromium.page.wait_for_function("() => window.sizes?.length > 0", timeout=PATIENCE_MS)
            yield chromium.page
            assert chromium.console == []
        finally:
            await chromium.close()


@pytest.mark.parametrize(("camera_px", "cropped"), [((1920, 1080), (1280, 1024)), ((1280, 720), (900, 720))])
async def test_framings_give_the_screens_shape_or_the_cameras_own_and_nothing_larger_in_between(
    tmp_path: Path, camera_folder: Path, camera_px: tuple[int, int], cropped: tuple[int, int]
) -> None:
    whole = 1280, 720
    async with sender(tmp_path, camera_folder, camera_px) as page:
        await page.wait_for_function(LAST_IS, arg=cropped, timeout=PATIENCE_MS)
        for framing, size in (("fit", whole), ("fill", cropped)):
            await page.evaluate("(framing) => window.shape(framing)", framing)
            await page.wait_for_function(LAST_IS, arg=size, timeout=PATIENCE_MS)
        assert await page.evaluate("window.sizes") == [list(cropped), list(whole), list(cropped)]
        await page.evaluate("() => Promise.all(['fit', 'fill', 'fit'].map(window.shape))")
        await page.wait_for_function(LAST_IS, arg=whole, timeout=PATIENCE_MS)
        assert await page.evaluate("window.capture.tracks.video.getSettings().width") == camera_px[0]


async def test_a_camera_that_cannot_crop_is_sent_whole_and_no_larger_than_the_screen(
    tmp_path: Path, camera_folder: Path
) -> None:
    async with sender(tmp_path, camera_folder, (1920, 1080), script=CANNOT_CROP) as page:
        await page.wait_for_function("() => window.frames_seen > 10", timeout=PATIENCE_MS)
        for width, height in await page.evaluate("window.sizes"):
            assert width <= SCREEN_PX[0]
            assert height <= SCREEN_PX[1]
            assert width / height == pytest.approx(16 / 9, abs=0.02)


async def test_a_narrow_line_costs_frames_and_no_pixels(tmp_path: Path, camera_folder: Path) -> None:
    async with sender(tmp_path, camera_folder, (1280, 720), narrow=True) as page:
        await page.wait_for_function("() => window.frames_seen > 60", timeout=2 * PATIENCE_MS)
        assert await page.evaluate("window.sizes") == [[900, 720]]
