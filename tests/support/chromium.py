"""One real Chromium per participant: a process with its own profile, camera and microphone, driven by Playwright."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, Playwright, async_playwright

START_S = 30.0  # a cold start on two busy cores
STOP_S = 5.0

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-extensions",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    "--hide-scrollbars",
    "--password-store=basic",
    "--ignore-certificate-errors",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--remote-debugging-port=0",
)


def executable(playwright: Playwright) -> str | None:
    """Where a Chromium is: the system's, else the one Playwright brought, else None."""
    for name in ("chromium", "google-chrome", "chromium-browser"):
        found = shutil.which(name)
        if found and not _is_snap(Path(found)):
            return found
    brought = playwright.chromium.executable_path
    return brought if Path(brought).exists() else None


def _is_snap(path: Path) -> bool:
    """Whether this starts a snap, which sees neither our files in /tmp nor our profile."""
    real = path.resolve()
    return "snap" in real.parts or b"/snap/bin/" in real.read_bytes()[:4096]


@dataclass(slots=True)
class Chromium:
    """A running browser with one page open."""

    process: asyncio.subprocess.Process
    browser: Browser
    page: Page
    console: list[str]
    """What the page wrote as an error, and exceptions nobody caught."""

    def kill(self) -> None:
        """End it as a power cut does: at once, with everything it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    async def close(self) -> None:
        """End it in good order, within `STOP_S`, then by force."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await self.process.wait()
        except TimeoutError:
            pass
        self.kill()
        await self.process.wait()


async def launch(
    playwright: Playwright,
    path: str,
    profile: Path,
    camera: Path | None = None,
    microphone: Path | None = None,
    window: tuple[int, int] = (640, 512),
    *,
    checks_certificates: bool = False,
) -> Chromium:
    """Start a browser; the same `profile` again gives back its cookies and its stored choices.

    Raises TimeoutError when it does not come up within `START_S`.
    """
    port_file = _prepare(profile)
    flags = [flag for flag in FLAGS if not (checks_certificates and flag == "--ignore-certificate-errors")]
    flags += [f"--user-data-dir={profile}", f"--window-size={window[0]},{window[1]}"]
    if camera:
        flags.append(f"--use-file-for-fake-video-capture={camera}")
    if microphone:
        flags.append(f"--use-file-for-fake-audio-capture={microphone}")
    with (profile / "chromium.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            path, *flags, "about:blank", stdout=log, stderr=log, start_new_session=True
        )
    try:
        async with asyncio.timeout(START_S):
            while (port := _port(port_file)) is None:
                if process.returncode is not None:
                    raise RuntimeError(f"Chromium ended with {process.returncode}; see {profile / 'chromium.log'}")
                await asyncio.sleep(0.05)
            browser = await playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
            page = browser.contexts[0].pages[0]
            await page.set_viewport_size({"width": window[0], "height": window[1]})
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    page.set_default_timeout(10_000)
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: console.append(str(error)))
    return Chromium(process, browser, page, console)


def _prepare(profile: Path) -> Path:
    """Make the profile, clear what a killed browser leaves behind; where the browser will write its port."""
    profile.mkdir(parents=True, exist_ok=True)
    for left in ("DevToolsActivePort", "SingletonLock", "SingletonSocket", "SingletonCookie"):
        (profile / left).unlink(missing_ok=True)
    return profile / "DevToolsActivePort"


def _port(file: Path) -> int | None:
    lines = file.read_text().splitlines() if file.exists() else []
    return int(lines[0]) if len(lines) >= 2 else None


@contextlib.asynccontextmanager
async def driver() -> AsyncIterator[Playwright]:
    """Playwright itself, for the loop that asks."""
    async with async_playwright() as playwright:
        yield playwright
