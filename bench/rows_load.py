"""Rows of the table from CPU runs and onsets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.figures import percentile, ratios, said, spread
from bench.measure_load import Run
from bench.measure_onset import PHASES, Onsets
from bench.results import Row, spread_said

CPU = {
    "one picture": "CPU, one 1280x1024 30 fps picture, one way",
    "three voices": "CPU, three voices mixed",
    "consultation": "CPU, consultation (2 pictures, 3 voices)",
}
MOST_RATIO = 1.0
PICTURE_P50_MS, PICTURE_P99_MS = 3.0, 10.0
ONSET_MS = {"clean": 60.0, "5 % loss": 120.0, "10 s after": 70.0}


def cpu_rows(runs: Sequence[Run]) -> list[Row]:
    """One row per work: both servers' net CPU, and the ratio run by run."""
    rows = []
    for work, what in CPU.items():
        ours, theirs = _of(runs, work, "Hanmaru"), _of(runs, work, "Janus")
        if not ours:
            continue
        load = said(spread(one.load_ms_per_s for one in ours).median)
        ratio = ratios([one.cpu_ms_per_s for one in ours], [one.cpu_ms_per_s for one in theirs])
        rows.append(
            Row(
                f"{what} (load itself: {load} ms/s)",
                "≤ 1.0 × Janus",
                spread_said(spread(one.cpu_ms_per_s for one in ours), "ms/s"),
                spread_said(spread(one.cpu_ms_per_s for one in theirs), "ms/s") if theirs else "–",
                spread_said(ratio) if theirs else "–",
                ratio.median <= MOST_RATIO if theirs else None,
            )
        )
    return rows


def picture_rows(runs: Sequence[Run]) -> list[Row]:
    """Added delay of pictures; lateness and memory of the whole consultation."""
    rows = []
    for work in ("one picture", "consultation"):
        ours, theirs = _of(runs, work, "Hanmaru"), _of(runs, work, "Janus")
        if not ours:
            continue
        delays = [_percentiles(each) for each in (ours, theirs)]
        (p50, _, p99), ways = delays[0], "/".join(sorted({one.way for one in ours}))
        rows.append(
            Row(
                f"server-added picture delay, p50 / p95 / p99, {work} ({ways})",
                "p50 ≤ 3 ms, p99 ≤ 10 ms",
                " / ".join(map(said, delays[0])) + " ms",
                " / ".join(map(said, delays[1])) + " ms" if theirs else "–",
                reached=p50 <= PICTURE_P50_MS and p99 <= PICTURE_P99_MS,
            )
        )
    full = _of(runs, "consultation", "Hanmaru") or _of(runs, "three voices", "Hanmaru")
    theirs = _of(runs, "consultation", "Janus") or _of(runs, "three voices", "Janus")
    if full:
        late = [one.late_ms for one in full if one.late_ms]
        share = spread(one["late_share"] * 100 for one in late)
        edges = [spread(one[name] for one in late).median for name in ("p50_below_ms", "p99_below_ms")]
        stalls = sum(one.stalls for one in full)
        rows.append(
            Row(
                f"tick lateness, p50 / p99 below; ticks over 20 ms late (machine stalled {stalls} times meanwhile)",
                "–",
                f"{said(edges[0])} / {said(edges[1])} ms; {said(share.median)} %",
            )
        )
        memory = [spread_said(spread(one.memory_mib for one in each), "MiB") for each in (full, theirs) if each]
        rows.append(Row("memory in RAM", "–", memory[0], memory[1] if theirs else "–"))
    return rows


def onset_rows(found: Sequence[Onsets]) -> list[Row]:
    """One row per phase."""
    by_name = {one.server: one for one in found}
    ours, theirs = by_name["Hanmaru"], by_name.get("Janus")
    rows = []
    for phase in PHASES:
        p50 = percentile(ours.delays_ms[phase], 0.5)
        missed = ours.said[phase] - len(ours.delays_ms[phase])
        rows.append(
            Row(
                f"sound onset to mix, {phase}, p50 / p95"
                + (f" ({missed} of {ours.said[phase]} not heard)" if missed else ""),
                f"p50 ≤ {ONSET_MS[phase]:.0f} ms",
                _two(ours.delays_ms[phase]),
                _two(theirs.delays_ms[phase]) if theirs else "–",
                reached=p50 <= ONSET_MS[phase],
            )
        )
    return rows


def figures(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Runs for the JSON file: delays as percentiles, not each."""
    return [
        {
            "server": one.server,
            "work": one.work,
            "cpu_ms_per_s": one.cpu_ms_per_s,
            "idle_ms_per_s": one.idle_ms_per_s,
            "load_ms_per_s": one.load_ms_per_s,
            "memory_mib": one.memory_mib,
            "way": one.way,
            "frames_sent": one.frames_sent,
            "frames_matched": len(one.delays_ms),
            "delay_ms": dict(zip(("p50", "p95", "p99"), _percentiles([one]), strict=True)),
            "lateness": one.late_ms,
            "machine_stalls": one.stalls,
        }
        for one in runs
    ]


def _of(runs: Sequence[Run], work: str, server: str) -> list[Run]:
    return [one for one in runs if one.work == work and one.server == server]


def _percentiles(runs: Sequence[Run]) -> tuple[float, float, float]:
    """Of each run, then the median of runs: one bad moment of the machine stays in one run."""
    p50, p95, p99 = (spread(percentile(one.delays_ms, share) for one in runs).median for share in (0.5, 0.95, 0.99))
    return p50, p95, p99


def _two(delays_ms: Sequence[float]) -> str:
    return f"{said(percentile(delays_ms, 0.5))} / {said(percentile(delays_ms, 0.95))} ms"
