"""What every test may use: folders for camera files, the test event in its variants."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

TEST_EVENT = Path(__file__).parent / "support" / "test-event.toml"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the long consultation comes last: its three open pages would starve whatever came after."""
    items.sort(key=lambda item: "story" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def event_file() -> Path:
    """The event file of the tests: two booths that start by themselves, screens of 640x512."""
    return TEST_EVENT


@pytest.fixture(scope="session")
def operated_event(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, but a consultation goes live only when an operator starts it."""
    text = TEST_EVENT.read_text(encoding="utf-8")
    assert 'start = "automatic"' in text
    path = tmp_path_factory.mktemp("event") / "operated.toml"
    path.write_text(text.replace('start = "automatic"', 'start = "operator"'), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def camera_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where camera and microphone files are kept for one run: films are large."""
    folder = tmp_path_factory.mktemp("cameras")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
