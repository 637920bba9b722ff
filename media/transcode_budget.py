"""Which pictures may be made on how much of the processor: full rate, fewer pictures a second, or none.

Sound and forwarding are not in here: they get their part first, and this is the rest. Rate goes before pictures, and
who came last gives first.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

RESERVED_CORES = 0.75
"""Five consultations' sound and forwarding at 0.1 core each (measured, README), and the front process."""
LEAST_CORES = 0.25
"""On a single core: one picture of 1280x1024 at 15 a second."""
EVERY = (1, 2, 3)
"""Shown: each picture, every second or third; of a camera's 30 a second 10 are left, which still show a gesture."""
REFUSED = 0
DECODE_S = 0.002
"""CPU for one picture of 720p, before it is measured."""
ENCODE_PIXEL_S = 8e-9
"""CPU to scale and encode one pixel, before it is measured: 10 ms for 1280x1024."""
PICTURES_PER_S = 30.0
RAISE_S = 5.0
"""What was lowered stays so for this long, or a rate would flap with the measurement."""
RAISE_ROOM = 0.85
"""It is raised only where it would fit into so much of the budget."""
FRESH = 0.5
"""Weight of the last second against all before it."""


def cores_for_pictures(cores: int) -> float:
    """The part of a machine with so many cores that may be spent on making pictures anew."""
    return max(LEAST_CORES, cores - RESERVED_CORES)


@dataclass(frozen=True, slots=True)
class Wish:
    """One output: `output` names it, `source` whose picture it is; cores that each would take at full rate."""

    output: Hashable
    source: Hashable
    decode_cores: float
    encode_cores: float


@dataclass(slots=True)
class Spent:
    """What a source's process says of a span: CPU, pictures offered and decoded, pixels encoded."""

    decode_s: float = 0.0
    encode_s: float = 0.0
    offered: int = 0
    decoded: int = 0
    pixels: int = 0


@dataclass(slots=True)
class Price:
    """What one source's pictures cost, as measured."""

    decode_s: float = DECODE_S
    encode_pixel_s: float = ENCODE_PIXEL_S
    pictures_per_s: float = PICTURES_PER_S

    def learn(self, span_s: float, cpu_s: float, spent: Spent) -> None:
        """Take a span's figures; `cpu_s` is the kernel's, and the process only says how it fell on what it did.

        A span in which nothing was decoded says nothing.
        """
        if not spent.decoded or span_s <= 0:
            return
        said_s = spent.decode_s + spent.encode_s
        part = spent.decode_s / said_s if said_s > 0 else 1.0
        self.decode_s = _mixed(self.decode_s, cpu_s * part / spent.decoded)
        if spent.pixels:
            self.encode_pixel_s = _mixed(self.encode_pixel_s, cpu_s * (1 - part) / spent.pixels)
        self.pictures_per_s = _mixed(self.pictures_per_s, spent.offered / span_s)

    def wish(self, output: Hashable, source: Hashable, pixels: int) -> Wish:
        """What an output of so many pixels would take at full rate."""
        rate = self.pictures_per_s
        return Wish(output, source, self.decode_s * rate, self.encode_pixel_s * pixels * rate)


def cost(wishes: Sequence[Wish], every: dict[Hashable, int]) -> float:
    """The cores that these outputs take together; a source is decoded once, however many look."""
    decoding = {wish.source: wish.decode_cores for wish in wishes if every[wish.output]}
    encoding = sum(wish.encode_cores / every[wish.output] for wish in wishes if every[wish.output])
    return sum(decoding.values()) + encoding


def share(wishes: Sequence[Wish], cores: float, best: int = EVERY[0]) -> dict[Hashable, int]:
    """For each output which nth picture is shown (of EVERY, `best` at best), or REFUSED; `wishes` first come first."""
    every: dict[Hashable, int] = {wish.output: best for wish in wishes}
    while cost(wishes, every) > cores:
        lower = next((one for one in reversed(wishes) if every[one.output] not in (REFUSED, EVERY[-1])), None)
        if lower is not None:
            every[lower.output] = EVERY[EVERY.index(every[lower.output]) + 1]
            continue
        last = next((one for one in reversed(wishes) if every[one.output]), None)
        if last is None:
            break
        every[last.output] = REFUSED
    for wish in wishes:  # what a refusal left over
        while every[wish.output] > best:
            better = every | {wish.output: EVERY[EVERY.index(every[wish.output]) - 1]}
            if cost(wishes, better) > cores:
                break
            every = better
    return every


@dataclass(slots=True)
class Budget:
    """What each output has been given; lowered at once, raised after a while."""

    cores: float
    best: int = EVERY[0]
    """Which nth picture an output gets at best: under pressure fewer than there is budget for."""
    _given: dict[Hashable, int] = field(default_factory=dict)
    _since: dict[Hashable, float] = field(default_factory=dict)

    def review(self, wishes: Sequence[Wish], now: float) -> dict[Hashable, int]:
        """Divide the budget among these outputs, in the order in which they came; as `share`."""
        fitting, roomy = (share(wishes, self.cores * room, self.best) for room in (1.0, RAISE_ROOM))
        given: dict[Hashable, int] = {}
        for wish in wishes:
            had, fits = self._given.get(wish.output), fitting[wish.output]
            if had is None or _is_better(had, fits):
                given[wish.output] = fits
            elif _is_better(roomy[wish.output], had) and now - self._since[wish.output] >= RAISE_S:
                given[wish.output] = roomy[wish.output]
            else:
                given[wish.output] = had
            if had != given[wish.output]:
                self._since[wish.output] = now
        self._given = given
        self._since = {output: at for output, at in self._since.items() if output in given}
        return dict(given)


BEST_FIRST = (*EVERY, REFUSED)


def _is_better(one: int, other: int) -> bool:
    return BEST_FIRST.index(one) < BEST_FIRST.index(other)


def _mixed(before: float, now: float) -> float:
    return before + FRESH * (now - before)
