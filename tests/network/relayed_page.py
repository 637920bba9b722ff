"""A page in a real Chromium from where it runs: FOLDER LINK AUTHORITY. Tells how it got on, as JSON, and ends.

The browser checks certificates, and knows the authority as a room's PC does that was told to trust it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from tests.support.cameras import camera, microphone
from tests.support.chromium import driver, executable, launch
from tests.support.weather.namespace import ran

PATIENCE_S = 25.0
TEST_S = 60.0
JOINED = """async () => {
  const [peer] = window.hanmaru?.peers ?? [];
  if (peer?.connectionState !== "connected") return null;
  const report = [...(await peer.getStats()).values()];
  const flows = report.some((one) => one.type === "inbound-rtp" && one.kind === "audio" && one.packetsReceived > 0);
  return flows ? performance.now() / 1000 : null;
}"""
"""Seconds from the beginning of the navigation to the first sound of the server; null before."""
SAYS = """() => [...document.querySelectorAll("#notices span")].map((one) => one.textContent)"""
ROWS = """() => Object.fromEntries(
  [...document.querySelectorAll("#rows tr")].map((row) =>
    [row.dataset.check, [row.className, row.cells[1].textContent]])
)"""


async def until(page: Page, expression: str, within_s: float) -> Any:
    """What it says as soon as it says something. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not (answer := await page.evaluate(expression)):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    return answer


async def main(folder: Path, link: str, authority: str) -> dict[str, Any]:
    """Open a room's page, note when it is joined and what it says; then the loopback test, with `LOOPBACK`."""
    keys = folder / ".pki" / "nssdb"
    keys.mkdir(parents=True)
    await ran("certutil", "-d", f"sql:{keys}", "-N", "--empty-password")
    await ran("certutil", "-d", f"sql:{keys}", "-A", "-t", "C,,", "-n", "Hanmaru", "-i", authority)
    os.environ["HOME"] = str(folder)
    async with driver() as playwright:
        path = executable(playwright)
        assert path is not None, "no Chromium on this machine"
        film, sound = camera(folder, 11, 640, 512), microphone(folder, 430)
        chromium = await launch(playwright, path, folder / "profile", film, sound, checks_certificates=True)
        page = chromium.page
        told: dict[str, Any] = {}
        try:
            await page.goto(link, wait_until="commit")
            told["joined_s"] = await until(page, JOINED, PATIENCE_S)
            told["says"] = await until(page, SAYS, 2.0) if "TELLS" in os.environ else await page.evaluate(SAYS)
            if "LOOPBACK" in os.environ:
                await page.goto(link.replace("/room", "/loopback"), wait_until="load")
                await page.click("#run")
                await until(page, "() => document.documentElement.dataset.verdict", TEST_S)
                told["rows"] = await page.evaluate(ROWS)
        except TimeoutError:
            told["late"] = await page.evaluate("() => document.body.innerText")
        finally:
            told["console"] = chromium.console
            await chromium.close()
    return told


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))))
