"""What is decided before the first socket opens: whose day it is, and where media may come from."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from server.event import load
from server.running import held, record_of, rehearsable, rehearsed
from server.settings import read
from server.store import Store
from signaling.facts import Fact

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


@pytest.mark.parametrize(
    ("phase", "written", "now", "day"),
    [
        ("live", "2026-11-23T14:58:00", "2026-11-23T15:01:00", 23),  # midnight in Seoul is 15:00 UTC
        ("live", "2026-11-23T14:58:00", "2026-11-23T14:59:00", 23),
        ("paused", "2026-11-23T14:58:00", "2026-11-23T20:57:00", 23),
        ("empty", "2026-11-23T14:58:00", "2026-11-23T15:01:00", 23),  # the next buyer is awaited
        ("live", "2026-11-23T15:30:00", "2026-11-23T14:40:00", 23),  # the clock was put back by an hour
        ("ended", "2026-11-23T14:58:00", "2026-11-23T15:01:00", 24),
        ("live", "2026-11-23T14:58:00", "2026-11-23T23:30:00", 24),  # tomorrow's rehearsal begins anew
    ],
)
async def test_a_meeting_that_goes_on_past_midnight_is_found_again(
    tmp_path: Path, phase: str, written: str, now: str, day: int
) -> None:
    settings = read({"HANMARU_STATE_DIR": str(tmp_path)})
    past = EVENT.held_on(dt.date(2026, 11, 23))
    store = Store(record_of(settings, past))
    await store.open()
    await store.append([Fact("booth-1", 1, 1, "phase", {"phase": "live"})])
    await store.append([Fact("booth-1", 1, 2, "phase", {"phase": phase})])
    await store.close()
    with sqlite3.connect(record_of(settings, past)) as connection:
        connection.execute("UPDATE facts SET at = ?", (f"{written}.000+00:00",))
    found = held(settings, EVENT, dt.datetime.fromisoformat(f"{now}+00:00"))
    assert found.date == dt.date(2026, 11, day)
    assert record_of(settings, found).exists() is (day == 23)


def test_a_record_that_cannot_be_read_is_no_meeting(tmp_path: Path) -> None:
    settings = read({"HANMARU_STATE_DIR": str(tmp_path)})
    now = dt.datetime(2026, 11, 23, 20, 0, tzinfo=dt.UTC)
    for name in ("2026-11-23", "copy", "2026-11-22"):
        (tmp_path / f"{EVENT.id}-{name}.sqlite3").write_bytes(b"no database" * (name != "2026-11-22"))
    assert held(settings, EVENT, now) == rehearsed(EVENT, now)


async def test_the_record_of_an_earlier_day_than_the_events_own_is_over(tmp_path: Path) -> None:
    settings = read({"HANMARU_STATE_DIR": str(tmp_path)})
    now = dt.datetime.now(dt.UTC)
    today = EVENT.held_on(now.date())
    store = Store(record_of(settings, today))
    await store.open()
    await store.append([Fact("booth-1", 1, 1, "phase", {"phase": "live"})])
    await store.close()
    moved = EVENT.held_on(now.date() + dt.timedelta(days=2))
    assert held(settings, today, now) == today
    assert held(settings, moved, now) == moved


def test_each_day_has_a_record_of_its_own() -> None:
    settings = read({})
    days = {record_of(settings, EVENT.held_on(dt.date(2026, 11, day))) for day in (23, 24)}
    assert len(days) == 2
    assert record_of(settings, EVENT.held_on(dt.date(2026, 11, 23))) in days
