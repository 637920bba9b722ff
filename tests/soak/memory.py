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
    """Growth in MB over `over_s` seconds, by least squares through (seconds, MB)."""
    at_s, mb = np.array(samples).T
    return float(np.polyfit(at_s - at_s[0], mb, 1)[0] * over_s)
