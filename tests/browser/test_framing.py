"""A 16:9 camera on a 5:4 screen: cropped or letterboxed as the operator says, and never stretched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from media.testcard import Reading, circle_ratio, read
from tests.support.consultation import HANOI_CARD, Consultation

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SLACK_PX = 4


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def wide(story: Consultation) -> AsyncIterator[Consultation]:
    """The consultation with a 1280x720 camera in Hanoi, for the tests of this file."""
    await story.mend()
    await story.set_out()
    await reopen(story, (1280, 720))
    yield story
    await story.desks["hanoi"].do("set", site="hanoi", framing="fill")
    await reopen(story, (640, 512))


async def reopen(story: Consultation, camera_size: tuple[int, int]) -> None:
    """Put another camera into Hanoi's computer."""
    address = story.hanoi.browser.page.url
    await story.hanoi.close()
    story.hanoi.camera_size = camera_size
    await story.hanoi.open(address)
    await story.suwon.probe.wait_for_source(HANOI_CARD, 10)


async def settled(story: Consultation, *, crops: bool) -> tuple[Reading, float]:
    """The first picture in Suwon at full size whose card is (or is not) cropped. Raises TimeoutError."""
    seen: object = None
    for _ in range(40):
        picture = await story.suwon.probe.picture()
        reading = None if picture is None else read(picture)
        if picture is not None and reading is not None and picture.shape == (512, 640):
            if (reading.width > 700) == crops:
                ratio = circle_ratio(picture)
                assert ratio is not None
                return reading, ratio
            seen = reading
        await asyncio.sleep(0.1)
    raise TimeoutError(f"the picture did not change: {seen}")


async def test_fill_crops_a_16_to_9_camera_and_a_circle_stays_a_circle(wide: Consultation) -> None:
    await wide.desks["hanoi"].do("set", site="hanoi", framing="fill")
    reading, ratio = await settled(wide, crops=True)
    assert ratio == pytest.approx(1, abs=0.01)
    assert reading.height == pytest.approx(512, abs=SLACK_PX)
    assert reading.top == pytest.approx(0, abs=SLACK_PX)
    assert reading.left == pytest.approx(-(reading.width - 640) / 2, abs=SLACK_PX)


async def test_fit_letterboxes_a_16_to_9_camera_and_a_circle_stays_a_circle(wide: Consultation) -> None:
    await wide.desks["hanoi"].do("set", site="hanoi", framing="fit")
    reading, ratio = await settled(wide, crops=False)
    assert ratio == pytest.approx(1, abs=0.01)
    assert reading.left == pytest.approx(0, abs=SLACK_PX)
    assert reading.width == pytest.approx(640, abs=2 * SLACK_PX)
    assert reading.height == pytest.approx(360, abs=SLACK_PX)
    assert reading.top == pytest.approx(76, abs=SLACK_PX)
