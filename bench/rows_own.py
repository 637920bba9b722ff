"""Rows that say what the instrument itself adds."""

from __future__ import annotations

from bench.figures import percentile, said
from bench.measure_load import Run
from bench.results import Row


def reflector_row(run: Run) -> Row:
    """The load's own path, without any server."""
    delays = " / ".join(said(percentile(run.delays_ms, share)) for share in (0.5, 0.95, 0.99))
    return Row("(the instrument itself: picture delay without a server, p50 / p95 / p99)", "–", f"{delays} ms")
