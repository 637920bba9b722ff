"""A page in a real Chromium from where it runs, told of look by look: FOLDER LINK SOURCE VOICE_HZ. Ends with its input."""

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

WATCH = """([everyMs, still]) => {
  const looks = (window.looks = []);
  let frames = 0;
  const video = document.querySelector("video#remote");
  const presented = () => {
    frames += 1;
    video?.requestVideoFrameCallback(presented);
  };
  video?.requestVideoFrameCallback(presented);
  const before = new Map();
  let seen = 0, since = performance.now(), heardAt = -Infinity;
  const look = async () => {
    const detail = [];
    const playing = video?.srcObject?.getAudioTracks().map(({ id }) => id) ?? [];
    for (const [n, peer] of (window.hanmaru?.peers ?? []).entries()) {
      for (const entry of (await peer.getStats()).values()) {
        if (entry.type !== "inbound-rtp" || entry.kind !== "audio") continue;
        const old = before.get(entry.trackIdentifier) ?? { packetsReceived: 0, totalAudioEnergy: 0, concealedSamples: 0 };
        before.set(entry.trackIdentifier, entry);
        const loud = entry.totalAudioEnergy - old.totalAudioEnergy > 1e-7;
        const mine = playing.includes(entry.trackIdentifier);
        if (mine && loud && entry.packetsReceived > old.packetsReceived) heardAt = performance.now();
        detail.push(`${n}${mine ? "*" : ""}:${peer.connectionState}+${entry.packetsReceived - old.packetsReceived}`);
      }
    }
    const now = performance.now();
    const head = document.querySelector("#slate")?.inert === false ? (document.querySelector("#head")?.textContent ?? "") : "";
    const shown = `${document.documentElement.dataset.state} ${head} ${document.querySelector("#advice:not([hidden])")?.textContent ?? ""}`;
    if (frames > seen) since = now;
    seen = frames;
    looks.push({ at: performance.timeOrigin + now, heard: now - heardAt < still, seen: now - since < still, shown, detail: detail.join(" ") });
    setTimeout(look, everyMs);
  };
  void look();
}"""


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
                    print(json.dumps({"at_s": at_s, **look}), flush=True)
                await asyncio.wait((ended,), timeout=TELL_S)
        finally:
            print(*page.browser.console, sep="\n", file=sys.stderr)
            await page.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
