"""A person of the story in a real browser: which card they show, which voice they have, and how they come and go."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Playwright

from tests.support.cameras import camera, microphone
from tests.support.chromium import Chromium, launch
from tests.support.probe import Probe

# Chromium's gain control would raise every voice for half a minute, until two of them meet the server's limiter, and no
# level could be told from another. Everything else is as the page asks for it: echo cancellation, noise suppression.
FIXED_GAIN = """
const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (ask) {
  navigator.mediaDevices.getUserMedia = (wish) =>
    ask(wish.audio ? { ...wish, audio: { ...wish.audio, autoGainControl: false } } : wish);
}
"""


@dataclass(slots=True)
class Participant:
    """Opens their link in a browser of their own; a later browser has the same profile, so the same cookies."""

    playwright: Playwright
    chromium_path: str
    folder: Path
    camera_folder: Path
    name: str
    link: str
    source: int | None
    """Number of the card in front of their camera; None without a camera."""
    voice_hz: int
    camera_size: tuple[int, int] = (640, 512)
    window: tuple[int, int] = (640, 512)
    script: str = ""
    """What is done to their browser before any page of ours runs in it."""
    chromium: Chromium | None = None
    opened_at_s: float = 0.0
    """When the browser, up and running, was sent to the page; on the loop's clock."""

    @property
    def browser(self) -> Chromium:
        """The running browser."""
        assert self.chromium is not None, f"{self.name} has no browser open"
        return self.chromium

    @property
    def probe(self) -> Probe:
        """Eyes and ears in their page."""
        return Probe(self.browser.page)

    async def open(self, address: str | None = None) -> None:
        """Start the browser on their link (or on `address`)."""
        film = None if self.source is None else camera(self.camera_folder, self.source, *self.camera_size)
        sound = microphone(self.camera_folder, self.voice_hz)
        profile = self.folder / self.name
        self.chromium = await launch(self.playwright, self.chromium_path, profile, film, sound, self.window)
        await self.chromium.page.add_init_script(FIXED_GAIN + self.script)
        self.opened_at_s = asyncio.get_running_loop().time()
        await self.chromium.page.goto(address or self.link, wait_until="domcontentloaded")

    async def state(self) -> str:
        """The page's `data-state`."""
        state: str = await self.browser.page.evaluate("() => document.documentElement.dataset.state ?? ''")
        return state

    async def until(self, *states: str, within_s: float = 10.0) -> float:
        """Seconds until the page is in one of these states. Raises TimeoutError with what it was, and its console."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        while (state := await self.state()) not in states:
            if loop.time() - begun_s > within_s:
                raise TimeoutError(f"{self.name} is {state} after {within_s} s, not {states}: {self.browser.console}")
            await asyncio.sleep(0.05)
        return loop.time() - begun_s

    def kill(self) -> None:
        """A power cut."""
        self.browser.kill()

    async def close(self) -> None:
        """End the browser, if it runs."""
        if self.chromium is not None:
            await self.chromium.close()
            self.chromium = None
