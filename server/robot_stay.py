"""A robot that stays: it comes back to its seat by itself whenever line or media break, until it is told to leave."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Coroutine

from server.robot import LineClosedError, Media, Message, Robot
from signaling.errors import RemoteError

RETRY_S = 1.5  # between two tries, with jitter below: a server that restarts is not asked by everybody at once
FIRST_S = 0.4  # before the first one, likewise
SILENCE_S = 2.0  # sound comes 50 times a second; this long without any is a broken line
LOOK_S = 0.25
REPLACED, REVOKED = 4001, 4003
FINAL_CODES = frozenset({REPLACED, REVOKED, 401, 403})  # coming back would not help, or would throw somebody out
MEDIA_ERRORS = frozenset({"media_timeout", "media_failed"})


async def stay(
    robot: Robot, make_media: Callable[[Message], Media], act: Callable[[], Awaitable[None]], say: Callable[[str], None]
) -> None:
    """Hold the seat and `act` while connected, again after every break; returns when the seat is somebody else's.

    `make_media` gets the welcome. `act` is cancelled when the line breaks; its own end does not give up the seat.
    When the server says that it can go on with our media no more, we come back on the open line, and at once.
    """
    fresh = True
    try:
        while True:
            began_s, fresh_before, fresh = time.monotonic(), fresh, True
            try:
                await _once(robot, make_media, act, fresh=fresh_before)
            except LineClosedError as closed:
                say(str(closed))
                if closed.code in FINAL_CODES:
                    return
            except RemoteError as fault:
                say(str(fault))
                fresh = fault.code not in MEDIA_ERRORS
            except (ConnectionError, TimeoutError) as fault:
                say(str(fault))
            if fresh or time.monotonic() - began_s < RETRY_S:
                jitter = random.uniform(0.5, 1.0)  # noqa: S311 - no secret
                await asyncio.sleep(max(FIRST_S * jitter, began_s + RETRY_S * jitter - time.monotonic()))
    finally:
        await asyncio.shield(robot.close())


async def _once(
    robot: Robot, make_media: Callable[[Message], Media], act: Callable[[], Awaitable[None]], *, fresh: bool
) -> None:
    if robot.welcome:
        answer = await robot.reconnect(fresh=fresh)
    else:
        await robot.open()
        answer = await robot.hello()
    if (
        answer["type"] == "seat_taken"
    ):  # a page left a moment ago, or somebody is really there: the seat comes when free
        await robot.message("welcome", after=robot.received, timeout_s=math.inf)
    await _first_of(_acting(robot, make_media(robot.welcome), act), _refused(robot, robot.received))


async def _acting(robot: Robot, media: Media, act: Callable[[], Awaitable[None]]) -> None:
    await robot.connect(media)
    await _first_of(_kept_busy(act), _silenced(robot), _deafened(media))


async def _kept_busy(act: Callable[[], Awaitable[None]]) -> None:
    await act()
    await asyncio.Event().wait()  # the seat is kept when there is nothing left to do


async def _refused(robot: Robot, after: int) -> None:
    """Wait for the server to give the media up, from that message on; raises that error."""
    while True:
        message = await robot.message("error", after=after, timeout_s=math.inf)
        if message["code"] in MEDIA_ERRORS:
            raise RemoteError(message["code"], message["message"])
        after = robot.received


async def _silenced(robot: Robot) -> None:
    """Wait for the server to hear us, and then to hear nothing of us any more; raises ConnectionError."""

    def ours(booth: Message, wanted: str) -> bool:
        participants = booth["sites"] | booth["interpreters"]
        return any(
            participants[name]["media"] == wanted
            for name in (robot.welcome["site"], robot.welcome["person"])
            if name in participants
        )

    await robot.until(lambda booth: ours(booth, "connected"), math.inf)
    await robot.until(lambda booth: ours(booth, "lost"), math.inf)
    raise ConnectionError("The server hears nothing of us.")


async def _deafened(media: Media) -> None:
    """Wait for the sound that we hear to stop; raises ConnectionError."""
    while (media.silent_s or 0.0) < SILENCE_S:  # noqa: ASYNC110 - silence is no event
        await asyncio.sleep(LOOK_S)
    raise ConnectionError("We hear nothing of the server.")


async def _first_of(*works: Coroutine[object, object, None]) -> None:
    """Run side by side until the first one ends, end the others, and raise what it raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
