"""What a transcode process gives up, because strangers' pictures are decoded in it: rank, memory, files, its afterlife.

Nothing here is the only guard: the engine ends a process that takes too long, and lives without one that dies.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal

from media.engine.tether import tether

NICE, MOST_NICE = 10, 19
"""Behind everything that answers somebody, and ten steps behind the engine: its sound and forwarding then weigh nine
times as much (sched(7))."""
ADDRESS_SPACE_BYTES = 1 << 30
"""Measured: 190 MB for 720p to 1280x1024, 350 MB from the largest picture taken to three screens, 942 MB with one of
4096x4096 among them."""
_PR_SET_NO_NEW_PRIVS = 38  # prctl(2)


def stand_back(parent: int) -> None:
    """Take what others leave of the processor, a bounded memory, no core dump, and end with process `parent`.

    What the parent had open is closed, but for standard input, output and error.
    """
    _end_with(parent)
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])  # uvloop hands some of its own down
    if os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR):  # nothing that the engine may be granted is for us
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    nice = min(MOST_NICE, NICE + max(0, os.getpriority(os.PRIO_PROCESS, 0)))
    os.setpriority(os.PRIO_PROCESS, 0, nice)
    for limit, most in (
        (resource.RLIMIT_AS, ADDRESS_SPACE_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # one that is lower already
            resource.setrlimit(limit, (most, most))


def shut_files() -> None:
    """From now on no file and no socket can be opened, whatever a picture makes of this process."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def _end_with(parent: int) -> None:
    """Be killed when the parent dies, however it dies; the end of the pipe is noticed only between two pictures."""
    tether(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells everybody; the engine ends us in its turn
    with contextlib.suppress(AttributeError, OSError):  # not Linux
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
