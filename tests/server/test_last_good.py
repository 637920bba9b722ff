"""A restart in the middle of a consultation goes on with the event as it was; at any other time faults are refused."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from server.event import EventFaults, load
from server.last_good import load_or_last_good
from server.records import GOING_ON
from server.settings import Settings, read
from server.store import Store
from signaling.facts import Fact
from tests.support.served import TEST_EVENT

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "event.toml"
    shutil.copy(TEST_EVENT, file)
    return read({"HANMARU_EVENT": str(file), "HANMARU_STATE_DIR": str(tmp_path / "state")})


async def record(settings: Settings, *phases: str) -> None:
    """Have the first booth go through these phases now."""
    store = Store(settings.state_dir / "test-event-2020-05-12.sqlite3")
    await store.open()
    await store.append(
        [Fact("booth-1", 1, number, "phase", {"phase": phase}) for number, phase in enumerate(phases, start=1)]
    )
    await store.close()


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@pytest.mark.parametrize("nonsense", ["nonsense", "", "id = 7", "\udcff"])
@pytest.mark.parametrize("phase", ["live", "paused"])
async def test_a_consultation_goes_on_with_the_event_as_it_was(settings: Settings, phase: str, nonsense: str) -> None:
    good, caution = load_or_last_good(settings, now())
    assert caution is None
    await record(settings, "ready", "live", phase)
    settings.event.write_bytes(nonsense.encode(errors="surrogateescape"))
    event, caution = load_or_last_good(settings, now())
    assert event == good
    assert caution is not None
    assert str(settings.event) in caution
    assert "Mend the file" in caution


async def test_a_file_that_is_gone_is_a_fault_like_any_other(settings: Settings) -> None:
    good, _ = load_or_last_good(settings, now())
    await record(settings, "live")
    settings.event.unlink()
    assert load_or_last_good(settings, now())[0] == good


@pytest.mark.parametrize("phases", [(), ("waiting", "ready"), ("live", "ended"), ("live", "ended", "empty")])
async def test_without_a_consultation_the_faults_are_refused(settings: Settings, phases: tuple[str, ...]) -> None:
    load_or_last_good(settings, now())
    await record(settings, *phases)
    settings.event.write_text("nonsense", encoding="utf-8")
    with pytest.raises(EventFaults):
        load_or_last_good(settings, now())


async def test_a_consultation_that_was_left_long_ago_does_not_count_and_a_clock_that_jumped_does_not_matter(
    settings: Settings,
) -> None:
    load_or_last_good(settings, now())
    await record(settings, "live")
    settings.event.write_text("nonsense", encoding="utf-8")
    with pytest.raises(EventFaults):
        load_or_last_good(settings, now() + GOING_ON + HOUR)
    for jump in (-HOUR, HOUR):
        assert load_or_last_good(settings, now() + jump)[1] is not None


async def test_a_file_that_was_never_good_has_nothing_to_go_on_with(settings: Settings) -> None:
    settings.event.write_text("nonsense", encoding="utf-8")
    settings.state_dir.mkdir()
    await record(settings, "live")
    with pytest.raises(EventFaults):
        load_or_last_good(settings, now())


async def test_what_is_kept_is_the_newest_good_one(settings: Settings) -> None:
    load_or_last_good(settings, now())
    text = settings.event.read_text(encoding="utf-8").replace("Test consultation", "Another title")
    settings.event.write_text(text, encoding="utf-8")
    newest, _ = load_or_last_good(settings, now())
    await record(settings, "live")
    settings.event.write_text("nonsense", encoding="utf-8")
    assert load_or_last_good(settings, now())[0] == newest != load(TEST_EVENT)


def test_a_disk_that_takes_no_copy_is_no_reason_not_to_begin(settings: Settings) -> None:
    settings.state_dir.write_text("a file stands where the folder should be", encoding="utf-8")
    assert load_or_last_good(settings, now())[0] == load(TEST_EVENT)
