"""What a process takes of the machine, as the kernel says."""

from __future__ import annotations

import os
import time
from pathlib import Path

from media.engine.process import process_figures, state_of


def test_figures_are_those_of_this_process() -> None:
    with Path(os.devnull).open(encoding="utf-8"):
        more = process_figures()
    less = process_figures()
    assert less.pid == os.getpid()
    assert more.open_files == less.open_files + 1 <= less.most_files
    assert 10e6 < less.resident_bytes < 100e9
    assert 0 < more.cpu_s <= less.cpu_s
    assert 0 < time.time() - less.started_at_s < 24 * 3600


def test_the_state_of_a_process_is_a_letter_and_of_none_nothing() -> None:
    assert state_of(os.getpid()) == "R"
    assert state_of(1 << 30) == ""
