"""What processes counted that are gone: it stays counted, for their place as long as that is there, then for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from media.engine.door import LATE_EDGES_S, EngineFigures, PlaceFigures, ProcessFigures, Surveyed, Ticks

CLOSED = ""
"""The place that all of those are that were closed; one name for what their processes counted, too."""
NO_TICKS = Ticks(0, 0, 0, LATE_EDGES_S, (0,) * (len(LATE_EDGES_S) + 1), 0.0)


class Kept:
    """Counts by place, and ticks by the name of a process."""

    def __init__(self) -> None:
        self._places: dict[str, PlaceFigures] = {}
        self._ticks: dict[str, tuple[Ticks, int]] = {}

    def add(self, place: str, last: Surveyed | None) -> None:
        """A process of that place is gone; these were its last figures."""
        if last is None:
            return
        for each in last.places:
            self._places[place] = together(place, (self._of(place), each))
        for engine in last.engines:
            ticks, strangers = self._ticks.get(place, (NO_TICKS, 0))
            self._ticks[place] = (all_ticks((ticks, engine.ticks)), strangers + engine.strangers)

    def close(self, place: str) -> None:
        """The place is closed: what it counted is now of all that were closed."""
        if (figures := self._places.pop(place, None)) is not None:
            self._places[CLOSED] = together(CLOSED, (self._of(CLOSED), figures))
        if (counted := self._ticks.pop(place, None)) is not None:
            ticks, strangers = self._ticks.get(CLOSED, (NO_TICKS, 0))
            self._ticks[CLOSED] = (all_ticks((ticks, counted[0])), strangers + counted[1])

    def places(self) -> tuple[PlaceFigures, ...]:
        """What every place counted in processes that are gone."""
        return tuple(self._places.values())

    def engine(self, name: str, up: bool | None, now: Surveyed | None) -> EngineFigures:
        """The process of that name as its figures say, with what those before it counted."""
        ticks, strangers = self._ticks.get(name, (NO_TICKS, 0))
        process: ProcessFigures | None = None
        for engine in now.engines if now is not None else ():
            ticks, strangers = all_ticks((ticks, engine.ticks)), strangers + engine.strangers
            process = engine.process if up else None
        return EngineFigures(name, up, ticks, strangers, process)

    def names(self) -> frozenset[str]:
        """Of the processes whose ticks are kept."""
        return frozenset(self._ticks)

    def _of(self, place: str) -> PlaceFigures:
        return self._places.get(place, PlaceFigures(place, {}, {}, 0, {}))


def together(name: str, places: Iterable[PlaceFigures]) -> PlaceFigures:
    """The counts of several places, or of one place in several processes, that are gone: nothing of them stands now."""
    counts: Counter[str] = Counter()
    drops: Counter[str] = Counter()
    for place in places:
        counts.update(place.counts)  # seconds, too
        drops.update(place.drops)
    return PlaceFigures(name, dict(counts), dict(drops), 0, {})


def all_ticks(several: Iterable[Ticks]) -> Ticks:
    """Ticks of several clocks, all told in the same bins."""
    total = NO_TICKS
    for ticks in several:
        total = Ticks(
            total.ran + ticks.ran,
            total.late + ticks.late,
            total.skipped + ticks.skipped,
            total.late_edges_s,
            tuple(one + other for one, other in zip(total.late_counts, ticks.late_counts, strict=True)),
            total.late_sum_s + ticks.late_sum_s,
        )
    return total
