"""Tests beside each other: what is shared out among the workers of pytest-xdist, and in which order."""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

HEAVIEST_FIRST = (
    "tests/browser/",  # one consultation for all of them, so one lane: nothing may begin later than the longest
    "tests/media/engine/",  # mostly waits, so it goes well beside three browsers
    "tests/scenarios/",
    "tests/server/",
    "tests/web/",
    "",
)
TOGETHER = "tests/browser/"


def place_of(nodeid: str) -> int:
    """Where in the order a test stands."""
    return next(at for at, folder in enumerate(HEAVIEST_FIRST) if nodeid.startswith(folder))


class Lanes(LoadScopeScheduling):  # type: ignore[misc]
    """Each worker takes the next file when it has done with one; the browsers' folder goes to one worker as a whole.

    A file is not divided: its tests share what its fixtures made.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # which would put the files with most tests first

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else nodeid.split("::", 1)[0]
