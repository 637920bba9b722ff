"""What the bench serves."""

from __future__ import annotations

from bench.hanmaru import EIGHT_BOOTHS
from bench.measure_growth import COUNTS
from server.event import load


def test_the_event_of_the_growth_curve_has_a_booth_and_an_interpreter_for_every_consultation() -> None:
    event = load(EIGHT_BOOTHS)
    assert len(event.booths) == max(COUNTS)
    interpreters = [person for booth in event.booths for person in booth.interpreters]
    assert len(set(interpreters)) == max(COUNTS)
    assert {(site.screen.width_px, site.screen.height_px) for site in event.sites} == {(1280, 1024)}
