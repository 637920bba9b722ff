"""What set-up tells the person at the terminal."""

from __future__ import annotations

import sys


class Stop(Exception):  # noqa: N818
    """Set-up cannot go on; the sentence says what the person can do."""


def say(sentence: str) -> None:
    """Print one line at once, marked as ours among the output of the tools we call."""
    print(f"== {sentence}", file=sys.stderr, flush=True)
