"""A module of Python as a process that ends with the one that started it: PARENT_PID MODULE [ARGUMENT ...]."""

from __future__ import annotations

import runpy
import sys

from media.engine.tether import tether

if __name__ == "__main__":
    _own, parent, module, *arguments = sys.argv
    tether(int(parent))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
