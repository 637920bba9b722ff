"""What the bench serves."""

from __future__ import annotations

from bench.hanmaru import EIGHT_BOOTHS, summed
from bench.measure_growth import COUNTS
from server.event import load


def test_the_event_of_the_growth_curve_has_a_booth_and_an_interpreter_for_every_consultation() -> None:
    event = load(EIGHT_BOOTHS)
    assert len(event.booths) == max(COUNTS)
    interpreters = [person for booth in event.booths for person in booth.interpreters]
    assert len(set(interpreters)) == max(COUNTS)
    assert {(site.screen.width_px, site.screen.height_px) for site in event.sites} == {(1280, 1024)}


def test_metrics_are_summed_over_labels_or_of_some_processes_only() -> None:
    metrics = """# HELP late How late
late_bucket{le="0.003",process="booth-1"} 5.0
late_bucket{le="0.003",process="spare"} 7.0
late_total{process="booth-1"} 1.0
"""
    assert summed(metrics) == {"late_bucket<=0.003": 12.0, "late_total": 1.0}
    assert summed(metrics, ["booth-1"]) == {"late_bucket<=0.003": 5.0, "late_total": 1.0}
    assert summed(metrics, []) == {}
