"""Memory as the kernel tells it."""

from __future__ import annotations

import os

from bench.memory import Memory, by_process, rollup

ROLLUP = """55d0c5a00000-7ffd1c5fe000 ---p 00000000 00:00 0                          [rollup]
Rss:              100000 kB
Pss:               50000 kB
Pss_Dirty:          1000 kB
"""


def test_the_kernels_kb_are_kib_and_ours_are_a_million_bytes() -> None:
    assert rollup(ROLLUP) == Memory(rss_mb=102.4, pss_mb=51.2)


def test_this_process_holds_something_and_no_more_of_it_than_is_resident() -> None:
    own = by_process(os.getpid())[os.getpid()]
    assert 0 < own.pss_mb <= own.rss_mb
