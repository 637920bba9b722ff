"""Waiting and idle time as the kernel counts them, and nothing where it does not."""

from __future__ import annotations

import os
from pathlib import Path

from server.processors import left_s, waited_s


def test_this_process_has_waited_and_the_machine_has_something_left() -> None:
    waited, left = waited_s(os.getpid()), left_s()
    assert waited is None or waited >= 0
    assert left is None or left > 0


def test_the_figures_are_those_of_the_kernels_files(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "schedstat").write_text("170553 2500000000 2\n")
    (tmp_path / "stat").write_text("cpu  2608 700 554 5300 40 0 23 84 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n")
    assert waited_s(7, tmp_path) == 2.5
    assert left_s(tmp_path) == (700 + 5300 + 40) / os.sysconf("SC_CLK_TCK")


def test_a_machine_that_tells_nothing_is_not_guessed_at(tmp_path: Path) -> None:
    assert waited_s(7, tmp_path) is None
    assert left_s(tmp_path) is None
    (tmp_path / "stat").write_text("cpu\n")
    assert left_s(tmp_path) is None
