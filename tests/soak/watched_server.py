"""`python -m tests.soak.watched_server run`: the real server, whose media processes note when a tick was late."""

from __future__ import annotations

import sys

from server import running
from server.cli import main

if __name__ == "__main__":
    running.MEDIA_PROCESS = (sys.executable, "-m", "tests.soak.watched_media")
    sys.exit(main())  # type: ignore[func-returns-value]
