"""A far picture of any size and shape on a 5:4 screen: it fills it or is letterboxed, and is never stretched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Playwright

from media.testcard import Reading, circle_ratio, draw, read
from server.event import load
from tests.support.cameras import camera, microphone
from tests.support.chromium import launch
from tests.support.consultation import HANOI_CARD, Consultation
from tests.support.probe import Probe
from tests.support.stage import Stage, stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SLACK_PX = 4
WIDTH, HEIGHT = 640, 512
WIDE_PX = 1280, 720
CANNOT_CROP = "MediaStreamTrack.prototype.applyConstraints = async () => undefined;"
DISTURBANCES = """() => {
  const seen = (window.disturbances = []);
  const remote = document.querySelector("#remote");
  for (const name of ["emptied", "loadstart", "pause", "waiting"]) remote.addEventListener(name, () => seen.push(name));
  const look = () => {
    if (!document.documentElement.classList.contains("live")) seen.push("slate");
    requestAnimationFrame(look);
  };
  look();
}"""
PLATES = """() => ["own", "clocks", "strip", "names", "lamp"].map((id) => {
  const { left, top, width, height } = document.getElementById(id).getBoundingClientRect();
  return [id, left, top, width, height];
})"""


async def settled(probe: Probe, *, framing: str) -> None:
    """Wait until a 16:9 card is seen in its framing, and look at it closely. Raises TimeoutError."""
    seen: object = None
    for _ in range(60):
        shown = await probe.screen()
        reading = read(shown)
        if reading is not None and (reading.width > 1.1 * WIDTH) == (framing == "fill"):
            assert circle_ratio(shown) == pytest.approx(1, abs=0.01)
            assert shown.shape == (HEIGHT, WIDTH)
            (fills_cropped if framing == "fill" else is_letterboxed)(reading)
            return
        seen = reading
        await asyncio.sleep(0.1)
    raise TimeoutError(f"the picture did not change: {seen}")


def fills_cropped(reading: Reading) -> None:
    """A 16:9 card on the whole screen, its sides cut off evenly."""
    assert reading.height == pytest.approx(HEIGHT, abs=SLACK_PX)
    assert reading.width == pytest.approx(HEIGHT * 16 / 9, abs=2 * SLACK_PX)
    assert reading.top == pytest.approx(0, abs=SLACK_PX)
    assert reading.left == pytest.approx(-(reading.width - WIDTH) / 2, abs=SLACK_PX)


def is_letterboxed(reading: Reading) -> None:
    """A 16:9 card with its whole width on the screen, in the middle."""
    assert reading.left == pytest.approx(0, abs=SLACK_PX)
    assert reading.width == pytest.approx(WIDTH, abs=2 * SLACK_PX)
    assert reading.height == pytest.approx(360, abs=SLACK_PX)
    assert reading.top == pytest.approx(76, abs=SLACK_PX)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(
    playwright: Playwright, chromium_path: str, camera_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Page]:
    """A browser of its own that takes far pictures from a stage."""
    devices = camera(camera_folder, 11, 640, 512), microphone(camera_folder, 430)
    folder = tmp_path_factory.mktemp("framing")
    chromium = await launch(playwright, chromium_path, folder, *devices, window=(WIDTH, HEIGHT))
    await chromium.page.add_init_script(path=Path(__file__).parent.parent / "support" / "stage.js")
    yield chromium.page
    await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def on_stage(page: Page, event_file: Path) -> AsyncIterator[Stage]:
    """The room page of Suwon, live, with whatever picture the test sends it."""
    async with stage(load(event_file), "booth-1") as (own, address):
        await page.goto(f"{address}/room?seat=room.booth-1.suwon")
        await page.wait_for_selector("html.live")
        yield own
        await page.goto("about:blank")  # or the stage waits for its socket


async def send(page: Page, own: Stage, size: tuple[int, int], framing: str) -> None:
    """Have the far side send the card in this size, framed so; returns when the page plays it."""
    own.far = draw(*size, HANOI_CARD, 1)
    await own.show(sites={"hanoi": {"framing": framing}})
    await page.evaluate("window.fetchFar()")
    await page.wait_for_function("([width]) => document.querySelector('#remote').videoWidth === width", arg=[size[0]])


@pytest.mark.parametrize("size", [(1280, 720), (640, 360), (320, 180)])
@pytest.mark.parametrize("framing", ["fill", "fit"])
async def test_a_16_to_9_picture_of_any_size_is_cropped_or_letterboxed_by_the_page(
    page: Page, on_stage: Stage, size: tuple[int, int], framing: str
) -> None:
    await send(page, on_stage, size, framing)
    await settled(Probe(page), framing=framing)


@pytest.mark.parametrize("size", [(1280, 1024), (900, 720), (320, 256)])
@pytest.mark.parametrize("framing", ["fill", "fit"])
async def test_a_picture_in_the_shape_of_the_screen_fills_it_at_any_size(
    page: Page, on_stage: Stage, size: tuple[int, int], framing: str
) -> None:
    await send(page, on_stage, size, framing)
    shown = await Probe(page).screen()
    reading = read(shown)
    assert reading is not None
    assert circle_ratio(shown) == pytest.approx(1, abs=0.01)
    assert (reading.left, reading.top) == pytest.approx((0, 0), abs=SLACK_PX)
    assert (reading.width, reading.height) == pytest.approx((WIDTH, HEIGHT), abs=SLACK_PX)


async def test_framing_changes_in_the_running_call_without_a_flash_and_nothing_else_moves(
    page: Page, on_stage: Stage
) -> None:
    await send(page, on_stage, (320, 256), "fill")
    before = await page.evaluate(PLATES)
    await page.evaluate(DISTURBANCES)
    for size, framing in (((320, 256), "fit"), (WIDE_PX, "fit"), (WIDE_PX, "fill"), ((640, 512), "fill")):
        await send(page, on_stage, size, framing)
        assert await page.evaluate(PLATES) == before
    assert await page.evaluate("window.disturbances") == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def wide(story: Consultation) -> AsyncIterator[Consultation]:
    """The consultation with a 1280x720 camera in Hanoi, for the tests that follow."""
    await story.mend()
    await story.set_out()
    await reopen(story, WIDE_PX)
    yield story
    await story.desks["hanoi"].do("set", site="hanoi", framing="fill")
    await reopen(story, (640, 512))


async def reopen(story: Consultation, camera_size: tuple[int, int], script: str = "") -> None:
    """Put another camera into Hanoi's computer, and prepare its browser."""
    address = story.hanoi.browser.page.url
    await story.hanoi.close()
    story.hanoi.camera_size, story.hanoi.script = camera_size, script
    await story.hanoi.open(address)
    await story.suwon.probe.wait_for_source(HANOI_CARD, 20)


async def test_fill_crops_a_16_to_9_camera_and_a_circle_stays_a_circle(wide: Consultation) -> None:
    await wide.desks["hanoi"].do("set", site="hanoi", framing="fill")
    await settled(wide.suwon.probe, framing="fill")


async def test_fit_letterboxes_a_16_to_9_camera_and_a_circle_stays_a_circle(wide: Consultation) -> None:
    await wide.desks["hanoi"].do("set", site="hanoi", framing="fit")
    await settled(wide.suwon.probe, framing="fit")


async def test_fill_crops_what_a_sender_that_cannot_crop_sends(wide: Consultation) -> None:
    await wide.desks["hanoi"].do("set", site="hanoi", framing="fill")
    await reopen(wide, WIDE_PX, CANNOT_CROP)
    await settled(wide.suwon.probe, framing="fill")
