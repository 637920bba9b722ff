"""The story of the browser tests: two rooms and one interpreter in real Chromium, and what was seen at its start."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from media.testcard import Reading
from media.voice import FUNDAMENTALS_HZ
from tests.support.desk import Desk, Message
from tests.support.participant import Participant
from tests.support.probe import Heard, levels_db
from tests.support.served import Served

SUWON_HZ, HANOI_HZ, KIM_HZ = FUNDAMENTALS_HZ
SUWON_CARD, HANOI_CARD = 11, 22
BOOTH = "booth-1"
CALM_S = 0.1  # of made-up or stretched sound that a measurement may hold
LISTEN_S = 3.0  # the voice detector has its full range from 2 s on; one more for what is under way

Levels = dict[str, dict[int, float]]
"""By listener, then by voice, in dBFS."""


def under_db(levels: Levels, room: str, voice_hz: int) -> float:
    """How much less a room gets of the other room than the interpreter, who always gets it at 0 dB.

    Two listeners in the same seconds: whatever the browsers' gain control does to the voice, it does to both.
    """
    return levels["kim"][voice_hz] - levels[room][voice_hz]


@dataclass(slots=True)
class Consultation:
    """The story: who is there, and what was seen while it came about."""

    served: Served
    suwon: Participant
    hanoi: Participant
    kim: Participant
    desks: dict[str, Desk]
    """The operator of each site."""
    levels_before_live: Levels = field(default_factory=dict)
    cards_before_live: dict[str, Reading | None] = field(default_factory=dict)
    seen_after_s: dict[str, float] = field(default_factory=dict)
    first_cards: dict[str, Reading | None] = field(default_factory=dict)
    floor: Levels = field(default_factory=dict)
    """Levels of everybody at everybody with the interpreter off air."""

    @property
    def desk(self) -> Desk:
        """The desk in Suwon, for what does not matter where it is done."""
        return self.desks["suwon"]

    @property
    def everybody(self) -> tuple[Participant, Participant, Participant]:
        """Both rooms and the interpreter."""
        return self.suwon, self.hanoi, self.kim

    async def sounds(self, seconds: float = LISTEN_S) -> dict[str, Heard]:
        """What each of the three hears in the same seconds."""
        heard = await asyncio.gather(*(each.probe.sound(seconds) for each in self.everybody))
        return {each.name: sound for each, sound in zip(self.everybody, heard, strict=True)}

    async def levels(self, seconds: float = LISTEN_S) -> Levels:
        """How loud each of the three hears each voice.

        Listens again, twice at most, when a browser had to mend the sound: on a busy machine packets come late, and
        made-up sound has no level. How seldom that may be is for the tests of the engine.
        """
        sounds = await self.sounds(seconds)
        for _ in range(2):
            if worst(sounds) <= CALM_S:
                break
            sounds = min(sounds, await self.sounds(seconds), key=worst)
        return {name: await asyncio.to_thread(levels_db, sound, FUNDAMENTALS_HZ) for name, sound in sounds.items()}

    async def mend(self) -> None:
        """Bring everybody back and the booth live, whatever the test before left behind; quick when all is well."""
        for each in self.everybody:
            if each.chromium is None or each.chromium.process.returncode is not None:
                await each.close()
                await each.open()
            elif await each.state() in {"", "error"}:
                await each.browser.page.goto("about:blank")
                await each.browser.page.goto(each.link, wait_until="domcontentloaded")
        await self.desk.until(lambda booth: booth["phase"] in {"ended", "paused", "ready", "live"}, within_s=15)
        match self.desk.booth["phase"]:
            case "ended":
                await self.begin_again()
            case "paused":
                await self.desk.do("resume")
            case "ready":
                await self.desk.do("start")
        await self.desk.until(lambda booth: booth["phase"] == "live" and all_connected(booth), within_s=15)

    async def begin_again(self) -> None:
        """After the end: change-over, and the next consultation with the same people."""
        await self.desk.do("next")
        await self.desk.until(lambda booth: booth["phase"] == "ready")
        await self.desk.do("start")

    async def on_air(self, on: bool) -> None:
        """Have the interpreter press the space bar if need be, and wait for the server's word."""
        if self.desk.booth["interpreters"]["kim"]["on_air"] != on:
            # The key toggles what the page shows, and the page may learn the last change a moment after the desk.
            async with asyncio.timeout(5):
                while not await self.kim.browser.page.evaluate(SHOWS_ON_AIR, not on):  # noqa: ASYNC110 - it is a page
                    await asyncio.sleep(0.02)
            await self.kim.browser.page.keyboard.press("Space")
            await self.desk.until(lambda booth: booth["interpreters"]["kim"]["on_air"] == on)

    async def set_out(self, mode: str = "liaison", to: str = "hanoi", on_air: bool = False) -> None:
        """Bring the booth to a known state; settles for the longest ramp."""
        await self.on_air(False)
        await self.desk.do("mode", mode=mode)
        if self.desk.booth["interpreters"]["kim"]["to"] != to:
            await self.kim.browser.page.keyboard.press("d")
            await self.desk.until(lambda booth: booth["interpreters"]["kim"]["to"] == to)
        await self.on_air(on_air)
        await asyncio.sleep(1.8)  # the release takes 1.5 s


SHOWS_ON_AIR = """(on) => document.querySelector("#cough button").disabled === !on
  && document.querySelector("#air").getAttribute("aria-disabled") !== "true\""""


def worst(sounds: dict[str, Heard]) -> float:
    """Seconds of made-up or stretched sound at the listener who had most of it."""
    return max(heard.disturbed_s for heard in sounds.values())


def all_connected(booth: Message) -> bool:
    """Whether media of all three flows."""
    those = [*booth["sites"].values(), *booth["interpreters"].values()]
    return all(each["media"] == "connected" for each in those)


async def bring_about(story: Consultation) -> None:
    """Everybody comes, is looked at before it starts, then it starts."""
    await asyncio.gather(*(each.open() for each in story.everybody))
    await story.desk.until(
        lambda booth: (
            booth["phase"] == "ready"
            and all(site["media"] == "connected" for site in booth["sites"].values())
            and booth["interpreters"]["kim"]["media"] == "connected"
        ),
        within_s=20,
    )
    story.levels_before_live = await story.levels()
    for room in (story.suwon, story.hanoi):
        story.cards_before_live[room.name] = await room.probe.card()

    await story.desk.do("start")
    seen = await asyncio.gather(
        story.suwon.probe.wait_for_source(HANOI_CARD, 15), story.hanoi.probe.wait_for_source(SUWON_CARD, 15)
    )
    for room, seconds in zip((story.suwon, story.hanoi), seen, strict=True):
        story.seen_after_s[room.name] = seconds
        story.first_cards[room.name] = await room.probe.card()
    story.floor = await story.levels()
