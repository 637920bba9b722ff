"""What the kernel counts: the CPU of this process, and who descends from whom."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from bench.cpu import Meter, cpu_s, resident_mib, tree


def test_work_shows_and_sleep_does_not() -> None:
    before_s = cpu_s(os.getpid())
    begun_s = time.process_time()
    while time.process_time() - begun_s < 0.05:
        pass
    assert cpu_s(os.getpid()) - before_s >= 0.05


def test_children_belong_to_the_tree_unless_it_is_measured_alone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert {os.getpid(), child.pid} <= set(tree(os.getpid()))
        assert Meter(os.getpid(), alone=True)._members() == [os.getpid()]
        assert resident_mib(os.getpid()) > 0
        child.communicate(b"\n")
    assert child.pid not in tree(os.getpid())


def test_a_process_that_ended_counts_nothing_more() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert cpu_s(child.pid) == 0.0
