"""How soon a real page shows a real page's picture: Chromium with a 1080p camera to Chromium, clean and lossy.

The viewer is there first. Time runs from the moment the sender's browser, up and running, is sent to its link, to the
first second in which the viewer showed 24 pictures of 1280x1024.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.hanmaru import Hanmaru
from bench.line import Impairment, Line
from bench.relay import Relay

CAMERA = (1920, 1080)
SIZE = (1280, 1024)
LEAST_FPS = 24
WAIT_S = 20.0
POLL_S = 0.1
LOSSES = (0.0, 0.02)
ONE_SECOND_S = 1.0
LOOK = """() => {
  const video = document.querySelector("video#remote");
  if (!video) return [0, 0, 0];
  return [video.videoWidth, video.videoHeight, video.getVideoPlaybackQuality().totalVideoFrames];
}"""


@dataclass(frozen=True, slots=True)
class Joined:
    """`seconds` is inf when it never came to that; `best` says what was seen last."""

    loss: float
    seconds: float
    waited_s: float
    best: str


async def run(server: Hanmaru, folder: Path, loss: float, place: int) -> Joined:
    """One pair of browsers."""
    from tests.support.cameras import camera, microphone
    from tests.support.chromium import driver, executable, launch

    film, sound = camera(folder, 7, *CAMERA, fps=30, frames=30), microphone(folder, 430)
    relays = [Relay(Line(seed=1), Line(seed=2)), Relay(Line(seed=3), Line(seed=4))]
    async with driver() as playwright:
        path = executable(playwright)
        if path is None:
            raise FileNotFoundError("no Chromium that can be driven")
        browsers = []
        try:
            for relay, site in zip(relays, server.sites, strict=True):
                await relay.open()
                relay.impair(Impairment(loss=loss))
                profile = folder / f"{site}-{loss}"
                browser = await launch(playwright, path, profile, film, sound, SIZE)
                browsers.append(browser)
                await browser.page.expose_function("benchLeadTo", relay.lead_to)
                await browser.page.add_init_script(relay.script())
            sender, viewer = browsers
            await viewer.page.goto(server.link("room", place, server.sites[1])["url"], wait_until="domcontentloaded")
            await asyncio.sleep(3.0)
            begun_s = asyncio.get_running_loop().time()
            await sender.page.goto(server.link("room", place, server.sites[0])["url"], wait_until="domcontentloaded")
            joined = await _watch(viewer.page, loss, begun_s)
            if not all(relay.up.passed and relay.down.passed for relay in relays):
                raise RuntimeError("the browsers found a way past the relay, so nothing was lossy")
            return joined
        finally:
            for browser in browsers:
                await browser.close()
            for relay in relays:
                relay.close()


async def _watch(page: Any, loss: float, begun_s: float) -> Joined:
    """Poll until a whole second was good."""
    loop = asyncio.get_running_loop()
    seen: list[tuple[float, int]] = []
    best = "nothing"
    while (now := loop.time()) - begun_s < WAIT_S:
        width, height, frames = await page.evaluate(LOOK)
        if (width, height) != SIZE:
            seen = []
            best = f"{width}x{height}"
        else:
            seen.append((now, frames))
            earlier = [one for one in seen if now - one[0] >= ONE_SECOND_S]
            if earlier:
                since_s, before = earlier[-1]
                fps = (frames - before) / (now - since_s)
                best = f"{width}x{height} at {fps:.0f} fps"
                if fps >= LEAST_FPS:
                    return Joined(loss, since_s - begun_s, WAIT_S, best)
        await asyncio.sleep(POLL_S)
    return Joined(loss, float("inf"), WAIT_S, best)


async def measure(server: Hanmaru, folder: Path, say: Callable[[str], None]) -> list[Joined]:
    """Clean, then with loss, each in a booth of its own."""
    found = []
    for place, loss in enumerate(LOSSES):
        one = await run(server, folder, loss, 3 + place)
        found.append(one)
        say(f"Chromium to Chromium, {loss:.0%} loss: {one.seconds:.1f} s ({one.best})")
    return found
