"""The instrument itself: without a server nothing is lost, and a delay that is known shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from bench.cast import Participant, Wish
from bench.clip import Clip, EncodedFrame
from bench.measure_load import watched
from bench.peer import Taken
from bench.reflector import Reflector

HOLD_S = 0.05


def fake_clip() -> Clip:
    """Frames that nobody could decode; the instrument does not look."""
    frames = tuple(
        EncodedFrame(
            (b"\x00" * 900, number.to_bytes(2, "big") * 300), number, number == 0, number.to_bytes(2, "big") * 6
        )
        for number in range(30)
    )
    return Clip(16, 16, 300_000.0, (frames,))


async def until(fact: Callable[[], bool], *people: Participant) -> None:
    """Look again with every packet that comes to somebody. Raises TimeoutError."""
    news = asyncio.Event()
    for person in people:
        for peer in person.peers:
            peer.on_rtp = partial(_take, peer.on_rtp, news)
    async with asyncio.timeout(20):
        while not fact():
            news.clear()
            await news.wait()


def _take(take: Taken, news: asyncio.Event, data: bytes, now_s: float) -> None:
    take(data, now_s)
    news.set()


async def test_a_known_delay_shows_in_every_frame() -> None:
    mirror = await Reflector(HOLD_S).meet(Wish(clip=fake_clip()))
    try:
        for person in mirror.people.values():
            assert person.camera is not None
            person.camera.start()
        screens = [person.screen for person in mirror.people.values() if person.screen is not None]
        await until(lambda: all(len(screen.arrivals) >= 10 for screen in screens), *mirror.people.values())
        found = watched(mirror)
    finally:
        await mirror.leave()
    assert [way for way, _ in found] == ["forwarded", "forwarded"]
    assert all(passage.delay_s >= HOLD_S for _, passages in found for passage in passages)
    assert all(len(passages) >= 10 for _, passages in found)


async def test_a_key_frame_that_is_asked_for_comes() -> None:
    mirror = await Reflector().meet(Wish(clip=fake_clip()))
    try:
        left, right = mirror.people["left"], mirror.people["right"]
        assert left.camera is not None
        assert right.screen is not None
        left.camera.start()
        camera, screen = left.camera, right.screen
        await until(lambda: len(screen.arrivals) >= 12, right)
        screen.ask_key_frame()
        await until(lambda: camera.keys_asked > 0 and sum(frame.number == 0 for frame in camera.sent) > 1, right)
    finally:
        await mirror.leave()
