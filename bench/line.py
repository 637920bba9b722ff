"""What a line does to packets: loss at random or in bursts, jitter and delay; the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Impairment:
    """What happens to packets now.

    `loss` is the share of packets lost (0 ... 1), in runs of `burst`; each other one takes `delay_s` and up to
    `jitter_s` more, evenly spread.
    """

    loss: float = 0.0
    burst: int = 1
    jitter_s: float = 0.0
    delay_s: float = 0.0

    def __str__(self) -> str:
        said = (
            [f"{self.loss:.0%} lost" + (f" in bursts of {self.burst}" if self.burst > 1 else "")] if self.loss else []
        )
        said += [f"{self.jitter_s * 1000:.0f} ms jitter"] if self.jitter_s else []
        said += [f"{self.delay_s * 1000:.0f} ms delay"] if self.delay_s else []
        return ", ".join(said) or "clean"


CLEAN = Impairment()


class Line:
    """One way of a line. Change `impairment` at any time; a packet's fate is drawn when it enters."""

    def __init__(self, impairment: Impairment = CLEAN, seed: int = 0) -> None:
        self.impairment = impairment
        self._random = random.Random(seed)
        self._to_lose = 0
        self.passed = self.lost = 0

    def fate(self) -> float | None:
        """Seconds that the next packet takes; None when it is lost."""
        now = self.impairment
        if self._to_lose > 0:
            self._to_lose -= 1
            self.lost += 1
            return None
        # A burst begins so often that the share of lost packets is `loss`: the odds count packets outside of bursts.
        odds = now.loss / (now.burst - now.loss * (now.burst - 1)) if now.loss else 0.0
        if odds and self._random.random() < odds:
            self._to_lose = now.burst - 1
            self.lost += 1
            return None
        self.passed += 1
        return now.delay_s + (self._random.random() * now.jitter_s if now.jitter_s else 0.0)
