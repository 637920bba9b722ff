"""Who takes part from a place of its own: a page in a real Chromium, or a native client; each tells what it gets.

A visitor is a process in its place (`visitor_page`, `visitor_native`) that writes a line of JSON for each look: when
(monotonic seconds: all places share one kernel), whether the far voice was heard and the far picture moved since the
look before, and what the page shows.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.served import CHECKOUT, TEST_EVENT, Served, serve
from tests.support.weather.namespace import Namespace

KEPT_LOOKS = 20_000  # a quarter of an hour at 20 a second; oldest goes
STEADY_S = 1.0  # what is there that long is back
STOP_S = 8.0
PORT = 8443


@dataclass(frozen=True, slots=True)
class Look:
    """What a visitor got since its look before."""

    at_s: float
    heard: bool
    seen: bool
    shown: str = ""
    """Of a page: its state and the headline of its slate."""
    detail: str = ""


@dataclass(slots=True)
class Visitor:
    """A participant in a place."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    looks: deque[Look] = field(default_factory=lambda: deque(maxlen=KEPT_LOOKS))
    reader: asyncio.Task[None] | None = None

    async def gets(self, *, within_s: float, since_s: float = 0.0, picture: bool = True) -> tuple[float, float]:
        """When voice and picture were steadily there again, in seconds after `since_s`. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + within_s
        while True:
            heard_s = self._steady(since_s, [look.heard for look in self.looks])
            seen_s = self._steady(since_s, [look.seen for look in self.looks]) if picture else 0.0
            if heard_s is not None and seen_s is not None:
                return heard_s, seen_s
            if loop.time() > until_s:
                raise TimeoutError(f"{self.name}: {heard_s=} {seen_s=} {list(self.looks)[-3:]}\n{self.wrote()[-2000:]}")
            await asyncio.sleep(0.1)

    def silent_s(self, since_s: float, until_s: float = float("inf")) -> float:
        """The longest time without the far voice since then."""
        looks = [look for look in self.looks if since_s <= look.at_s <= until_s]
        longest_s, last_s = 0.0, since_s
        for look in looks:
            if look.heard:
                longest_s, last_s = max(longest_s, look.at_s - last_s), look.at_s
        return max(longest_s, (looks[-1].at_s if looks else since_s) - last_s)

    def shown(self, since_s: float, until_s: float = float("inf")) -> list[str]:
        """What the page showed since then, one after the other."""
        texts = [look.shown for look in self.looks if since_s <= look.at_s <= until_s]
        return [text for text, before in zip(texts, ["", *texts], strict=False) if text != before]

    def wrote(self) -> str:
        """Its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    async def stop(self) -> None:
        """It ends: nothing it started stays."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            async with asyncio.timeout(STOP_S):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        if self.reader is not None:
            await self.reader

    def _steady(self, since_s: float, got: list[bool]) -> float | None:
        """Seconds from then until the first look after which there was nothing wanting for `STEADY_S`."""
        began_s: float | None = None
        for look, there in zip(self.looks, got, strict=True):
            if look.at_s < since_s:
                continue
            if not there:
                began_s = None
            elif began_s is None:
                began_s = look.at_s
        if began_s is None or self.looks[-1].at_s - began_s < STEADY_S:
            return None
        return began_s - since_s


async def serve_in(place: Namespace, state_dir: Path, event: Path = TEST_EVENT) -> Served:
    """The real server in a place of its own."""
    return await serve(state_dir, event, PORT, place=place)


async def visit(place: Namespace, kind: str, folder: Path, link: str, *words: str) -> Visitor:
    """Let a `page` or a `native` client come from a place by that link; further words are of that kind."""
    log = _log_in(folder)
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *place.prefix,
            *(sys.executable, "-m", "tests.support.tethered", str(os.getpid()), f"tests.network.visitor_{kind}"),
            *(str(folder), link, *words),
            cwd=CHECKOUT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=out,
        )
    visitor = Visitor(place.place, process, log)
    visitor.reader = asyncio.create_task(_read(visitor))
    return visitor


def _log_in(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "visitor.log"


async def _read(visitor: Visitor) -> None:
    assert visitor.process.stdout is not None
    async for line in visitor.process.stdout:
        visitor.looks.append(Look(**json.loads(line)))
