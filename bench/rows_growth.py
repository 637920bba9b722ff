"""Rows of the growth curve against their bars."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from bench.figures import said
from bench.growth import Step
from bench.results import Row

BAR_AT = 5
BAR_S = 60.0
MOST_GROWTH = 1.15
MOST_RATIO = 1.0
MOST_LATE_P99_MS = 3.0
IDLE_MB, LIVE_MB = 120.0, 160.0

Figure = Callable[[Step], float]


def growth_rows(found: Sequence[Step]) -> list[Row]:
    """The bars hold for five at once; where fewer were tried the largest count gives figures and no verdict."""
    ours, theirs = _of(found, "Hanmaru"), _of(found, "Janus")
    if not ours:
        return []
    counts = sorted({one.consultations for one in ours})
    at = BAR_AT if BAR_AT in counts else counts[-1]
    judged = at == BAR_AT and not any(one.generator_fault for one in ours if one.consultations == at)
    rows = [
        _held_row(ours, theirs, at, judged=judged),
        _each_row(ours, theirs, counts[0], at, judged=judged),
        _peer_row(ours, theirs, at, judged=judged),
        _late_row(ours, at, judged=judged),
        *_memory_rows(ours, theirs, at, judged=judged),
    ]
    return rows + [_count_row(ours, theirs, count) for count in counts]


def figures(found: Sequence[Step]) -> list[dict[str, Any]]:
    """Steps for the JSON file, with what follows from them."""
    return [
        asdict(one)
        | {
            "cpu_each_ms_per_s": one.cpu_each_ms_per_s,
            "ticks_late_alone": one.ticks_late_alone,
            "held": one.held,
            "generator_fault": one.generator_fault,
        }
        for one in found
    ]


def _held_row(ours: Sequence[Step], theirs: Sequence[Step], at: int, *, judged: bool) -> Row:
    """The most at once that were held, every smaller count held too; shorter runs than the bar's get no verdict."""
    enough = judged and all(one.seconds >= BAR_S for one in ours)
    return Row(
        f"consultations at once, 1280x1024 30 fps forwarded, for {ours[0].seconds:.0f} s: no tick > 20 ms late that "
        "the machine did not share, no picture missing",
        f"≥ {BAR_AT}",
        _most_said(ours),
        _most_said(theirs) if theirs else "–",
        reached=most_held(ours) >= at if enough else None,
    )


def most_held(steps: Sequence[Step]) -> int:
    """The largest count up to which every run was held; runs in which the load generator failed say nothing."""
    most = 0
    for count in sorted({one.consultations for one in steps}):
        runs = [one for one in steps if one.consultations == count and not one.generator_fault]
        if not runs or not all(one.held for one in runs):
            break
        most = count
    return most


def _most_said(steps: Sequence[Step]) -> str:
    text = f"{most_held(steps)} of {max(one.consultations for one in steps)} tried"
    faults = {f"at {one.consultations} {fault}" for one in steps if (fault := one.failure or one.generator_fault)}
    return "; ".join([text, *sorted(faults)])


def _each_row(ours: Sequence[Step], theirs: Sequence[Step], low: int, at: int, *, judged: bool) -> Row:
    growth, peer = (_at(each, at, _each) / _at(each, low, _each) for each in (ours, theirs))
    return Row(
        f"CPU per consultation at {at} against at {low}",
        f"≤ {MOST_GROWTH}",
        said(growth),
        said(peer),
        reached=growth <= MOST_GROWTH if judged and low == 1 else None,
    )


def _peer_row(ours: Sequence[Step], theirs: Sequence[Step], at: int, *, judged: bool) -> Row:
    one, other = _at(ours, at, _cpu), _at(theirs, at, _cpu)
    ratio = one / other
    blamed = judged and bool(theirs) and not any(each.generator_fault for each in theirs if each.consultations == at)
    return Row(
        f"CPU, {at} consultations at once",
        f"≤ {MOST_RATIO} × Janus",
        f"{said(one)} ms/s",
        f"{said(other)} ms/s" if theirs else "–",
        said(ratio),
        ratio <= MOST_RATIO if blamed else None,
    )


def _late_row(ours: Sequence[Step], at: int, *, judged: bool) -> Row:
    p50, p99 = (_at(ours, at, figure) for figure in (_late_p50, _late_p99))
    return Row(
        f"tick lateness, scheduled to last packet sent, {at} consultations, p50 / p99 below",
        f"p99 ≤ {MOST_LATE_P99_MS:.0f} ms",
        f"{said(p50)} / {said(p99)} ms",
        reached=p99 <= MOST_LATE_P99_MS if judged else None,
    )


def _memory_rows(ours: Sequence[Step], theirs: Sequence[Step], at: int, *, judged: bool) -> list[Row]:
    """Per idle booth: the process that stands ready for one. Per live booth: the whole tree divided by the booths."""
    first = ours[0]
    ready = first.largest_idle.rss_mb  # later ones may be what stays of earlier booths
    pss, rss = (_at(ours, at, figure) / at for figure in (_pss, _rss))
    peer = f"{said(_at(theirs, at, _pss) / at)} MB" if theirs else "–"
    return [
        Row(
            "memory per idle booth: the largest process that stands ready (RSS)",
            f"≤ {IDLE_MB:.0f} MB",
            f"{said(ready)} MB; the whole tree with nobody there {said(first.memory_idle.pss_mb)} MB PSS, "
            f"{said(first.memory_idle.rss_mb)} RSS",
            reached=ready <= IDLE_MB if judged else None,
        ),
        Row(
            f"memory per live booth: the whole tree at {at} / {at} (PSS; RSS)",
            f"≤ {LIVE_MB:.0f} MB",
            f"{said(pss)} MB; {said(rss)} MB",
            peer,
            reached=pss <= LIVE_MB if judged else None,
        ),
    ]


def _count_row(ours: Sequence[Step], theirs: Sequence[Step], count: int) -> Row:
    """One point of the curve, with the load generator beside it."""
    mine, other = ([one for one in each if one.consultations == count] for each in (ours, theirs))
    load = " / ".join(said(_at(each, count, _load)) for each in (ours, theirs) if each)
    told = [(one.server, one.failure or one.generator_fault) for one in (*mine, *other)]
    faults = sorted({f"{server}: {fault}" for server, fault in told if fault})
    ratio = _at(ours, count, _cpu) / _at(theirs, count, _cpu)
    return Row(
        f"{count} at once: CPU (each), ticks late (shared), pictures missing, memory; load itself {load} ms/s"
        + "".join(f"; {fault}" for fault in faults),
        "–",
        _point(mine),
        _point(other) if other else "–",
        said(ratio),
    )


def _point(runs: Sequence[Step]) -> str:
    cpu, pss = (median(figure(one) for one in runs) for figure in (_cpu, _pss))
    late = f", {sum(r.ticks_late for r in runs):.0f} ({sum(r.ticks_late_shared for r in runs):.0f})"
    missing = sum(one.frames_missing for one in runs)
    each = said(cpu / runs[0].consultations)
    ticks = late if runs[0].ticks else ""
    return f"{said(cpu)} ({each}) ms/s{ticks}, {missing}, {said(pss)} MB"


def _of(found: Sequence[Step], server: str) -> list[Step]:
    return [one for one in found if one.server == server]


def _at(steps: Sequence[Step], count: int, figure: Figure) -> float:
    """The median over the runs of a count; nan without one."""
    return median([figure(one) for one in steps if one.consultations == count] or [math.nan])


def _cpu(one: Step) -> float:
    return one.cpu_ms_per_s


def _each(one: Step) -> float:
    return one.cpu_each_ms_per_s


def _late_p50(one: Step) -> float:
    return one.late_p50_below_ms


def _late_p99(one: Step) -> float:
    return one.late_p99_below_ms


def _load(one: Step) -> float:
    return one.load_ms_per_s


def _pss(one: Step) -> float:
    return one.memory.pss_mb


def _rss(one: Step) -> float:
    return one.memory.rss_mb
