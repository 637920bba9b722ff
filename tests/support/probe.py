"""What a participant really sees and hears, measured in the page: the far card, its frames, the voices in its sound."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.async_api import Page

from media.testcard import Luma, Reading, circle_ratio, find, read
from media.voice import FLOOR_DB, RATE_HZ, Samples, level_db

SCRIPT = Path(__file__).with_name("probe.js")
NOTHING_ELSE = "body * { visibility: hidden !important; } video#remote { visibility: visible !important; }"


@dataclass(frozen=True, slots=True)
class Watched:
    """The frames of some seconds: how many a second, how many different ones, the longest time without a new one."""

    fps: float
    distinct_fps: float
    longest_freeze_s: float
    unreadable: int
    sizes: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Heard:
    """Some seconds of sound, (n,) at 48 kHz, and how much of it the browser made up, stretched or left out."""

    samples: Samples
    disturbed_s: float


@dataclass(slots=True)
class Probe:
    """Looks and listens in one page; survives reloads, since the script is put in again when it is missing."""

    page: Page

    async def call(self, expression: str, argument: object = None) -> Any:
        """Evaluate a function of probe.js in the page."""
        if not await self.page.evaluate("() => 'probe' in window"):
            await self.page.evaluate(SCRIPT.read_text(encoding="utf-8"))
        return await self.page.evaluate(expression, argument)

    async def presented(self) -> dict[str, Any] | None:
        """Size and state of the media element, or None before there is one."""
        answer: dict[str, Any] | None = await self.call("() => window.probe.presented()")
        return answer

    async def picture(self, wait_s: float = 1.0) -> Luma | None:
        """The luma of one frame, (height, width), or None when no frame came in time."""
        answer = await self.call("(wait) => window.probe.picture(wait)", wait_s * 1000)
        if answer is None:
            return None
        rows = np.frombuffer(base64.b64decode(answer["rows"]), np.uint8)
        return rows.reshape(answer["height"], answer["width"])

    async def screen(self) -> Luma:
        """The luma of the video's box as it is laid out, (height, width), with nothing in front of it."""
        png = await self.page.locator("video#remote").screenshot(style=NOTHING_ELSE)
        return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)

    async def card(self, wait_s: float = 1.0) -> Reading | None:
        """The card in the next frame."""
        picture = await self.picture(wait_s)
        return None if picture is None else read(picture)

    async def circle(self) -> float | None:
        """Width over height of the circle in the next frame."""
        picture = await self.picture()
        return None if picture is None else circle_ratio(picture)

    async def wait_for_source(self, source: int | None, within_s: float) -> float:
        """Seconds until the picture of `source` is seen (None: until no card is seen). Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        seen: object = "nothing"
        while loop.time() - begun_s < within_s:
            reading = await self.card(0.5)
            if (reading.source if reading else None) == source:
                return loop.time() - begun_s
            seen = reading or "no card"
            await asyncio.sleep(0.1)
        raise TimeoutError(f"source {source} was not seen within {within_s} s, but {seen}")

    async def watch(self, seconds: float) -> Watched:
        """Note every frame for some seconds. Raises LookupError when there is no card to begin with."""
        picture = await self.picture(2.0)
        strip = None if picture is None else find(picture)
        if picture is None or strip is None:
            raise LookupError("no card to watch")
        cells = (strip.cells() / [picture.shape[1], picture.shape[0]]).tolist()
        begun_ms = await self.call("(cells) => window.probe.watch(cells)", cells)
        await asyncio.sleep(seconds)
        answer = await self.call("() => window.probe.watched()")
        seen, ended_ms = answer["seen"], answer["ended_ms"]
        changes_ms = [begun_ms]
        last = None
        for frame in seen:
            if frame["number"] != last:
                changes_ms.append(frame["time_ms"])
                last = frame["number"]
        length_s = (ended_ms - begun_ms) / 1000
        return Watched(
            fps=len(seen) / length_s,
            distinct_fps=(len(changes_ms) - 1) / length_s,
            longest_freeze_s=float(np.diff([*changes_ms, ended_ms]).max()) / 1000,
            unreadable=sum(frame["number"] < 0 for frame in seen),
            sizes=frozenset((frame["width"], frame["height"]) for frame in seen),
        )

    async def listen(self) -> None:
        """Begin to keep the sound."""
        await self.call("() => window.probe.listen()")

    async def heard(self) -> Heard:
        """The sound since `listen`. Raises ValueError when it does not come at 48 kHz."""
        answer = await self.call("() => window.probe.heard()")
        samples = np.frombuffer(base64.b64decode(answer["samples"]), np.float32)
        if samples.size and answer["rate_hz"] != RATE_HZ:
            raise ValueError(f"the page plays at {answer['rate_hz']} Hz")
        return Heard(samples, answer["disturbed_s"])

    async def sound(self, seconds: float) -> Heard:
        """Some seconds of what is heard from now on."""
        await self.listen()
        await asyncio.sleep(seconds)
        return await self.heard()


def levels_db(heard: Heard, fundamentals_hz: tuple[int, ...]) -> dict[int, float]:
    """The level of each voice in dBFS; the floor when the page got no sound at all."""
    if heard.samples.size < RATE_HZ:
        return dict.fromkeys(fundamentals_hz, FLOOR_DB)
    return {fundamental_hz: level_db(heard.samples, fundamental_hz) for fundamental_hz in fundamentals_hz}
