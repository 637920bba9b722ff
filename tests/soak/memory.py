"""How much memory of its own a process holds, and whether that grows."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def own_mb(process_id: int) -> float:
    """Private memory (USS) in MB: what would come free if the process ended. Linux only."""
    text = Path(f"/proc/{process_id}/smaps_rollup").read_text(encoding="ascii")
    rows = (line.split() for line in text.splitlines() if line.startswith(("Private_Clean", "Private_Dirty")))
    return sum(int(row[1]) for row in rows) / 1024


def growth_mb(samples: list[tuple[float, float]], over_s: float) -> float:
    """Growth in MB over `over_s` seconds: the median slope between any two of (seconds, MB) (Theil and Sen).

    A hump that comes and goes, as when a busy machine lets frames pile up for a moment, is no growth.
    """
    at_s, mb = np.array(samples).T
    one, other = np.triu_indices(at_s.size, k=1)
    return float(np.median((mb[other] - mb[one]) / (at_s[other] - at_s[one])) * over_s)
