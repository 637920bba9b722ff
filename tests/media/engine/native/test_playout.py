"""The playout in C decides exactly as the one in Python: every call is made to both, and compared after each."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import delay as delay_module
from media import jitter_buffer
from media.delay import Delay
from media.engine.native import ffi, lib
from media.opus import carries_previous, duration_samples
from media.playout import Kind
from media.sound import RATE_HZ
from tests.support.line_of_sound import payload, play
from tests.support.rough_line import LENGTHS, RoughLine, Weather, opus
from tests.support.twin_playout import HELD_S, TwinPlayout

pytestmark = pytest.mark.skipif(lib is None, reason="this machine has no C compiler")

MINUTE = 50 * 60  # ticks
FILLED = ("decode", "mend", "conceal")

# Each with what must have happened in it, or it would prove nothing.
WEATHERS: dict[str, tuple[Weather, tuple[str, ...]]] = {
    "clean": (Weather(), ("decode",)),
    "lossy": (Weather(loss=0.05, jitter_ms=8.0), FILLED),
    "bursts": (Weather(loss=0.02, burst=15), FILLED),
    "jitter": (Weather(jitter_ms=60.0, late=0.004, loss=0.01, twice=0.02), (*FILLED, "late", "duplicates")),
    "jitter of whole milliseconds": (Weather(jitter_ms=30.0, grain_ms=1.0, loss=0.01), (*FILLED, "stretched")),
    "jitter of whole ticks": (Weather(0.01, 1, 70.0, grain_ms=20.0, relength=0.002), (*FILLED, "stretched")),
    "storm": (Weather(jitter_ms=400.0, loss=0.2, burst=3, twice=0.2), (*FILLED, "stretched", "late", "duplicates")),
    "pauses": (Weather(pausing=True, jitter_ms=20.0, loss=0.02), (*FILLED, "pause")),
    "restarts": (Weather(restart=0.01, loss=0.02, jitter_ms=15.0), (*FILLED, "restarts", "idle")),
    "a sender that halts": (Weather(halt=0.005, jitter_ms=10.0), ("decode", "conceal", "idle", "underruns")),
    "outages": (Weather(outage=0.004, jitter_ms=10.0), ("decode", "conceal", "skipped", "late", "stretched")),
    "a reader that stalls": (Weather(stall=0.01, jitter_ms=10.0), ("decode", "stalled", "dropped", "idle")),
    "a reader that changes nothing": (Weather(jitter_ms=80.0, lazy=0.99, late=0.01, loss=0.01), (*FILLED, "late")),
    "lengths that change": (Weather(relength=0.01, jitter_ms=20.0, loss=0.02), (*FILLED, "stretched", "late")),
    "anything for packets": (Weather(garbage=0.3, jitter_ms=10.0, loss=0.02), FILLED),
    "a fast clock": (Weather(ppm=200.0, jitter_ms=5.0), ("decode", "stretched")),
    "a slow clock": (Weather(ppm=-200.0, jitter_ms=5.0), ("decode", "stretched")),
    "all at once": (
        Weather(0.03, 4, 40.0, 0.002, 0.5, 0.03, 0.001, 0.001, 0.001, 0.003, 0.02, True, 0.001, 0.3, 100.0),
        (*FILLED, "pause", "idle", "stretched", "late", "skipped", "underruns", "dropped", "duplicates", "restarts"),
    ),
}


def happened(line: RoughLine) -> dict[str, int]:
    playout, buffer = line.playout, line.playout.buffer
    counted = {"late": playout.late, "skipped": playout.skipped, "underruns": playout.underruns}
    counted |= {"dropped": buffer.dropped, "duplicates": buffer.duplicates, "restarts": buffer.restarts}
    return counted | line.seen


@pytest.mark.parametrize("name", WEATHERS)
def test_in_any_weather_both_decide_alike(name: str) -> None:
    weather, brings = WEATHERS[name]
    line = RoughLine(TwinPlayout(), weather, seed=len(name))
    line.run(2 * MINUTE)
    assert [what for what in brings if not happened(line).get(what)] == [], happened(line)


@pytest.mark.parametrize("samples", LENGTHS)
def test_with_packets_of_any_length_both_decide_alike(samples: int) -> None:
    weather = Weather(loss=0.03, burst=2, jitter_ms=45.0, late=0.005, outage=0.0005, samples=samples)
    line = RoughLine(TwinPlayout(), weather, seed=samples)
    line.run(MINUTE)
    assert {"decode", "mend" if samples >= 480 else "conceal", "stretched"} <= line.seen.keys()


@pytest.mark.parametrize("ppm", [-200.0, 200.0])
def test_over_an_hour_with_clocks_200_ppm_apart_both_decide_alike(ppm: float) -> None:
    twin, hour = TwinPlayout(), 60 * MINUTE
    arrivals = [(number * 20.0 * (1.0 - ppm / 1e6), number) for number in range(hour)]
    ticks = play(twin, arrivals, hour - 50, first=65_000, offset=(1 << 32) - 1_000_000)
    assert sum(abs(tick.stretched) for tick in ticks) > 30_000, "samples; 34560 drift apart"


# Milliseconds and whole packets, so that ties come up; and whatever a stranger may send.
steps_of_sequence = st.one_of(st.integers(-3, 4), st.sampled_from([-101, -100, 49, 50, 100, 101, 0x8000, 0xFFFF]))
steps_of_time = st.one_of(
    st.sampled_from([None, 0, 120, 480, 960, 2880, 9600, 10560, 24_000, 25_000, 2_880_000, 2_880_001, -960]),
    st.integers(0, 0xFFFFFFFF),
)
payloads = st.one_of(
    st.sampled_from([payload(0), payload(0, mending=False), b"\x48", b"\x40\x40\0\0", b"\x58\x10\0\0", b"\x80\0\0"]),
    st.binary(max_size=12),
    st.sampled_from([1500, 1501]).map(bytes),
)
pushes = st.tuples(st.just("push"), steps_of_sequence, steps_of_time, payloads)
calls = st.one_of(
    pushes,
    pushes,
    st.tuples(st.just("pass"), st.sampled_from([1, 5, 10, 20, 20, 100, 600])),
    st.tuples(st.just("tick"), st.integers(0, 3000)),
    st.tuples(st.just("tick"), st.sampled_from([0, 0, 960])),
    st.tuples(st.just("ticks"), st.integers(1, 45)),
    st.tuples(st.just("changed"), st.integers(-2000, 2000)),
)


@given(st.lists(calls, max_size=80), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF))
@settings(max_examples=150, deadline=None)
def test_whatever_is_called_both_decide_alike(made: list[Any], sequence: int, timestamp: int) -> None:
    twin, now_ms = TwinPlayout(), 1000
    for name, *what in made:
        match name:
            case "push":
                step, span, body = what
                sequence = (sequence + step) & 0xFFFF
                timestamp = (timestamp + (step * 960 if span is None else span)) & 0xFFFFFFFF
                twin.push(sequence, timestamp, body, now_ms / 1000)
            case "pass":
                now_ms += what[0]
            case "tick":
                twin.pop(now_ms / 1000)
                twin.settle(now_ms / 1000, what[0])
                now_ms += 20
            case "ticks":  # a source that goes on as it should
                for _ in range(what[0]):
                    sequence, timestamp = (sequence + 1) & 0xFFFF, (timestamp + 960) & 0xFFFFFFFF
                    twin.push(sequence, timestamp, payload(0), now_ms / 1000)
                    twin.pop((now_ms + 10) / 1000)
                    twin.settle((now_ms + 10) / 1000, 0)
                    now_ms += 20
            case "changed":
                twin.changed(what[0])


@pytest.mark.parametrize("first", [0, 0xFFFF])
def test_a_stray_packet_of_any_number_is_no_restart(first: int) -> None:
    twin = TwinPlayout()
    for number in range(3):
        twin.push(5000 + number, number * 960, payload(number), number * 0.02)
    twin.push(first, 1_000_000_000, payload(0), 0.06)
    assert (twin.native.restarts, twin.native.waiting) == (0, 3)
    twin.push((first + 1) & 0xFFFF, 1_000_000_960, payload(0), 0.06)
    assert (twin.native.restarts, twin.native.waiting, twin.native.dropped) == (1, 1, 3)


def test_a_payload_holds_until_the_next_push_or_pop() -> None:
    twin, found = TwinPlayout(), ffi.new("due *")
    for number in range(3):
        twin.push(number, number * 960, bytes([0x48, number]) * 700, number * 0.02)
    lib.playout_pop(twin.native, 0.05, found)
    assert found.kind == lib.DUE_DECODE
    said = ffi.buffer(found.payload, found.bytes)[:]
    lib.playout_settle(twin.native, 0.05, 0)
    lib.playout_changed(twin.native, 5)
    assert (lib.playout_ready(twin.native), lib.playout_clock(twin.native) % 960) == (1, 0)
    assert ffi.buffer(found.payload, found.bytes)[:] == said == bytes([0x48, said[1]]) * 700


@pytest.mark.parametrize("size", [0, 1501, 60_000])
def test_a_payload_that_no_datagram_brings_is_left_out(size: int) -> None:
    native, found = ffi.new("playout *"), ffi.new("due *")
    lib.playout_begin(native)
    for number in range(20):
        lib.playout_push(native, number, number * 960, bytes(size), size, number * 0.02)
        lib.playout_pop(native, number * 0.02, found)
        assert found.kind == lib.DUE_IDLE
    assert (native.waiting, native.begun, native.dropped) == (0, 0, 0)


def test_a_playout_that_begins_again_is_as_a_fresh_one() -> None:
    used, fresh = TwinPlayout(), ffi.new("playout *")
    RoughLine(used, WEATHERS["all at once"][0], 7).run(MINUTE)
    lib.playout_begin(used.native)
    lib.playout_begin(fresh)
    assert ffi.buffer(used.native)[:] == ffi.buffer(fresh)[:]


def test_as_many_packets_are_kept_and_remembered() -> None:
    assert (lib.PLAYOUT_PACKETS, lib.DELAY_PACKETS) == (jitter_buffer.CAPACITY, delay_module.CAPACITY)


@pytest.mark.parametrize(
    "tail", [b"", b"\x40", b"\xff\xff", b"\xfc\x00\x40\x14", b"\x01" * 64, b"\xff" * 90, b"\x10" * 3]
)
def test_every_beginning_of_a_packet_is_read_alike(tail: bytes) -> None:
    for first in range(256):
        assert said(bytes([first])) == read(bytes([first]))
        for second in range(256):
            packet = bytes([first, second]) + tail
            assert said(packet) == read(packet), packet


@given(st.binary(max_size=80), st.integers(0, 1 << 30), st.sampled_from(LENGTHS))
@settings(max_examples=200, deadline=None)
def test_any_packet_is_read_alike(anything: bytes, seed: int, samples: int) -> None:
    proper = opus(random.Random(seed), samples)
    assert said(anything) == read(anything)
    assert said(proper) == read(proper) == (samples, carries_previous(proper))


def said(packet: bytes) -> tuple[int, bool]:
    return duration_samples(packet), carries_previous(packet)


def read(packet: bytes) -> tuple[int, bool]:
    going_on = packet + b"\xff" * 4  # which is not the packet's any more
    return lib.packet_samples(going_on, len(packet)), bool(lib.packet_mends(going_on, len(packet)))


arrivals_ms = st.lists(st.one_of(st.none(), st.integers(-20, 260), st.floats(-50.0, 700.0)), max_size=90)


@given(arrivals_ms, st.sampled_from(LENGTHS), st.integers(0, 7), st.integers(-4, 70), st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_whatever_came_the_same_delay_is_wanted(
    transits_ms: list[float | None], samples: int, mending: int, excused: int, times: int
) -> None:
    delay, native = Delay(), ffi.new("delay *")
    lib.delay_begin(native)
    chance = random.Random(mending)
    transits = transits_ms * times
    for number, transit_ms in enumerate(transits):
        if transit_ms is None:
            continue
        packet = opus(chance, samples) if mending else bytes([FIRST_OF[samples], 0, 0, 0])
        now = number * samples / RATE_HZ + transit_ms / 1000
        delay.arrived(number - 5, number * samples, packet, now)
        lib.delay_arrived(native, number - 5, number * samples, *read(packet), now)
    agree(delay, native)
    delay.excuse(excused, excused + 30)
    lib.delay_excuse(native, excused, excused + 30)
    agree(delay, native)


def test_a_number_from_before_the_first_is_remembered_alike() -> None:
    delay, native = Delay(), ffi.new("delay *")
    ffi.memmove(native, b"\xa5" * ffi.sizeof("delay"), ffi.sizeof("delay"))
    lib.delay_begin(native)
    for number, transit_s in ((5, 0.0), (-3, 0.9), (1, 0.95), (0, 0.93)):  # the second begins another time
        now = number * 0.02 + transit_s
        delay.arrived(number, number * 960, payload(0), now)
        lib.delay_arrived(native, number, number * 960, *read(payload(0)), now)
        agree(delay, native)
    assert (native.newest, native.count) == (1, 5)


FIRST_OF = {120: 0x80, 240: 0x88, 480: 0x40, 960: 0x48, 1920: 0x50, 2880: 0x58, 5760: 0x59}


def agree(delay: Delay, native: Any) -> None:
    assert lib.delay_experienced(native) == delay.experienced
    assert lib.delay_step_samples(native) == round(delay.step_s * RATE_HZ)
    for lead_ms in (-1000.0, -3.0, 0.0, 5.0, 8.0, 21.0, 22.0, 40.0, 48.0, 113.0, 200.0, 260.5, 930.0, 5000.0):
        assert lib.delay_steps(native, lead_ms / 1000) == delay.steps(lead_ms / 1000), lead_ms
        assert abs(lib.delay_held_s(native, lead_ms / 1000) - delay.held_s(lead_ms / 1000)) < HELD_S


def test_what_is_due_is_counted_in_one_order() -> None:
    constants = (lib.DUE_IDLE, lib.DUE_DECODE, lib.DUE_MEND, lib.DUE_CONCEAL, lib.DUE_PAUSE)
    assert constants == tuple(range(len(Kind)))
