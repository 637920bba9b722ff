"""Takes the screenshots that people look at: `python -m tests.support.gallery [--language zh-Hant] [--only room]`.

Every page at its real size, in the states that matter, against a stage (`tests.support.stage`) whose clock begins at
10:24 and that has no media. The loopback page is taken with a real server, since what it shows is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page, Playwright

from server.event import Event, load
from tests.support.cameras import camera, microphone
from tests.support.chromium import driver, executable, launch
from tests.support.served import serve
from tests.support.stage import Stage, State, stage

EVENTS = Path(__file__).resolve().parents[2] / "events"
SCREENSHOTS = Path(__file__).resolve().parents[1] / "browser" / "screenshots"
ROOM_PX, CONSOLE_PX, TABLET_PX, PLAIN_PX = (1280, 1024), (1440, 900), (1024, 768), (1280, 800)
SETTLE_S = 1.2  # pages draw twice a second, and the slate fades for 0.6 s
FADE_S = 4.5  # until a line without sound counts as cut
LOOPBACK_S = 40.0


@dataclass(frozen=True)
class Where:
    """In which event, at which site and booth, a page speaks a language."""

    event: str
    site: str
    booth: str
    person: str


WHERE = {
    "ko": Where("suwon-hanoi", "suwon", "booth-1", "kim"),
    "vi": Where("suwon-hanoi", "hanoi", "booth-1", "kim"),
    "en": Where("suwon-hongkong", "hongkong", "booth-2", "wong"),
    "zh-Hant": Where("suwon-hongkong", "hongkong", "booth-2", "wong"),
}
GONE = {"present": False, "media": "none"}


@dataclass
class Sitting:
    """One page on the stage, about to be looked at."""

    stage: Stage
    page: Page
    where: Where
    own: str
    far: str

    async def show(self, **changes: State | str | bool | list[str]) -> None:
        await self.stage.show(**changes)

    async def interpreting(self, to: str, **more: State | str) -> None:
        """The interpreter of the booth is on air, into the language of a site."""
        other = self.own if to == self.far else self.far
        me = {"on_air": True, "from": other, "to": to, "heard_by": [self.own, self.far]}
        lamps = {site: {"lamp": "wait"} for site in (self.own, self.far)}
        await self.show(sites=lamps, interpreters={self.where.person: me}, **more)


Scene = Callable[[Sitting], Awaitable[None]]


async def nobody_far(sit: Sitting) -> None:
    """The far room is not there yet."""
    await sit.show(phase="waiting", sites={sit.far: GONE})


async def nothing_special(sit: Sitting) -> None:
    """Live, the floor open."""


async def interpreting(sit: Sitting) -> None:
    """The interpreter speaks to this side."""
    await sit.interpreting(sit.own)


async def your_turn(sit: Sitting) -> None:
    """This side may speak."""
    await sit.show(sites={sit.own: {"lamp": "you"}})


async def interpreter_gone(sit: Sitting) -> None:
    """The interpreter was cut off."""
    await sit.show(sites={site: {"lamp": "gone"} for site in (sit.own, sit.far)})


async def far_lost(sit: Sitting) -> None:
    """The far room was cut off."""
    await sit.show(sites={sit.far: {"present": False, "media": "lost"}})


async def camera_off(sit: Sitting) -> None:
    """The far camera is off while the interpreter speaks."""
    sites = {sit.far: {"camera_off": True, "lamp": "wait"}, sit.own: {"lamp": "wait"}}
    await sit.show(sites=sites)


async def muted(sit: Sitting) -> None:
    """This room's microphone and camera are off."""
    await sit.show(sites={sit.own: {"muted": True, "camera_off": True}})


async def own_line_lost(sit: Sitting) -> None:
    """This page's own line is cut."""
    await sit.page.evaluate("() => { window.stillLine = true; }")
    await sit.stage.hang_up()
    await asyncio.sleep(FADE_S)


async def ready(sit: Sitting) -> None:
    """Both are there, nothing crosses yet."""
    await sit.show(phase="ready")


async def ended(sit: Sitting) -> None:
    """It is over."""
    await sit.show(phase="ended")


async def paused(sit: Sitting) -> None:
    """It is on hold."""
    await sit.show(phase="paused")


async def devices(sit: Sitting) -> None:
    """Somebody chooses devices."""
    await nobody_far(sit)
    await sit.page.click("#gear")


async def on_air(sit: Sitting) -> None:
    """The interpreter of this page is on air for the far site, simultaneously."""
    me = {"on_air": True, "from": sit.own, "to": sit.far, "heard_by": [sit.far]}
    sit.stage.levels[sit.where.person] = -22.0
    await sit.show(mode="simultaneous", interpreters={sit.where.person: me})


async def not_heard(sit: Sitting) -> None:
    """On air, and nobody is there to hear it."""
    me = {"on_air": True, "heard_by": []}
    await sit.show(interpreters={sit.where.person: me}, sites={sit.far: {"present": False, "media": "lost"}})


async def proposal(sit: Sitting) -> None:
    """The other side speaks, so that turning is proposed."""
    await on_air(sit)
    me = {"on_air": True, "from": sit.own, "to": sit.far, "heard_by": [sit.own, sit.far]}
    turn: State = {"from": sit.far, "to": sit.own}
    await sit.show(interpreters={sit.where.person: me}, proposal=turn, last_speaker=sit.far)


async def rooms(sit: Sitting) -> None:
    """Small pictures of the rooms: a fresh one, and one that has grown old."""
    sit.stage.ages_s = {sit.own: 0, sit.far: 4}
    await sit.page.click("#show-rooms")
    await sit.show(thumbnails=True)


async def picture_paused(sit: Sitting) -> None:
    """The machine has no room for pictures."""
    await sit.show(shed=["thumbnails", "picture"])


async def line_sags(sit: Sitting) -> None:
    """The far room's line cannot carry its picture beside the voice."""
    await sit.show(sites={sit.far: {"paused": ["out"]}})


async def rooms_unseen(sit: Sitting) -> None:
    """They are asked for, and there is none of either: a camera that is off, and one of equipment."""
    await sit.page.click("#show-rooms")
    await sit.show(thumbnails=True, sites={sit.own: {"camera_off": True}, sit.far: {"equipment": ["video"]}})


ROOM: dict[str, Scene] = {
    "waiting": nobody_far,
    "live": nothing_special,
    "interpreting": interpreting,
    "you": your_turn,
    "gone": interpreter_gone,
    "camera_off": camera_off,
    "far_lost": far_lost,
    "muted": muted,
    "paused": paused,
    "picture_paused": picture_paused,
    "ended": ended,
    "devices": devices,
    "lost": own_line_lost,
}
INTERPRETER: dict[str, Scene] = {
    "off": nothing_special,
    "on_air": on_air,
    "not_heard": not_heard,
    "proposal": proposal,
    "rooms": rooms,
    "rooms_unseen": rooms_unseen,
    "no_line": own_line_lost,
}
OPERATOR: dict[str, Scene] = {
    "ready": ready,
    "live": nothing_special,
    "far_lost": far_lost,
    "line_sags": line_sags,
    "ended": ended,
    "lost": own_line_lost,
}
PAGES = {"room": (ROOM, ROOM_PX), "interpreter": (INTERPRETER, CONSOLE_PX), "operator": (OPERATOR, TABLET_PX)}


@contextlib.asynccontextmanager
async def opened(playwright: Playwright, folder: Path, size: tuple[int, int]) -> AsyncIterator[Page]:
    """A browser with a drawn camera and a voice in its microphone."""
    path = executable(playwright)
    assert path is not None, "no Chromium on this machine"
    devices = camera(folder, 11, 1280, 720), microphone(folder, 430)
    chromium = await launch(playwright, path, folder / "profile", *devices, window=size)
    try:
        yield chromium.page
    finally:
        await chromium.close()


async def take(page: Page, path: Path) -> None:
    """One screenshot."""
    await page.screenshot(path=path, animations="disabled")
    sys.stdout.write(f"{path.name}\n")
    sys.stdout.flush()


async def take_page(playwright: Playwright, folder: Path, into: Path, language: str, role: str) -> None:
    """Every state of one page in one language."""
    scenes, size = PAGES[role]
    where = WHERE[language]
    event = load(EVENTS / f"{where.event}.toml")
    far = next(site.id for site in event.sites if site.id != where.site)
    seat = (
        f"interpreter.{where.booth}.{where.person}" if role == "interpreter" else f"{role}.{where.booth}.{where.site}"
    )
    async with opened(playwright, folder, size) as page:
        await page.add_init_script(path=Path(__file__).with_name("stage.js"))
        await page.add_init_script(f'localStorage.setItem("hanmaru.language.{role}", "{language}")')
        for name, scene in scenes.items():
            async with stage(event, where.booth) as (own, address):
                await page.goto(f"{address}/{role}?seat={seat}")
                await page.wait_for_function("() => document.documentElement.dataset.state === 'live'")
                await asyncio.sleep(SETTLE_S)
                await scene(Sitting(own, page, where, where.site, far))
                await asyncio.sleep(SETTLE_S)
                await take(page, into / f"{role}-{name}-{language}.png")
                await page.goto("about:blank")  # or the stage waits for its socket


async def take_index(playwright: Playwright, folder: Path, into: Path, language: str) -> None:
    """The front door."""
    async with opened(playwright, folder, PLAIN_PX) as page, stage(_any_event(), "booth-1") as (_, address):
        await page.add_init_script(f'localStorage.setItem("hanmaru.language.index", "{language}")')
        await page.goto(address)
        await asyncio.sleep(SETTLE_S)
        await take(page, into / f"index-front-{language}.png")


def _any_event() -> Event:
    return load(EVENTS / "default.toml")


async def take_loopback(playwright: Playwright, folder: Path, into: Path, language: str) -> None:
    """The technician's test, before, passed, and failed without a camera worth the name; really measured."""
    where = WHERE[language]
    served = await serve(folder / "state", EVENTS / f"{where.event}.toml")
    link = served.link("room", where.booth, where.site).url.replace("/room#", "/loopback#")
    path = executable(playwright)
    assert path is not None
    try:
        for name, size in (("pass", (1280, 1024)), ("fail", (320, 240))):
            film, sound = camera(folder, 11, *size, fps=30), microphone(folder, 430)
            chromium = await launch(playwright, path, folder / name, film, sound, PLAIN_PX)
            try:
                page = chromium.page
                await page.add_init_script(f'localStorage.setItem("hanmaru.language.loopback", "{language}")')
                await page.goto(link)
                await page.wait_for_selector("html[data-state=waiting]")
                if name == "pass":
                    await take(page, into / f"loopback-before-{language}.png")
                await page.click("#run")
                await page.wait_for_selector("html[data-state=ended]", timeout=LOOPBACK_S * 1000)
                await asyncio.sleep(SETTLE_S)
                await take(page, into / f"loopback-{name}-{language}.png")
            finally:
                await chromium.close()
    finally:
        await served.stop()


async def main() -> None:
    """Take what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--language", choices=WHERE, action="append")
    parser.add_argument("--only", choices=[*PAGES, "index", "loopback"], action="append")
    parser.add_argument("--into", type=Path, default=SCREENSHOTS)
    asked = parser.parse_args()
    asked.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        async with driver() as playwright:
            for language in asked.language or WHERE:
                for what in asked.only or [*PAGES, "index", "loopback"]:
                    folder = Path(scratch) / f"{what}-{language}"
                    folder.mkdir()
                    if what in PAGES:
                        await take_page(playwright, folder, asked.into, language, what)
                    elif what == "index":
                        await take_index(playwright, folder, asked.into, language)
                    else:
                        await take_loopback(playwright, folder, asked.into, language)


if __name__ == "__main__":
    asyncio.run(main())
