"""The mixing desk in C and the one in Python: from the same packets and gains each listener gets the same sound."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from media.engine import native_desk, plain_desk
from media.engine.desk import Desk, desk
from media.engine.earphone import Earphone
from media.engine.native import ffi, lib
from media.engine.native_desk import NativeDesk
from media.engine.opus import Decoder, Encoder
from media.engine.plain_desk import PlainDesk
from media.engine.sending import Agreed, Sending
from media.errors import LocalError
from media.gain import Ramp
from media.opus import STILL_PACKETS
from media.rtp import HeaderWriter, parse
from media.sound import FRAME_SAMPLES, RATE_HZ, TICK_S
from media.voice import voice
from tests.support.slow import Slow

pytestmark = pytest.mark.skipif(lib is None, reason="the part in C is not built: set-up found no compiler")
SEATS = {"A": 430, "B": 610, "C": 970}


class Line(Slow):
    """What a listener is sent."""

    def __init__(self) -> None:
        self.payloads: deque[tuple[int, int, bytes]] = deque()

    def send_rtp(self, packet: bytes) -> None:
        read = parse(packet, 0)
        self.payloads.append((read.sequence, read.timestamp, read.payload))

    def send_rtcp(self, packet: bytes) -> None: ...


def listener() -> tuple[Earphone, Line]:
    """An earphone whose first numbers are 0, and where its packets come out."""
    line, sending = Line(), Sending()
    sending.first_sequence = sending.first_timestamp = 0
    sending.start(line, Agreed(111, 0, 1, 0, "us", HeaderWriter()))
    return Earphone(sending), line


def spoken(hz: int, packets: int) -> list[bytes]:
    encoder, sound = Encoder(), voice(hz, 2.0)
    frames = np.resize(sound, packets * FRAME_SAMPLES).reshape(packets, FRAME_SAMPLES)
    return [encoder.encode(frame) for frame in frames]


class Meeting:
    """One desk of either kind with three who speak and hear."""

    def __init__(self, mixing: Desk) -> None:
        self.desk = mixing
        self.voices = {seat: mixing.voice(seat) for seat in SEATS}
        self.ears = {seat: listener() for seat in SEATS}
        self.connect(tuple(SEATS))

    def connect(self, seats: tuple[str, ...]) -> None:
        self.desk.connect({seat: [self.ears[seat][0]] for seat in seats})

    def heard(self, seat: str) -> tuple[tuple[int, int, bytes], ...]:
        found = tuple(self.ears[seat][1].payloads)
        self.ears[seat][1].payloads.clear()
        return found


def decoded(payloads: list[bytes]) -> np.ndarray:
    decoder = Decoder()
    return np.concatenate([decoder.decode(payload).copy() for payload in payloads])


class Tap:
    """Takes the place of libopus' encoder, for either desk: keeps what it is given, and makes packets of one byte."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.frames: dict[str, list[np.ndarray]] = {"C": [], "Python": []}
        self.fails = 0
        """How many times it fails from now on."""
        tap = self

        class Encoder:
            def encode(self, frame: np.ndarray) -> bytes:
                if tap.failing():
                    raise LocalError("libopus cannot encode (error -1)")
                tap.frames["Python"].append(frame.copy())
                return b"\x78"

        monkeypatch.setattr(plain_desk, "Encoder", Encoder)
        self._callback = ffi.callback("int32_t(void *, float *, int, uint8_t *, int32_t)", self._encode)
        native_desk._introduce()
        lib.desks(ffi.cast("void *", self._callback))

    def failing(self) -> bool:
        """Whether it is to fail now."""
        self.fails, fails = max(0, self.fails - 1), self.fails
        return fails > 0

    def _encode(self, _encoder: Any, sound: Any, samples: int, payload: Any, _most: int) -> int:
        if self.failing():
            return -1
        self.frames["C"].append(np.frombuffer(ffi.buffer(sound, samples * 4), dtype=np.float32).copy())
        payload[0] = 0x78
        return 1

    def take(self) -> list[np.ndarray]:
        """What both were given since the last time."""
        taken = [np.array(frames) for frames in self.frames.values()]
        for frames in self.frames.values():
            frames.clear()
        return taken


@pytest.fixture
def tap(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tap]:
    yield Tap(monkeypatch)
    native_desk._introduce.cache_clear()
    native_desk._introduce()


def coming(chance: random.Random, ticks: int) -> Iterator[list[tuple[str, int, bytes, float]]]:
    """By tick, what comes over a bad line: seat, number, payload, when."""
    packets = [
        (at * TICK_S + 0.03 * chance.random(), seat, at, payload)
        for seat, hz in SEATS.items()
        for at, payload in enumerate(spoken(hz, ticks))
        if chance.random() > 0.08 and not 150 < at < 180
    ]
    packets.sort()
    for tick in range(ticks):
        count = sum(at <= tick * TICK_S for at, *_ in packets)
        yield [(seat, number, payload, at) for at, seat, number, payload in packets[:count]]
        del packets[:count]


def gains(chance: random.Random) -> list[tuple[str, str, float | None, float]]:
    return [
        (hears, speaks, chance.choice((None, 0.0, -12.0, -30.0)), chance.choice((0.0, 0.03, 0.5)))
        for hears in SEATS
        for speaks in SEATS
        if chance.random() < 0.8
    ]


@pytest.mark.parametrize("seed", range(4))
def test_both_desks_send_the_same_sound_whatever_the_line_does(tap: Tap, seed: int) -> None:
    chance, loudest = random.Random(seed), 0.0
    meetings = [Meeting(NativeDesk()), Meeting(PlainDesk())]
    for tick, packets in enumerate(coming(chance, 400)):
        aims = gains(chance) if tick % 40 == 0 else None
        for meeting in meetings:
            for seat, number, payload, at in packets:
                meeting.voices[seat].push(number, number * FRAME_SAMPLES, payload, at)
            if aims is not None:
                meeting.desk.aim(aims)
            if tick % 130 == 100:
                meeting.voices["B"].begin_anew()
            meeting.desk.tick(tick, tick * TICK_S)
        ours, theirs = tap.take()
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
        loudest = max(loudest, float(np.abs(ours).max()))
        assert len({tuple(meeting.heard(seat) for seat in SEATS) for meeting in meetings}) == 1
        for ours, theirs in zip(*(meeting.voices.values() for meeting in meetings), strict=True):
            assert (ours.playing, ours.drops, ours.recovered) == (theirs.playing, theirs.drops, theirs.recovered)
            assert ours.speaking == theirs.speaking
            assert (ours.dbfs, ours.delay_s) == pytest.approx((theirs.dbfs, theirs.delay_s), abs=1e-4)
    assert loudest > 0.1


def test_who_leaves_is_heard_no_more_and_who_comes_back_hears_as_loud_as_before() -> None:
    for meeting in (Meeting(NativeDesk()), Meeting(PlainDesk())):
        meeting.desk.aim([("B", "A", -6.0, 0.0)])
        said = spoken(SEATS["A"], 200)

        def loud(ticks: range, meeting: Meeting = meeting, said: list[bytes] = said) -> float:
            for at in ticks:
                if "A" in meeting.voices:
                    meeting.voices["A"].push(at, at * FRAME_SAMPLES, said[at], at * TICK_S)
                meeting.desk.tick(at, at * TICK_S)
            sound = decoded([payload for _, _, payload in meeting.heard("B")])
            return float(np.sqrt(np.mean(np.square(sound[len(sound) // 2 :]))))

        before = loud(range(60))
        del meeting.voices["A"]
        meeting.desk.dismiss("A")
        assert loud(range(60, 100)) < 0.001 < before
        meeting.voices["A"] = meeting.desk.voice("A")
        assert loud(range(100, 160)) == pytest.approx(before, rel=0.05)
        meeting.connect(("A", "C"))
        meeting.desk.tick(160, 160 * TICK_S)
        assert meeting.heard("B") == ()
        assert len(meeting.heard("C")) == 161


def test_who_stops_hearing_in_the_tick_in_which_another_leaves_is_sent_nothing_more() -> None:
    for meeting in (Meeting(NativeDesk()), Meeting(PlainDesk())):
        meeting.connect(("A", "B"))
        meeting.desk.dismiss("A")
        meeting.connect(())
        meeting.desk.tick(0, 0.0)
        assert (meeting.heard("A"), meeting.heard("B")) == ((), ())


def test_a_listener_for_whom_nothing_can_be_encoded_silences_no_other(tap: Tap) -> None:
    for meeting in (Meeting(NativeDesk()), Meeting(PlainDesk())):
        for tick in range(3):
            tap.fails = 1
            with pytest.raises(LocalError, match="1 listeners"):
                meeting.desk.tick(tick, tick * TICK_S)
        assert [len(meeting.heard(seat)) for seat in SEATS] == [0, 3, 3]
        meeting.desk.tick(3, 3 * TICK_S)
        assert [len(meeting.heard(seat)) for seat in SEATS] == [1, 1, 1]


@pytest.mark.parametrize("make", [NativeDesk, PlainDesk])
def test_lasting_stillness_is_encoded_no_more_until_somebody_speaks(tap: Tap, make: type[Desk]) -> None:
    meeting = Meeting(make())
    meeting.desk.aim([("B", "A", 0.0, 0.0), ("B", "C", 0.0, 0.0), ("A", "C", 0.0, 0.0)])
    muted = Encoder().encode(np.zeros(FRAME_SAMPLES, dtype=np.float32))

    def encoded(ticks: range) -> int:
        for at in ticks:
            meeting.voices["C"].push(at, at * FRAME_SAMPLES, muted, at * TICK_S)
            meeting.desk.tick(at, at * TICK_S)
        return sum(len(frames) for frames in tap.frames.values())

    assert encoded(range(100)) == len(SEATS) * STILL_PACKETS
    for at, payload in enumerate(spoken(SEATS["A"], 20), start=100):
        meeting.voices["A"].push(at, at * FRAME_SAMPLES, payload, at * TICK_S)
    assert encoded(range(100, 125)) > len(SEATS) * STILL_PACKETS + 20
    for seat in SEATS:
        assert [number for number, _, _ in meeting.heard(seat)] == list(range(125)), "one packet each tick all the same"


@pytest.mark.parametrize("make", [NativeDesk, PlainDesk])
def test_who_speaks_after_a_long_silence_sounds_as_after_a_short_one(make: type[Desk]) -> None:
    heard = []
    for pause in (STILL_PACKETS - 10, 10 * STILL_PACKETS):
        meeting = Meeting(make())
        meeting.desk.aim([("B", "A", 0.0, 0.0)])
        said = spoken(SEATS["A"], 50)
        for at in range(pause + 50):
            if at >= pause:
                meeting.voices["A"].push(at - pause, at * FRAME_SAMPLES, said[at - pause], at * TICK_S)
            meeting.desk.tick(at, at * TICK_S)
        heard.append(decoded([payload for _, _, payload in meeting.heard("B")])[pause * FRAME_SAMPLES :])
    short, long = heard
    assert np.sqrt(np.mean(np.square(short))) > 0.05
    assert np.sqrt(np.mean(np.square(long - short))) < 0.05 * np.sqrt(np.mean(np.square(short)))


@pytest.mark.parametrize("make", [NativeDesk, PlainDesk])
def test_clocks_that_drift_for_minutes_and_numbers_that_wrap_leave_the_delay_as_it_was(make: type[Desk]) -> None:
    mixing, said = make(), spoken(SEATS["A"], 100)
    voices = [(mixing.voice(seat), drift) for seat, drift in {"A": 1e-3, "B": -1e-3}.items()]
    nexts, delays = [0, 0], []
    for tick in range(4000):  # 80 ms of drift
        for at, (one, drift) in enumerate(voices):
            while (sent_s := nexts[at] * TICK_S * (1.0 + drift)) <= tick * TICK_S:
                number, timestamp = 64_000 + nexts[at], (1 << 32) - 2_000_000 + nexts[at] * FRAME_SAMPLES
                one.push(number & 0xFFFF, timestamp & 0xFFFFFFFF, said[nexts[at] % 100], sent_s)
                nexts[at] += 1
        mixing.tick(tick, tick * TICK_S)
        if tick >= 200:
            delays += [one.delay_s or 0.0 for one, _ in voices]
    assert min(delays) > 0.005
    assert max(delays) < 0.060
    assert [one.drops["sound_in"] for one, _ in voices] == [0, 0]


def test_a_gain_that_cannot_be_changes_nothing() -> None:
    mixing = NativeDesk()
    mixing.aim([("B", "A", -6.0, 0.5)])
    for bad in (("B", "A", math.inf, 0.0), ("B", "A", math.nan, 0.0), ("B", "A", 0.0, -1.0), ("B", "A", 0.0, math.inf)):
        with pytest.raises(ValueError, match="finite"):
            mixing.aim([("B", "C", 0.0, 0.0), bad])
    cells = mixing._listeners["B"].cells
    assert {source: cell.gain.target for source, cell in cells.items()} == {"A": -6.0}


def test_cells_that_are_silent_for_good_are_forgotten() -> None:
    mixing = NativeDesk()
    mixing.aim([("B", "A", -6.0, 0.0), ("B", "C", 0.0, 0.0)])
    mixing.aim([("B", "C", 0.0, 0.0)])
    for tick in range(10):
        mixing.tick(tick, tick * TICK_S)
    mixing.aim([("B", "C", 0.0, 0.0)])
    assert mixing._listeners["B"].cells.keys() == {"C"}
    mixing.aim([])
    for tick in range(10, 20):
        mixing.tick(tick, tick * TICK_S)
    mixing.aim([])
    assert mixing._listeners == {}


def ramped(ramp: Any) -> np.ndarray:
    gains = np.zeros(FRAME_SAMPLES, dtype=np.float32)
    moves = lib.ramp_next(ramp, ffi.from_buffer("float[]", gains), FRAME_SAMPLES)
    return gains if moves else np.full(FRAME_SAMPLES, ramp.present, dtype=np.float32)


@pytest.mark.parametrize("seed", range(20))
def test_gains_move_as_in_python(seed: int) -> None:
    chance = random.Random(seed)
    ours, theirs = ffi.new("ramp *"), Ramp(-20.0)
    lib.ramp_begin(ours, -20.0)
    for _ in range(200):
        if chance.random() < 0.3:
            db, ramp_s = chance.choice((None, 0.0, -20.0, -59.0, -61.0, -90.0, 12.0)), chance.uniform(0.0, 0.3)
            theirs.aim(db, ramp_s)
            lib.ramp_aim(ours, -math.inf if db is None else db, max(240, round(ramp_s * RATE_HZ)))
        if chance.random() < 0.3:
            theirs.skip()
            lib.ramp_skip(ours, FRAME_SAMPLES)
        else:
            expected = np.broadcast_to(np.float32(theirs.next()), FRAME_SAMPLES)
            np.testing.assert_allclose(ramped(ours), expected, rtol=2e-6, atol=1e-9)
        assert ours.present == pytest.approx(theirs.present, rel=1e-12)
        assert bool(ours.legs_count) != theirs.settled


def test_the_machine_has_the_faster_one() -> None:
    assert isinstance(desk(), NativeDesk)
