"""The two pure machines, a booth's and a loopback test's, with one face for the queue that drives them."""

from __future__ import annotations

from typing import Protocol

from signaling import booth, loopback, step
from signaling.effects import Effect
from signaling.inputs import Input


class Machine(Protocol):
    """A state, and what becomes of it."""

    def step(self, happened: Input, now: float) -> tuple[Machine, tuple[Effect, ...]]:
        """The machine after an input, and what is to be done."""

    def deadline(self) -> float | None:
        """When it wants `Elapsed`."""


class BoothMachine:
    """A booth."""

    def __init__(self, state: booth.Booth) -> None:
        self.state = state

    def step(self, happened: Input, now: float) -> tuple[BoothMachine, tuple[Effect, ...]]:
        state, effects = step.step(self.state, happened, now)
        return BoothMachine(state), effects

    def deadline(self) -> float | None:
        return step.deadline(self.state)


class LoopbackMachine:
    """A loopback test, which has no clock."""

    def __init__(self, state: loopback.Loopback) -> None:
        self.state = state

    def step(self, happened: Input, now: float) -> tuple[LoopbackMachine, tuple[Effect, ...]]:
        state, effects = loopback.step(self.state, happened)
        return LoopbackMachine(state), effects

    def deadline(self) -> float | None:
        return None
