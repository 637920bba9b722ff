"""The line of a connection that is up: what its queue does to the pictures on it, in both ways, over real sockets.

The peers are on loopback; a queue is what the test puts between their sockets and the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from media.carriage import SILENCE_S
from media.engine.door import Answered, Connect, Event, Sagging, Show, View
from media.engine.local import LocalEngine
from media.engine.peer import Peer
from media.engine.simulated import LOOPBACK, SimulatedPeer
from media.engine.simulated_camera import LoopedCamera, card_clip
from media.engine.simulated_microphone import silence
from media.sagging import LONG_S, MOST_WAIT_S, STEPS, Sag, Stage

PLACE = "booth-1"
SOON_S = 10.0
AWAY_S = 0.5
SETTLE_S = 2.5  # what goes through now is compared with two seconds before
BYTES_PER_S = 20_000
"""Of the narrow line: a fifth of what a picture of the test's has."""


class Queue:
    """In front of what a socket sends: while the line is narrow each datagram waits for its turn."""

    def __init__(self, ice: Any) -> None:
        self.narrow = False
        self._transport = ice._nominated[1].protocol.transport
        self._send = self._transport.sendto
        self._free_at = 0.0
        self._transport.sendto = self._put

    def _put(self, data: bytes, address: Any = None) -> None:
        loop = asyncio.get_running_loop()
        if self.narrow:
            self._free_at = max(self._free_at, loop.time()) + len(data) / BYTES_PER_S
        if self._free_at <= loop.time():
            self._send(data, address)
        else:
            loop.call_at(self._free_at, self._deliver, data, address)

    def _deliver(self, data: bytes, address: Any) -> None:
        if not self._transport.is_closing():
            self._send(data, address)


class Told:
    """What the engine says of lines."""

    def __init__(self, engine: LocalEngine) -> None:
        self.said: list[Sagging] = []
        self._news = asyncio.Event()
        engine.listen(self._hear)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Sagging):
            self.said.append(event)
            self._news.set()

    async def until(self, seat: str, paused: tuple[str, ...], within_s: float) -> None:
        async with asyncio.timeout(within_s):
            while not self.said or (self.said[-1].seat, self.said[-1].paused) != (seat, paused):
                self._news.clear()
                await self._news.wait()


class Table:
    """Two rooms that see each other."""

    def __init__(self, engine: LocalEngine, told: Told, a: SimulatedPeer, b: SimulatedPeer) -> None:
        self.engine, self.told, self.a, self.b = engine, told, a, b

    def peer(self, seat: str) -> Peer:
        """The engine's end of a connection."""
        found = self.engine._places[PLACE].peer(seat, 1)
        assert found is not None
        return found

    async def frames(self, seconds: float) -> int:
        """How many pictures A is shown in so long."""
        assert self.a.picture is not None
        before = self.a.picture.frames
        await asyncio.sleep(seconds)
        return self.a.picture.frames - before


@asynccontextmanager
async def seated(*, speaking: bool = True) -> AsyncIterator[Table]:
    engine = LocalEngine(LOOPBACK)
    told = Told(engine)
    peers = [
        SimulatedPeer(camera=LoopedCamera(card_clip(640, 512, source)), microphone=silence(), addresses=LOOPBACK)
        for source in (11, 22)
    ]
    try:
        if not speaking and peers[0].microphone is not None:
            peers[0].microphone.hold()
        for seat, peer in zip("AB", peers, strict=True):
            connect = Connect(PLACE, seat, 1, "sendrecv", "sendrecv", await peer.offer(), True)
            outcome = await engine.perform(connect)
            assert isinstance(outcome, Answered), outcome
            await peer.accept(outcome.sdp)
        views = (View("A", "B", 640, 512, "fill", exact=False), View("B", "A", 640, 512, "fill", exact=False))
        await engine.perform(Show(PLACE, views))
        yield Table(engine, told, *peers)
    finally:
        await asyncio.gather(*(peer.close() for peer in peers))
        await engine.close()


async def until(fact: Callable[[], bool], within_s: float = SOON_S) -> None:
    async with asyncio.timeout(within_s):
        while not fact():  # noqa: ASYNC110 (a packet's arrival tells nobody else)
            await asyncio.sleep(0.02)


async def test_a_good_line_pauses_nothing() -> None:
    async with seated() as table:
        await asyncio.sleep(SETTLE_S)
        assert table.told.said == []
        assert await table.frames(1.0) > 10


async def test_who_cannot_be_shown_a_picture_beside_the_voice_is_shown_none_until_the_line_is_back() -> None:
    """The queue holds up echoes only: what is sent by the fast path goes by it, and a line is judged by its echoes."""
    async with seated() as table:
        peer = table.peer("A")
        await until(lambda: peer.line._echo is not None and len(peer.line._echo._answers) > 10)
        await asyncio.sleep(SETTLE_S)
        queue = Queue(peer._pc.ice)
        queue.narrow = True
        queue._free_at = asyncio.get_running_loop().time() + 0.5
        await table.told.until("A", ("in",), SOON_S)
        assert await table.frames(0.5) <= 2, "what was on its way"
        assert table.peer("B").line.paused == (), "the other line is good"
        queue.narrow = False
        await table.told.until("A", (), MOST_WAIT_S + sum(seconds for _, seconds in STEPS) + SOON_S)
        assert await table.frames(2.0) > 10


async def test_a_queue_that_was_gone_for_a_while_did_not_last() -> None:
    """Its end may come from one look to the next; minutes later the first look at another one is no long queue."""
    async with seated() as table:
        line = table.peer("A").line
        await until(lambda: line._calm)
        line.shown = line.sent = Sag(late_since=asyncio.get_running_loop().time() - 60.0)
        await until(lambda: line.shown.late_since is None and line.sent.late_since is None)


async def test_a_microphone_that_was_away_is_no_queue() -> None:
    """A browser counts samples: while it has no microphone its clock stands still, and all it says later is late."""
    async with seated() as table:
        await asyncio.sleep(SETTLE_S)
        microphone = table.a.microphone
        assert microphone is not None
        assert microphone._started_s is not None
        microphone.hold()
        await asyncio.sleep(AWAY_S)
        microphone._started_s += AWAY_S
        microphone.go()
        with pytest.raises(TimeoutError):
            await table.told.until("A", ("out",), LONG_S + 1.0)


async def test_whose_picture_holds_up_the_voice_is_told_to_send_none() -> None:
    async with seated() as table:
        await asyncio.sleep(SETTLE_S)
        transports = iter(table.a._pc._RTCPeerConnection__iceTransports)  # type: ignore[attr-defined]
        queue = Queue(next(transports)._connection)
        queue.narrow = True
        await table.told.until("A", ("out",), SOON_S)


@pytest.mark.parametrize("stage", [Stage.PAUSED, Stage.TRIAL])
async def test_what_a_paused_viewer_believes_of_its_line_is_not_believed(stage: Stage) -> None:
    async with seated() as table:
        line = table.peer("A").line
        await until(lambda: line._began_at < float("inf"))
        now = asyncio.get_running_loop().time() + 100.0
        line.shown, line._greatest = Sag(), None  # whatever a busy machine has made of it
        assert line.believes(400_000, now)
        line.shown = Sag(stage, now)
        assert not line.believes(400_000, now)
        line.shown, line._greatest = Sag(), 0
        assert [line.believes(bits, now) for bits in (300_000, 400_000, 390_000, 300_000, 500_000)] == [
            *(False, False, False),  # it climbs, for it sees again what is sent
            *(True, True),
        ]


async def test_a_line_that_was_cut_is_whole_again_as_soon_as_something_comes() -> None:
    async with seated() as table:
        peer = table.peer("A")
        await until(lambda: peer.is_live and not peer.line._anew)
        peer.line.shown = Sag(Stage.PAUSED, asyncio.get_running_loop().time() + 100.0)  # no trial while the test lasts
        table.a.hold()
        await until(lambda: not peer.is_live)
        assert peer.line.paused == ("in",)
        table.a.go()
        await table.told.until("A", (), SOON_S)
        assert peer.line.shown.stage is Stage.FLOWING


@pytest.mark.parametrize("speaking", [True, False])
async def test_who_was_told_to_send_no_picture_and_sends_no_sound_either_is_not_lost(speaking: bool) -> None:
    async with seated(speaking=speaking) as table:
        peer = table.peer("A")
        await until(lambda: peer.is_live and not peer.line._anew)
        peer.line.sent = Sag(Stage.PAUSED, asyncio.get_running_loop().time() + 100.0)  # no trial while the test lasts
        table.a.hold()
        await asyncio.sleep(SILENCE_S + 1.0)
        assert peer.is_live is not speaking
