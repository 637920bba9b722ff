"""What is made of one source: a picture in each distinct shape that somebody sees, once for all who see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from media.transcode_budget import REFUSED
from media.transcode_wire import MOST_OUTPUTS, Order, OutputOrder

NUMBERS = 256
"""On the wire."""


@dataclass(frozen=True, slots=True)
class MadeFrame:
    """One picture made for a screen, in VP8; `timestamp` (90 kHz) is the source's own."""

    payload: bytes
    timestamp: int
    key: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What a distinct output is made of."""

    width: int
    height: int
    framing: str

    @property
    def pixels(self) -> int:
        return self.width * self.height


@dataclass(slots=True)
class Output:
    """One encoded output, by the number that the process knows, and who takes its frames."""

    number: int
    shape: Shape
    arrived_s: float
    """When it came, in monotonic seconds."""
    viewers: frozenset[str] = frozenset()
    rates: dict[str, int] = field(default_factory=dict)
    """What each viewer's line carries, as far as it said: the slowest counts."""
    key_wanted: bool = False
    every: int | None = None
    """Which nth picture is shown; REFUSED: none; None: nothing was given to it yet."""

    def order(self) -> OutputOrder:
        """It as the process is told; a key frame is asked for once."""
        shape, key, self.key_wanted = self.shape, self.key_wanted, False
        bits_per_s = min(self.rates.values(), default=0)
        every = self.every or 1
        return OutputOrder(self.number, shape.width, shape.height, shape.framing, bits_per_s, every, key)


class Outputs:
    """All of one source, MOST_OUTPUTS at most. `told` is False from any change on until `order` is asked for."""

    def __init__(self) -> None:
        self._outputs: dict[Shape, Output] = {}
        self._number = 0
        self.told = False

    def __len__(self) -> int:
        return len(self._outputs)

    def __iter__(self) -> Iterator[Output]:
        return iter(self._outputs.values())

    def show(self, viewers: Mapping[str, Shape], now: float) -> int:
        """Set who sees which shape; `now` is monotonic. Returns how many shapes found no place."""
        shapes = list(dict.fromkeys(viewers.values()))
        outputs: dict[Shape, Output] = {}
        for shape in shapes[:MOST_OUTPUTS]:
            output = self._outputs.get(shape) or Output(self._next_number(), shape, now)
            seeing = frozenset(viewer for viewer, seen in viewers.items() if seen == shape)
            output.key_wanted = output.key_wanted or bool(seeing - output.viewers)
            output.viewers = seeing
            output.rates = {viewer: rate for viewer, rate in output.rates.items() if viewer in seeing}
            outputs[shape] = output
        self._outputs, self.told = outputs, False
        return len(shapes) - len(outputs)

    def want_key_frame(self, viewer: str) -> None:
        """A viewer lost its picture."""
        for output in self:
            if viewer in output.viewers:
                output.key_wanted, self.told = True, False

    def want_rate(self, viewer: str, bits_per_s: int) -> None:
        """A viewer's line carries this much."""
        for output in self:
            if viewer in output.viewers:
                output.rates[viewer], self.told = bits_per_s, False

    def give(self, every: Mapping[Shape, int]) -> int:
        """Show every nth picture of each shape; returns how many are refused that were not."""
        refused = 0
        for shape, output in self._outputs.items():
            given = every.get(shape, REFUSED)
            refused += given == REFUSED != output.every
            if given != output.every:
                output.every, self.told = given, False
        return refused

    @property
    def are_made(self) -> bool:
        """Whether any is to be made now."""
        return any(output.every for output in self)

    def order(self) -> Order:
        """Everything that is to be made, as the process is told."""
        self.told = True
        return Order(tuple(output.order() for output in self if output.every))

    def _next_number(self) -> int:
        """None that the process still knows as another output's."""
        taken = {output.number for output in self}
        self._number = next(one for at in range(NUMBERS) if (one := (self._number + at + 1) % NUMBERS) not in taken)
        return self._number
