"""What is done every so often is done by all at the same moments: waking this process is most of its cost."""

from __future__ import annotations

LEAST_SHARE = 0.25
"""Of a period: a moment that is nearer has just been, or might as well have been."""


def until_next(every_s: float, now_s: float) -> float:
    """Seconds until the next moment that is a whole number of periods; a quarter of one to one and a quarter."""
    rest_s = every_s - now_s % every_s
    return rest_s if rest_s >= LEAST_SHARE * every_s else rest_s + every_s
