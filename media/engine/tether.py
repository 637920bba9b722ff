"""Ties a process to the one that started it: it never outlives that one, however that one ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def tether(parent_pid: int) -> None:
    """Have the kernel end this process when its parent ends (prctl(2)); where it cannot, the end of a pipe has to do.

    To be called first of all. A parent that has ended before is noticed here: raises SystemExit.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent_pid:
        raise SystemExit(0)
