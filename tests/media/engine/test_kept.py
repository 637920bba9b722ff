"""What a process counted stays counted when it is gone, and when its place is."""

from __future__ import annotations

from media.engine.door import ENGINE, LATE_EDGES_S, EngineFigures, PlaceFigures, ProcessFigures, Surveyed, Ticks
from media.engine.kept import CLOSED, NO_TICKS, Kept

PROCESS = ProcessFigures(7, 1.0, 2, 3, 4, 5.0)


def figures(place: str, count: int) -> Surveyed:
    ticks = Ticks(count, 1, 2, LATE_EDGES_S, (count, *(0,) * len(LATE_EDGES_S)), 0.5)
    counted = PlaceFigures(place, {"sent_bytes": count}, {"sound_in": count}, 2, {"A": 0.04})
    return Surveyed((counted,), (EngineFigures(ENGINE, True, ticks, count, PROCESS),), {})


def test_two_processes_of_one_place_count_together() -> None:
    kept = Kept()
    kept.add("booth-1", figures("booth-1", 10))
    kept.add("booth-1", figures("booth-1", 5))
    kept.add("booth-2", None)  # it was gone before it gave any
    (place,) = kept.places()
    assert (place.counts, place.drops) == ({"sent_bytes": 15}, {"sound_in": 15})
    assert (place.outputs, place.delays_s) == (0, {}), "nothing of what is gone stands now"


def test_the_process_of_now_goes_on_from_what_those_before_it_counted() -> None:
    kept = Kept()
    kept.add("booth-1", figures("booth-1", 10))
    engine = kept.engine("booth-1", True, figures("booth-1", 5))
    assert (engine.ticks.ran, engine.ticks.late_counts[0], engine.ticks.late_sum_s) == (15, 15, 1.0)
    assert engine.strangers == 15
    assert engine.process == PROCESS
    assert kept.engine("booth-1", False, figures("booth-1", 5)).process is None, "a silent one is not told as it was"
    assert kept.engine("booth-2", None, None) == EngineFigures("booth-2", None, NO_TICKS, 0, None)


def test_what_a_closed_place_counted_is_of_all_that_were_closed() -> None:
    kept = Kept()
    for name in ("loopback.a", "loopback.b"):
        kept.add(name, figures(name, 10))
        kept.close(name)
    kept.close("loopback.c")
    (place,) = kept.places()
    assert (place.place, place.counts) == (CLOSED, {"sent_bytes": 20})
    assert kept.names() == {CLOSED}
    assert kept.engine(CLOSED, None, None).ticks.ran == 20
