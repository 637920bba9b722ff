"""A process that is tied to another never outlives it."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from tests.support.pooled import lives, until

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", '''
import os, signal, sys, time
from media.engine.tether import tether
tether(int(sys.argv[1]))
print("tied", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
time.sleep(60)
''', str(__import__("os").getpid())], stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


async def test_a_child_that_stands_still_ends_with_a_parent_that_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert lives(child)
    parent.kill()
    await parent.wait()
    await until(lambda: not lives(child), 5)


def test_a_child_whose_parent_is_gone_already_ends_itself() -> None:
    nobodys = "import os; from media.engine.tether import tether; tether(os.getpid()); print('goes on')"
    child = subprocess.run([sys.executable, "-c", nobodys], capture_output=True, check=True, timeout=20)
    assert child.stdout == b"", "nobody is their own parent"
