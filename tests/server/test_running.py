"""What is decided before the first socket opens: whose day it is, and where media may come from."""

from __future__ import annotations

import datetime as dt

import pytest

from server.event import load
from server.running import record_of, rehearsable, rehearsed
from server.settings import read

EVENT = load("events/suwon-hanoi.toml")


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (dt.datetime(2020, 4, 1, tzinfo=dt.UTC), dt.date(2020, 5, 12)),
        (dt.datetime(2020, 5, 12, 14, 59, tzinfo=dt.UTC), dt.date(2020, 5, 12)),
        (dt.datetime(2020, 5, 12, 15, 0, tzinfo=dt.UTC), dt.date(2020, 5, 13)),  # midnight in Seoul
        (dt.datetime(2026, 11, 23, 20, 0, tzinfo=dt.UTC), dt.date(2026, 11, 24)),
    ],
)
def test_an_event_whose_day_has_passed_is_rehearsed_today_as_its_own_clock_says(now: dt.datetime, day: dt.date) -> None:
    assert rehearsed(EVENT, now) == EVENT.held_on(day)


@pytest.mark.parametrize(
    ("host", "wanted", "allowed"),
    [("127.0.0.1", True, True), ("127.0.0.1", False, False), ("10.0.0.1", True, False), ("hall.local", True, False)],
)
def test_loopback_media_needs_the_event_files_word_and_a_server_bound_to_this_machine(
    host: str, wanted: bool, allowed: bool
) -> None:
    event = EVENT.model_copy(update={"allow_loopback": wanted})
    assert rehearsable(event, read({"HANMARU_HOST": host})).allow_loopback is allowed


def test_each_day_has_a_record_of_its_own() -> None:
    settings = read({})
    days = {record_of(settings, EVENT.held_on(dt.date(2026, 11, day))) for day in (23, 24)}
    assert len(days) == 2
    assert record_of(settings, EVENT.held_on(dt.date(2026, 11, 23))) in days
