"""Every gate a change must pass, all of them even if the first fails: `.venv/bin/python -m tools.check`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tools.install import COMPILER, PYTHON, ROOT, tool_path
from tools.say import say

IMPORT_LINTER = "import sys; from importlinter.cli import lint_imports_command as main; sys.exit(main())"

GATES: dict[str, list[str | Path]] = {
    "ruff: rules": [PYTHON, "-m", "ruff", "check", "."],
    "ruff: format": [PYTHON, "-m", "ruff", "format", "--check", "."],
    "mypy: types of Python": [PYTHON, "-m", "mypy", "."],
    "import-linter: who may import whom": [PYTHON, "-c", IMPORT_LINTER],
    "tsc: types of the pages": [COMPILER, "--project", "."],
}


def check() -> int:
    """Run the gates one after another; return how many failed."""
    failed = []
    for name, command in GATES.items():
        began_s = time.monotonic()
        if command[0] == COMPILER and not COMPILER.exists():
            say(f"NOT CHECKED  {name}: the compiler is not installed (it comes from npm)")
            failed += [name] if "CI" in os.environ else []
            continue
        result = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": tool_path()}, check=False)
        verdict = "ok" if result.returncode == 0 else "FAILED"
        say(f"{verdict}  {name} ({time.monotonic() - began_s:.0f} s)")
        failed += [name] if result.returncode else []
    say(f"{len(failed)} of {len(GATES)} gates failed: {', '.join(failed)}" if failed else "every gate passed")
    return len(failed)


if __name__ == "__main__":
    sys.exit(check())
