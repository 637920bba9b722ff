"""A booth in which one source means harm, or a transcode process dies: its viewers lose a moment, nobody any sound."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from media.engine.door import (
    Answered,
    Connect,
    Done,
    Event,
    Failed,
    Gain,
    Lost,
    Measure,
    Measured,
    PictureRefused,
    Route,
    Show,
    View,
)
from media.engine.local import LocalEngine
from media.engine.simulated import LOOPBACK, SimulatedPeer
from media.engine.simulated_camera import Clip, Frame, LoopedCamera, card_clip
from media.engine.simulated_microphone import record
from media.voice import FUNDAMENTALS_HZ, voice
from tests.scenarios.patience import watching_stalls
from tests.support.hostile import bomb, film, resizing
from tests.support.pooled import until

PLACE = "booth-1"
SOURCE = {"A": 11, "B": 22, "E": 33}
VOICE = dict(zip("AB", FUNDAMENTALS_HZ, strict=False))
SCREEN = (320, 256)
DISPLAY = (640, 512)  # no source has that size: all is made
UNBROKEN_S = 0.1
"""Of silence in a voice: two ticks, and the decoders of this test beside it."""
LOUD = 10 ** (-35 / 20)
BACK_S = 1.0
ATTACK_S = 3.0


class Attacker:
    """Shows its card like everybody else, until it is told what to send instead."""

    frames_per_s = 60
    codec = "vp8"

    def __init__(self, clip: Clip) -> None:
        self._card: Iterator[bytes] = itertools.cycle(frame.payload for frame in clip.frames)
        self.instead: Iterator[bytes] | None = None
        self.sent = 0

    async def next(self, key_wanted: bool) -> Frame:
        self.sent += self.instead is not None
        return Frame(next(self.instead or self._card), None)


@dataclass
class Booth:
    """Two rooms that hear and see each other, and a third source that a display watches."""

    engine: LocalEngine
    a: SimulatedPeer
    b: SimulatedPeer
    attacker: Attacker
    watcher: SimulatedPeer
    events: list[Event]

    async def measured(self) -> Measured:
        measured = await self.engine.perform(Measure(PLACE))
        assert isinstance(measured, Measured)
        return measured

    def made(self) -> tuple[float, int]:
        """Pictures decoded of the third source, and frames of it that could not be."""
        line = self.engine._places[PLACE]._sources["E"].showing.line
        return line.counts["decoded"], line.drops["picture_broken"]

    def process_of(self, seat: str) -> int:
        process = self.engine._places[PLACE]._sources[seat].showing.line._process
        assert process is not None
        return process.pid

    async def undisturbed(self, seconds: float) -> None:
        """So long both rooms hear each other without a hole; and who sees A still does."""
        starts = {peer: peer.sound.position for peer in (self.a, self.b) if peer.sound is not None}
        async with watching_stalls() as stalls:
            await asyncio.sleep(seconds)
        for peer, start in starts.items():
            assert peer.sound is not None
            assert peer.sound.position - start > 0.8 * seconds * 48_000
            assert peer.sound.longest_gap_s(start) < stalls.allow_s(UNBROKEN_S)
            heard = peer.sound.samples(1.0)
            spoken = heard[heard != 0]  # where the machine stood still is silence, which the gap above judges
            assert spoken.size
            assert np.sqrt(np.mean(np.square(spoken))) > LOUD, "as loud as the voice that is routed"


@pytest.fixture
async def booth() -> AsyncIterator[Booth]:
    engine, events = LocalEngine(LOOPBACK, transcode_cores=64.0), list[Event]()
    engine.listen(events.append)
    attacker = Attacker(card_clip(320, 256, SOURCE["E"]))
    rooms = [
        SimulatedPeer(
            camera=LoopedCamera(card_clip(320, 180, SOURCE[seat])),
            microphone=record(voice(VOICE[seat], 2.0)),
            addresses=LOOPBACK,
        )
        for seat in "AB"
    ]
    source = SimulatedPeer(audio=None, video="sendonly", camera=attacker, addresses=LOOPBACK)
    watcher = SimulatedPeer(audio=None, video="recvonly", addresses=LOOPBACK)
    try:
        for seat, peer, audio, video in (
            *((seat, room, "sendrecv", "sendrecv") for seat, room in zip("AB", rooms, strict=True)),
            ("E", source, None, "sendonly"),
            ("D", watcher, None, "recvonly"),
        ):
            outcome = await engine.perform(Connect(PLACE, seat, 1, audio, video, await peer.offer(), True))
            assert isinstance(outcome, Answered), outcome
            await peer.accept(outcome.sdp)
        views = (
            *(View(viewer, seen, *SCREEN, "fill") for viewer, seen in (("A", "B"), ("B", "A"))),
            View("D", "E", *DISPLAY, "fill"),
        )
        assert await engine.perform(Show(PLACE, views)) == Done()
        assert await engine.perform(Route(PLACE, (Gain("A", "B", 0, 0.05), Gain("B", "A", 0, 0.05)))) == Done()
        for peer, seen in ((rooms[0], "B"), (rooms[1], "A"), (watcher, "E")):
            await sees(peer, seen)
        await asyncio.sleep(1.0)  # playout has settled
        yield Booth(engine, rooms[0], rooms[1], attacker, watcher, events)
    finally:
        for peer in (*rooms, source, watcher):
            await peer.close()
        await engine.close()


async def sees(peer: SimulatedPeer, seat: str, timeout_s: float = 10.0) -> None:
    assert peer.picture is not None
    await peer.picture.seen(lambda sighting: sighting.source == SOURCE[seat], timeout_s)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_process_that_dies_or_hangs_costs_its_viewers_a_moment_and_nobody_any_sound(
    booth: Booth, number: signal.Signals
) -> None:
    assert booth.b.picture is not None and booth.a.picture is not None  # noqa: PT018
    for death in range(1, 4):
        booth.a.picture.begin()
        os.kill(booth.process_of("A"), number)
        booth.b.picture.begin()
        async with watching_stalls() as stalls:
            watching = asyncio.create_task(booth.undisturbed(2.5))
            await asyncio.sleep(0.5)  # what was on its way has arrived
            await sees(booth.b, "A")
            await watching
        assert booth.b.picture.longest_freeze_s() < stalls.allow_s(BACK_S)
        assert booth.a.picture.longest_freeze_s() < stalls.allow_s(0.5), "another source has a process of its own"
        assert (await booth.measured()).drops["picture_lost"] == death


def _sizes() -> Iterator[bytes]:
    return itertools.cycle(frame.payload for frame in resizing(60))


def _cut_off() -> Iterator[bytes]:
    chance, frames = random.Random(3), film(30)
    for frame in itertools.cycle(frames):
        yield frame.payload[: chance.randrange(12, len(frame.payload))]


def _random() -> Iterator[bytes]:
    chance, head = random.Random(4), film(1)[0].payload[:10]
    while True:
        yield head + chance.randbytes(chance.randrange(2000))


@pytest.mark.parametrize("attack", [_sizes, _cut_off, _random], ids=["60 sizes a second", "cut off", "random"])
async def test_hostile_pictures_disturb_nobody_and_a_good_one_is_shown_again(
    booth: Booth, attack: Callable[[], Iterator[bytes]]
) -> None:
    assert booth.a.picture is not None and booth.b.picture is not None  # noqa: PT018
    for peer in (booth.a, booth.b):
        assert peer.picture is not None
        peer.picture.begin()
    before = booth.made()
    booth.attacker.instead = attack()

    def reached() -> bool:
        decoded, broken = (now - then for now, then in zip(booth.made(), before, strict=True))
        return booth.attacker.sent > 60 and (decoded > 60 if attack is _sizes else broken > 3)

    async with watching_stalls() as stalls:
        await booth.undisturbed(ATTACK_S)
        await until(reached)  # a machine that has more to do decodes no 60 in that time
    for peer in (booth.a, booth.b):
        assert peer.picture is not None
        assert peer.picture.longest_freeze_s() < stalls.allow_s(0.5)
    booth.attacker.instead = None
    assert booth.watcher.picture is not None
    booth.watcher.picture.begin()
    await sees(booth.watcher, "E")
    assert not [event for event in booth.events if isinstance(event, Failed)]


async def test_a_decode_bomb_costs_its_source_the_picture_alone_and_reaches_no_decoder(booth: Booth) -> None:
    decoded = booth.process_of("E")
    booth.attacker.instead = itertools.cycle([bomb().payload])
    await booth.undisturbed(ATTACK_S)
    refused = [event for event in booth.events if isinstance(event, PictureRefused)]
    assert [(event.seat, event.code) for event in refused] == [("E", "bad_picture")]
    assert not [event for event in booth.events if isinstance(event, Failed | Lost)], "its sound goes on"
    assert booth.process_of("E") == decoded, "it has seen nothing of it"
