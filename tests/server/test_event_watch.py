"""Whoever edits the event file of a running server reads in the log what the edit is worth."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import structlog

from server.event_watch import EventWatch
from server.settings import read
from tests.support.served import TEST_EVENT


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "event.toml"
    shutil.copy(TEST_EVENT, path)
    return path


def test_faults_are_told_once_and_mending_them_too(file: Path) -> None:
    watch = EventWatch(read({"HANMARU_EVENT": str(file)}))
    good = file.read_text(encoding="utf-8")
    with structlog.testing.capture_logs() as logs:
        watch.look()
        file.write_text(good.replace('id = "booth-2"', 'id = "booth-1"') + "\nnonsense", encoding="utf-8")
        watch.look()
        watch.look()
        file.write_text(good + "\n", encoding="utf-8")
        watch.look()
        file.unlink()
        watch.look()
    assert [line["event"] for line in logs] == ["event_file_faulty", "event_file_changed", "event_file_faulty"]
    assert str(file) in logs[0]["faults"]
    assert "There is no such file." in logs[2]["faults"]
