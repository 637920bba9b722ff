"""A source, its line and its playout in simulated time, without a codec: what is played, and how long after sending."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from media.playout import Kind, Playout
from media.sound import FRAME_SAMPLES

TICK_MS = 20.0
MENDING = b"\x48\x40"  # SILK, 20 ms, one frame, and its LBRR flag (RFC 6716 section 4.2.4)
PLAIN = b"\x48\x00"
PERIOD = 400  # samples by which sound is stretched at once: a voice at 120 Hz

Arrival = tuple[float, int]
"""When (ms), and which packet."""


@dataclass(frozen=True)
class Tick:
    """What one tick did."""

    kinds: tuple[Kind, ...]
    numbers: tuple[int, ...]
    """Packets that were decoded."""
    delay_ms: float | None
    """From sending to playing; None while idle."""
    stretched: int


def payload(number: int, mending: bool = True, toc: bytes | None = None) -> bytes:
    """A packet that tells its number; SILK of 20 ms unless another first byte is given."""
    head = MENDING if mending else PLAIN
    return (toc + head[1:] if toc else head) + number.to_bytes(4, "big")


def sent(count: int, *, every_ms: float = TICK_MS, lost: Iterable[int] = ()) -> list[Arrival]:
    """Packets that arrive as soon as they are sent."""
    gone = set(lost)
    return [(number * every_ms, number) for number in range(count) if number not in gone]


def play(
    playout: Playout,
    arrivals: Iterable[Arrival],
    ticks: int,
    *,
    phase_ms: float = 10.0,
    first: int = 0,
    offset: int = 0,
    samples: int = FRAME_SAMPLES,
    mending: bool = True,
    check: Callable[[], None] = lambda: None,
) -> Iterator[Tick]:
    """Push packets when they arrive, play one frame every 20 ms, stretch as wanted."""
    queue = iter(sorted(arrivals))
    coming = next(queue, None)
    held = 0
    for tick in range(ticks):
        now_ms = tick * TICK_MS + phase_ms
        while coming is not None and coming[0] <= now_ms:
            at_ms, number = coming
            sequence, timestamp = (first + number) & 0xFFFF, (offset + number * samples) & 0xFFFFFFFF
            playout.push(sequence, timestamp, payload(number, mending), at_ms / 1000)
            check()
            coming = next(queue, None)
        kinds, numbers = [], []
        while held < FRAME_SAMPLES or (playout.change < 0 and held < 2 * FRAME_SAMPLES and playout.ready):
            due = playout.pop(now_ms / 1000)
            kinds.append(due.kind)
            if due.kind is Kind.IDLE:
                break
            if due.kind is Kind.DECODE:
                numbers.append(int.from_bytes(due.payload[2:], "big"))
            held += due.samples
        stretched = 0
        if playout.change > 0:
            stretched = min(PERIOD, playout.change + 119)
        elif playout.change < 0 and held > FRAME_SAMPLES:
            stretched = -min(-playout.change, PERIOD, held - FRAME_SAMPLES)
        if stretched and (stretched > 0 or -stretched >= 120):
            held += stretched
            playout.changed(stretched)
        else:
            stretched = 0
        delay_ms = None
        if held >= FRAME_SAMPLES:
            delay_ms = now_ms - (playout.clock - held - offset) / 48
            held -= FRAME_SAMPLES
            playout.settle(now_ms / 1000, held)
        else:
            held = 0
        yield Tick(tuple(kinds), tuple(numbers), delay_ms, stretched)
