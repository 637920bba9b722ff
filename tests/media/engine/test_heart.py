"""A heart beats where nothing else tells that a process lives, and tells its figures now and then."""

from __future__ import annotations

import asyncio
import itertools

from media.engine.door import Beating, Surveyed
from media.engine.heart import BEAT_S, FIGURES_SIGNS, Heart

FIGURES = Surveyed((), (), {})
PATIENCE_S = 5.0


async def test_it_beats_at_once_and_again_and_every_so_often_tells_figures() -> None:
    told: asyncio.Queue[Beating | Surveyed] = asyncio.Queue()
    ticks = itertools.count()
    heart = Heart(told.put_nowait, lambda: next(ticks), lambda: FIGURES)
    heart.begin()
    assert told.get_nowait() == Beating(0)
    async with asyncio.timeout(PATIENCE_S + FIGURES_SIGNS * BEAT_S):
        words = [await told.get() for _ in range(FIGURES_SIGNS)]
    assert words == [*(Beating(number) for number in range(1, FIGURES_SIGNS)), FIGURES]
    heart.stop()


async def test_it_does_not_beat_while_levels_say_as_much() -> None:
    told: list[Beating | Surveyed] = []
    loop = asyncio.get_running_loop()
    heart = Heart(told.append, lambda: 1, None)
    heart.begin()
    told.clear()
    until_s = loop.time() + 3 * BEAT_S
    worst_s = 0.0
    while loop.time() < until_s:
        before_s = loop.time()
        heart.beaten()
        await asyncio.sleep(BEAT_S / 10)
        worst_s = max(worst_s, loop.time() - before_s)
    assert told == [] or worst_s > BEAT_S, "a machine that stood still proves nothing"
    heart.stop()


async def test_it_says_nothing_more_when_it_was_stopped() -> None:
    told: list[Beating | Surveyed] = []
    heart = Heart(told.append, lambda: 1, lambda: FIGURES)
    heart.begin()
    heart.stop()
    await asyncio.sleep(2 * BEAT_S)
    assert told == [Beating(1)]
