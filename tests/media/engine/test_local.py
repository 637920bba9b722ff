"""The engine with real peers: who hears whom, who sees whom, and what it tells; here and in a process of its own."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from media.engine.door import (
    COUNTS,
    AddCandidate,
    Answered,
    Carrying,
    ClosePlace,
    Connect,
    Disconnect,
    Done,
    Engine,
    Event,
    Failed,
    Gain,
    Levels,
    Lost,
    Measure,
    Measured,
    PlaceFigures,
    Refused,
    Route,
    Show,
    Survey,
    Surveyed,
    View,
)
from media.engine.local import LocalEngine
from media.engine.simulated import LOOPBACK, SimulatedPeer
from media.engine.simulated_camera import LoopedCamera, card_clip
from media.engine.simulated_microphone import record
from media.voice import FUNDAMENTALS_HZ, level_db, voice
from tests.support.pooled import pooled

PLACE = "booth-1"
VOICE = dict(zip("AB", FUNDAMENTALS_HZ, strict=False))
SOURCE = {"A": 11, "B": 22}


class Told:
    """What the engine told, and a way to wait for more."""

    def __init__(self, engine: Engine) -> None:
        self.events: list[Event] = []
        self._new = asyncio.Event()
        engine.listen(self._take)

    def _take(self, event: Event) -> None:
        self.events.append(event)
        self._new.set()

    async def until(self, event: Event, timeout_s: float = 10.0) -> None:
        async with asyncio.timeout(timeout_s):
            while event not in self.events:
                self._new.clear()
                await self._new.wait()

    async def levels(self, speaking: set[str], timeout_s: float = 10.0) -> Levels:
        """Wait for levels, not of before, at which exactly these speak: for a moment a machine may bring no sound."""
        self.events.clear()
        async with asyncio.timeout(timeout_s):
            while True:
                for event in self.events:
                    if isinstance(event, Levels) and set(event.speaking) == speaking:
                        return event
                self._new.clear()
                await self._new.wait()


@asynccontextmanager
async def here() -> AsyncIterator[LocalEngine]:
    engine = LocalEngine(LOOPBACK)
    try:
        yield engine
    finally:
        await engine.close()


@asynccontextmanager
async def in_a_process_of_its_own() -> AsyncIterator[Engine]:
    async with pooled() as pool:
        yield pool


@pytest.fixture(params=[here, in_a_process_of_its_own], ids=["here", "in a process of its own"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    async with request.param() as engine:
        yield engine


def room(seat: str) -> SimulatedPeer:
    return SimulatedPeer(
        camera=LoopedCamera(card_clip(320, 180, SOURCE[seat])),
        microphone=record(voice(VOICE[seat], 2.0)),
        addresses=LOOPBACK,
    )


async def join(engine: Engine, seat: str, peer: SimulatedPeer, generation: int = 1) -> None:
    offer = await peer.offer()
    outcome = await engine.perform(Connect(PLACE, seat, generation, "sendrecv", "sendrecv", offer, True))
    assert isinstance(outcome, Answered), outcome
    await peer.accept(outcome.sdp)


def both_hear(db_to_a: float | None = 0.0, db_to_b: float | None = 0.0) -> Route:
    return Route(PLACE, (Gain("A", "B", db_to_a, 0.05), Gain("B", "A", db_to_b, 0.05)))


BOTH_SEE = Show(PLACE, (View("A", "B", 640, 512, "fill"), View("B", "A", 640, 512, "fit")))


async def test_two_rooms_hear_and_see_each_other_and_never_themselves(engine: Engine) -> None:
    told, a, b = Told(engine), room("A"), room("B")
    try:
        await join(engine, "A", a)
        await join(engine, "B", b)
        await told.until(Carrying(PLACE, "A", 1))
        await told.until(Carrying(PLACE, "B", 1))
        assert a.picture is not None and b.picture is not None and a.sound is not None and b.sound is not None  # noqa: PT018
        assert a.picture.last is None, "a picture crossed before it was shown"
        assert abs(await a.sound.heard(0.2, 5)).max() < 1e-3, "a sound crossed before it was routed"

        assert await engine.perform(both_hear()) == Done()
        assert await engine.perform(BOTH_SEE) == Done()
        seen = await a.picture.seen(lambda sight: sight.source == SOURCE["B"], 10)
        assert (seen.width, seen.height) == (640, 512)
        seen = await b.picture.seen(lambda sight: sight.source == SOURCE["A"], 10)
        assert (seen.width, seen.height) == (640, 512)
        assert seen.stretch == pytest.approx(1.0, abs=0.02)
        await asyncio.sleep(0.5)  # the playout at the far side, and the ramp
        heard = await a.sound.heard(2.0, 10)
        assert level_db(heard, VOICE["B"]) - level_db(heard, VOICE["A"]) > 50
        heard = await b.sound.heard(2.0, 10)
        assert level_db(heard, VOICE["A"]) - level_db(heard, VOICE["B"]) > 50

        levels = await told.levels(speaking={"A", "B"})
        assert levels.dbfs["A"] == pytest.approx(-20, abs=4)

        figures = await engine.perform(Measure(PLACE))
        assert isinstance(figures, Measured)
        assert {stream.seat: (stream.width, stream.height) for stream in figures.streams} == dict.fromkeys(
            "AB", (320, 180)
        )
        assert figures.ticks > 50
        place = (await surveyed(engine))[PLACE]
        assert place.outputs == 2
        assert set(place.delays_s) == {"A", "B"}
        never = {"audio_lost", "video_lost", "sound_recovered", "forwarded"}  # nothing is lost here, and all is made
        assert all(place.counts[name] > 0 for name in COUNTS if name not in never)
        assert place.counts["encode_cpu_s"] > place.counts["decode_cpu_s"]

        await engine.perform(Route(PLACE, ()))
        await engine.perform(Show(PLACE, ()))
        await asyncio.sleep(0.5)
        a.picture.begin()
        assert abs(await a.sound.heard(0.5, 5)).max() < 1e-3
        assert a.picture.frames == 0
    finally:
        await a.close()
        await b.close()


async def test_a_silent_peer_is_lost_after_three_seconds_and_carries_again_when_it_returns() -> None:
    async with here() as engine:
        told, a = Told(engine), room("A")
        await join(engine, "A", a)
        await told.until(Carrying(PLACE, "A", 1))
        a.hold()
        await told.until(Lost(PLACE, "A", 1), timeout_s=8)
        told.events.clear()
        a.go()
        await told.until(Carrying(PLACE, "A", 1))
        await a.close()
        await told.until(Lost(PLACE, "A", 1), timeout_s=8)


async def test_a_second_connection_of_a_seat_takes_over_once_it_carries_and_the_first_goes_on_until_dropped() -> None:
    async with here() as engine:
        told, a, b, again = Told(engine), room("A"), room("B"), room("A")
        await join(engine, "A", a)
        await join(engine, "B", b)
        await told.until(Carrying(PLACE, "A", 1))
        await engine.perform(both_hear())
        await engine.perform(BOTH_SEE)
        assert b.picture is not None and b.sound is not None and again.sound is not None  # noqa: PT018
        await b.picture.seen(lambda sight: sight.source == SOURCE["A"], 10)
        await join(engine, "A", again, generation=2)
        await told.until(Carrying(PLACE, "A", 2))
        assert await engine.perform(Disconnect(PLACE, "A", 1)) == Done()
        b.picture.begin()
        await b.picture.seen(lambda sight: sight.source == SOURCE["A"], 10)
        assert b.picture.longest_freeze_s() < 2.0
        await asyncio.sleep(0.5)
        heard = await b.sound.heard(2.0, 10)
        assert level_db(heard, VOICE["A"]) > -35
        heard = await again.sound.heard(2.0, 10)
        assert level_db(heard, VOICE["B"]) > -35
        for peer in (a, b, again):
            await peer.close()


async def test_the_engine_closes_within_five_seconds_with_peers_attached() -> None:
    engine = LocalEngine(LOOPBACK)
    a = room("A")
    await join(engine, "A", a)
    async with asyncio.timeout(5):
        await engine.close()
    await a.close()


def connect(offer: str, **changes: Any) -> Connect:
    return Connect(**{
        "place": PLACE, "seat": "A", "generation": 1, "audio": "sendrecv", "video": "sendrecv",
        "offer": offer, "loopback_candidates": True, **changes,
    })  # fmt: skip


async def test_what_is_no_offer_is_refused_and_leaves_nothing_behind(engine: Engine) -> None:
    peer = room("A")
    good = await peer.offer()
    for bad in ("", "v=0", "hello", good[:400], good.replace("sha-256", "md5"), "v=0\r\n" * 20_000):
        outcome = await engine.perform(connect(bad))
        assert isinstance(outcome, Refused), bad
        assert outcome.code == "bad_offer"
        assert outcome.message.endswith(".")
    assert isinstance(await engine.perform(connect(good, video=None)), Refused)
    outcome = await engine.perform(connect(good))
    assert isinstance(outcome, Answered), "what was refused was in the way"
    outcome = await engine.perform(connect(good))
    assert isinstance(outcome, Refused)
    assert outcome.code == "offer_exists"
    await peer.close()


async def test_candidates_are_checked(engine: Engine) -> None:
    peer = room("A")

    async def add(candidate: str, generation: int = 1) -> Any:
        return await engine.perform(AddCandidate(PLACE, "A", generation, candidate, "0", 0))

    outcome = await add("candidate:1 1 udp 1 127.0.0.1 9 typ host")
    assert outcome == Refused("no_offer", outcome.message)
    assert isinstance(await engine.perform(connect(await peer.offer())), Answered)
    assert await add("candidate:1 1 udp 1 127.0.0.1 9 typ host") == Done()
    assert await add("candidate:1 1 udp 1 169.254.169.254 80 typ host") == Done(), "dropped, not an error"
    figures = await engine.perform(Measure(PLACE))
    assert isinstance(figures, Measured)
    assert figures.drops["candidates"] == 1
    assert await add("") == Done()
    outcome = await add("candidate:nonsense")
    assert outcome == Refused("bad_candidate", outcome.message)
    await peer.close()


async def test_a_candidate_that_waits_for_an_answer_which_never_comes_is_refused() -> None:
    async with here() as engine:
        peer = room("A")
        connecting = asyncio.create_task(engine.perform(connect(await peer.offer())))
        await asyncio.sleep(0)
        candidate = AddCandidate(PLACE, "A", 1, "candidate:1 1 udp 1 127.0.0.1 9 typ host", "0", 0)
        adding = asyncio.create_task(engine.perform(candidate))
        await asyncio.sleep(0)
        assert not connecting.done()
        assert await engine.perform(Disconnect(PLACE, "A", 1)) == Done()
        async with asyncio.timeout(2):
            assert isinstance(await connecting, Refused)
            outcome = await adding
        assert isinstance(outcome, Refused)
        assert outcome.code == "no_offer"
        assert not left_behind()
        await peer.close()


async def test_a_connect_that_is_cancelled_leaves_nothing_behind() -> None:
    async with here() as engine:
        peer = room("A")
        offer = await peer.offer()
        connecting = asyncio.create_task(engine.perform(connect(offer)))
        await asyncio.sleep(0)
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        assert connecting.cancelled()
        assert isinstance(await engine.perform(connect(offer)), Answered)
        await peer.close()


async def test_an_engine_that_closes_while_it_connects_leaves_no_task_behind() -> None:
    async with here() as engine:
        peer = room("A")
        connecting = asyncio.create_task(engine.perform(connect(await peer.offer())))
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await engine.close()
            assert isinstance(await connecting, Refused)
        assert not left_behind()
        await peer.close()


def left_behind() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("peer-")]


async def test_a_gain_or_a_shape_that_cannot_be_is_refused_and_changes_nothing(engine: Engine) -> None:
    await engine.perform(Connect(PLACE, "A", 1, None, None, "no offer", True))  # a place without media has no process
    for command in (
        Route(PLACE, (Gain("A", "B", 1e999, 0.05),)),
        Route(PLACE, (Gain("A", "B", 0.0, -1.0),)),
        Show(PLACE, (View("A", "B", 641, 512, "fill"),)),
        Show(PLACE, (View("A", "B", 640, 512, "stretch"),)),
        Show(PLACE, (View("A", "B", 0, 512, "fill"),)),
    ):
        assert isinstance(await engine.perform(command), Refused), command
    assert await engine.perform(both_hear()) == Done()


async def test_a_booth_whose_tick_breaks_silences_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = LocalEngine(LOOPBACK)
    told, ticked = Told(engine), asyncio.Event()
    await engine.perform(Route("broken", ()))
    await engine.perform(Route(PLACE, ()))

    def breaks(number: int) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(engine._places["broken"], "tick", breaks)
    monkeypatch.setattr(engine._places[PLACE], "tick", lambda number: ticked.set())
    async with asyncio.timeout(5):
        await ticked.wait()
    assert told.events == []
    await engine.close()


async def test_a_strangers_datagrams_end_no_call() -> None:
    async with here() as engine:
        told, peer = Told(engine), room("A")
        outcome = await engine.perform(connect(await peer.offer()))
        assert isinstance(outcome, Answered)
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        port = int(re.findall(r"a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+)", outcome.sdp)[0])
        accepting = asyncio.create_task(peer.accept(outcome.sdp))
        while not accepting.done():  # throughout the handshake
            for junk in (PLAIN_ALERT, CLIENT_HELLO, b""):
                stranger.sendto(junk, ("127.0.0.1", port))
            await asyncio.sleep(0.002)
        await accepting
        await told.until(Carrying(PLACE, "A", 1))
        for junk in (b"", PLAIN_ALERT, b"\x80" * 40):
            stranger.sendto(junk, ("127.0.0.1", port))
        await carries_on(engine, told)
        figures = await engine.perform(Measure(PLACE))
        assert isinstance(figures, Measured)
        assert figures.drops["strangers"] >= 3
        stranger.close()
        await peer.close()


PLAIN_ALERT = bytes.fromhex("15fefd00000000000000000002 0228")  # fatal: handshake failure
CLIENT_HELLO = bytes.fromhex("16fefd0000000000000000002e 01000022 0000 000000 000022 fefd") + bytes(32)


async def test_malformed_reports_of_a_peer_do_not_end_its_connection() -> None:
    async with here() as engine:
        told, peer = Told(engine), room("A")
        await join(engine, "A", peer)
        await told.until(Carrying(PLACE, "A", 1))
        transport = peer._pc.getSenders()[0].transport
        estimate_without_its_end = bytes.fromhex("8fce0004 00000001 00000000") + b"REMB\x05\x00\x00\x01"
        short_extensions = [
            bytes.fromhex(f"90e000{number:02x} 00000000 00000001 bede0001") + bytes([number << 4, 0, 0, 0])
            for number in range(1, 15)
        ]
        for malformed in (estimate_without_its_end, *short_extensions):
            await transport._send_rtp(malformed)
        await carries_on(engine, told)
        figures = await engine.perform(Measure(PLACE))
        assert isinstance(figures, Measured)
        assert figures.drops["malformed"] >= 2
        await peer.close()


async def carries_on(engine: Engine, told: Told) -> None:
    """Packets go on coming in, and nothing was lost."""

    async def packets() -> int:
        figures = await engine.perform(Measure(PLACE))
        assert isinstance(figures, Measured)
        return figures.streams[0].audio_packets

    start = await packets()
    async with asyncio.timeout(5):
        while await packets() < start + 10:
            assert not any(isinstance(event, Lost | Failed) for event in told.events)
            await asyncio.sleep(0.02)


async def test_a_connection_that_never_comes_up_fails_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.carriage.CONNECT_TIMEOUT_S", 1.0)
    async with here() as engine:
        told, peer = Told(engine), room("A")
        assert isinstance(await engine.perform(connect(await peer.offer())), Answered)
        sentence = "The media connection was not up within 15 seconds."
        await told.until(Failed(PLACE, "A", 1, "media_timeout", sentence), timeout_s=5)
        await peer.close()


async def test_a_place_that_was_closed_is_forgotten() -> None:
    async with here() as engine:
        told, a = Told(engine), room("A")
        await join(engine, "A", a)
        await told.until(Carrying(PLACE, "A", 1))
        assert await engine.perform(ClosePlace(PLACE)) == Done()
        figures = await engine.perform(Measure(PLACE))
        assert isinstance(figures, Measured)
        assert figures.streams == ()
        await a.close()


async def test_what_a_connection_and_its_place_counted_stays_counted_when_they_are_gone() -> None:
    async with here() as engine:
        told, a = Told(engine), room("A")
        await join(engine, "A", a)
        await told.until(Carrying(PLACE, "A", 1))
        before = await surveyed(engine)
        assert before[PLACE].counts["audio_packets"] > 0
        assert before[PLACE].counts["received_bytes"] > 1000
        assert before[PLACE].drops["candidates"] == 0
        await engine.perform(Disconnect(PLACE, "A", 1))
        gone = await surveyed(engine)
        assert all(gone[PLACE].counts[name] >= count for name, count in before[PLACE].counts.items())
        assert await engine.perform(ClosePlace(PLACE)) == Done()
        closed = await surveyed(engine)
        assert set(closed) == {""}
        assert closed[""].counts == gone[PLACE].counts
        await a.close()


async def surveyed(engine: Engine) -> dict[str, PlaceFigures]:
    outcome = await engine.perform(Survey())
    assert isinstance(outcome, Surveyed)
    for process in outcome.engines:
        assert sum(process.ticks.late_counts) == process.ticks.ran
        assert process.process is not None
        assert process.process.resident_bytes > 1e6
    return {place.place: place for place in outcome.places}
