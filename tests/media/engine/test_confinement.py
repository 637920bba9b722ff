"""What a confined process cannot do any more, tried by a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
was = os.getpriority(os.PRIO_PROCESS, 0)
from media.engine.confinement import ADDRESS_SPACE_BYTES, shut_files, stand_back
stand_back(int(sys.argv[1]))
"""


def tried(code: str, *, before: str = "", parent: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run `code` in a confined process, `before` in the same one when it is not confined yet."""
    script = f"import os, socket, sys\n{before}\n{HEAD}{code}"
    return subprocess.run(
        [sys.executable, "-c", script, str(os.getpid() if parent is None else parent)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        ("shut_files(); open('/etc/hostname')", "Too many open files"),
        ("shut_files(); socket.socket()", "Too many open files"),
        ("import tempfile; tempfile.TemporaryFile()", "No usable temporary directory"),
        ("bytearray(ADDRESS_SPACE_BYTES)", "MemoryError"),
    ],
    ids=["open a file", "open a socket", "write a file", "take all memory"],
)
def test_a_confined_process_cannot(attempt: str, error: str) -> None:
    outcome = tried(attempt)
    assert outcome.returncode != 0
    assert error in outcome.stderr


def test_it_may_still_do_its_work() -> None:
    outcome = tried("shut_files(); print(len(bytearray(200 << 20)))")
    assert (outcome.returncode, outcome.stdout) == (0, f"{200 << 20}\n")


@pytest.mark.parametrize("before", ["os.nice(5)", "os.setpriority(os.PRIO_PROCESS, 0, -10)"])
def test_it_stands_behind_everybody_whatever_its_parent_was_granted(before: str) -> None:
    outcome = tried("print(was, os.getpriority(os.PRIO_PROCESS, 0))", before=before)
    if "PermissionError" in outcome.stderr:
        pytest.skip("to be granted a priority needs CAP_SYS_NICE")
    was, now = map(int, outcome.stdout.split())
    assert now == min(19, max(0, was) + 10)


def test_a_process_whose_parent_is_gone_already_ends_at_once() -> None:
    outcome = tried("print('still here')", parent=1 << 30)
    assert (outcome.returncode, outcome.stdout) == (0, "")
