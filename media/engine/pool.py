"""The engine in many processes: one for each place that somebody is connected to, and a spare one for the next."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from media.engine.child import MediaProcess, Recipe
from media.engine.door import (
    LOSSES,
    SPARE,
    ClosePlace,
    Command,
    Connect,
    Done,
    EngineFigures,
    Event,
    Outcome,
    Refused,
    Route,
    Show,
    Survey,
    Surveyed,
    Thin,
)
from media.engine.kept import Kept
from media.engine.post import Post, Taken
from media.engine.spares import Spares

SURVEY_S = 0.4
"""A process that gives no figures by then is told as silent; whoever asks us waits 0.5 s."""


class PoolEngine:
    """`most`: places that may have a process at a time. `open` it first, so that there is a spare."""

    def __init__(self, recipe: Recipe, most: int) -> None:
        self._most = most
        self._posts: dict[str, Post] = {}
        self._closing: dict[str, Post] = {}
        self._kept = Kept()
        self._lost = Counter(dict.fromkeys(LOSSES, 0))
        self._spares = Spares(recipe, self._count_loss)
        self._listener: Callable[[Event], None] = lambda event: None
        self._thin = Thin(on=False)
        self._taking = 0
        self._is_closed = False

    def open(self, ahead: int = 0) -> None:
        """Start the first spare, and one for each of `ahead` places whose participants are about to return."""
        self._spares.expect(min(ahead, self._most))

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Have `listener` called with every event; it must not block."""
        self._listener = listener

    async def perform(self, command: Command) -> Outcome:
        """Carry out a command in the process of its place."""
        if isinstance(command, Survey):
            return await self._survey()
        if self._is_closed:
            return Refused("media_failed", "The server is going away.")
        if isinstance(command, Thin):
            self._thin = command
            await asyncio.gather(*(post.perform(command) for post in tuple(self._posts.values())))
            return Done()
        if isinstance(command, ClosePlace):
            await self._close_place(command.place)
            return Done()
        post = self._posts.get(command.place)
        if post is None:
            post = Post(command.place, self._take, self._tell, self._given_back)
            if isinstance(command, Connect | Route | Show):  # what else is said of a place opens none
                self._posts[command.place] = post
                if self._thin.on:
                    await post.perform(self._thin)
        return await post.perform(command)

    async def close(self) -> None:
        """End every process; returns within 5 s."""
        self._is_closed = True
        posts = (*self._posts.values(), *self._closing.values())
        self._posts.clear()
        await asyncio.gather(self._spares.close(), *(post.abandon() for post in posts))

    async def _close_place(self, place: str) -> None:
        post = self._posts.pop(place, None)
        if post is None:
            return
        self._closing[place] = post  # until its last figures are there
        try:
            await post.close()
        finally:
            del self._closing[place]
            self._kept.close(place)

    async def _take(self) -> Taken:
        if len(self._manned()) + self._taking >= self._most:
            return Refused("busy", "This server has no media process left; try again when another place has closed.")
        self._taking += 1
        try:
            process = await self._spares.take()
        finally:
            self._taking -= 1
        if process is None:
            return Refused("media_failed", "No media process could be started in time.")
        if self._is_closed:
            await process.end()
            return Refused("media_failed", "The server is going away.")
        return process

    def _manned(self) -> dict[str, MediaProcess]:
        posts = {**self._closing, **self._posts}
        return {name: post.process for name, post in posts.items() if post.process is not None}

    def _given_back(self, place: str, process: MediaProcess, reason: str | None) -> None:
        self._kept.add(place, process.last)
        if place not in self._posts:
            self._kept.close(place)
        if reason is not None:
            self._count_loss(reason)

    def _count_loss(self, reason: str) -> None:
        self._lost[reason] += 1

    def _tell(self, event: Event) -> None:
        self._listener(event)

    async def _survey(self) -> Surveyed:
        asked = (*self._manned().values(), *self._spares.ready)
        up = dict(zip(asked, await asyncio.gather(*(process.survey(SURVEY_S) for process in asked)), strict=True))
        manned = self._manned()  # those that went meanwhile are in what is kept
        engines: list[EngineFigures] = []
        places = [*self._kept.places()]
        for name in sorted({*manned, *self._kept.names()}):
            process = manned.get(name)
            if process is None:
                engines.append(self._kept.engine(name, None, None))
            else:
                engines.append(self._kept.engine(name, up.get(process, True), process.last))
                places += process.last.places if process.last is not None else ()
        spares = (each for each in self._spares.ready if each in up)
        engines += [Kept().engine(SPARE, up[process], process.last) for process in spares]
        return Surveyed(tuple(places), tuple(engines), dict(self._lost))
