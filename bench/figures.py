"""Percentiles, medians with their ranges, and ratios within one run."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that `share` (0 ... 1) of all do not exceed (nearest rank); nan without values."""
    ranked = sorted(values)
    if not ranked:
        return math.nan
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


@dataclass(frozen=True, slots=True)
class Spread:
    """What several runs gave: median, lowest, highest, and each run in its order."""

    median: float
    low: float
    high: float
    runs: tuple[float, ...]


def spread(runs: Iterable[float]) -> Spread:
    """Sum up runs; those that gave nothing (nan) are left out of median and range, and stay in `runs`."""
    given = tuple(runs)
    real = [value for value in given if not math.isnan(value)]
    if not real:
        return Spread(math.nan, math.nan, math.nan, given)
    return Spread(statistics.median(real), min(real), max(real), given)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Run by run, ours over theirs: both were measured one after the other, so a slow moment of the machine cancels."""
    pairs = zip(ours, theirs, strict=False)
    return spread(one / other if other > 0 else math.nan for one, other in pairs)


def said(value: float) -> str:
    """A figure as people read it: two or three digits that count, a dash for none."""
    if math.isnan(value):
        return "–"
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
