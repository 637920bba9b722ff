"""A room's page in a real Chromium, told of look by look: FOLDER LINK SOURCE VOICE_HZ. Ends with its input."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from tests.support.chromium import driver, executable
from tests.support.participant import Participant

LOOK_MS = 50
STILL_MS = 250  # looks fall between two pictures, and into the pauses of a voice
TELL_S = 0.2

WATCH = Path(__file__).with_name("visitor_page.js").read_text(encoding="utf-8")


async def main(folder: Path, link: str, source: int, voice_hz: int) -> None:
    """Open the page, and tell what it gets until the input ends."""
    off_ms = (time.time() - time.monotonic()) * 1000  # pages only know the wall clock in common with us
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    async with driver() as playwright:
        path = executable(playwright)
        assert path is not None, "no Chromium on this machine"
        page = Participant(playwright, path, folder, folder.parent, "page", link, source, voice_hz)
        try:
            await page.open()
            await page.browser.page.evaluate(WATCH, [LOOK_MS, STILL_MS])
            while not ended.done():
                for look in await page.browser.page.evaluate("() => window.looks.splice(0)"):
                    at_s = (look.pop("at") - off_ms) / 1000
                    print(json.dumps({"at_s": at_s, **look}), flush=True)  # noqa: T201 - read by `visitors`
                await asyncio.wait((ended,), timeout=TELL_S)
        finally:
            print(*page.browser.console, sep="\n", file=sys.stderr)  # noqa: T201 - its log
            await page.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
