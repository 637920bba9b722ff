"""Rows of the table from channels of speech."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from bench.figures import percentile, said
from bench.measure_speech import LINES, Channel
from bench.results import Row

ESTOI_WITHIN, PESQ_WITHIN = 0.015, 0.3
DELAY_P50_MS, DELAY_P95_MS, AFTER_WITHIN_MS = 90.0, 130.0, 20.0


def speech_rows(channels: Sequence[Channel]) -> list[Row]:
    """Two rows per line: scores against the ceiling, and delays."""
    rows: list[Row] = []
    for line in LINES:
        ours, theirs = _of(channels, line, "Hanmaru"), _of(channels, line, "Janus")
        if ours:
            rows += [_scores(line, ours, theirs), _delays(line, ours, theirs)]
    return rows


def _scores(line: str, ours: Sequence[Channel], theirs: Sequence[Channel]) -> Row:
    """Means over languages and seeds; the ceiling is of our own channels' packets."""
    (estoi, pesq), (best_estoi, best_pesq) = _means(ours), _means(ours, ceiling=True)
    return Row(
        f"speech, {line}: ESTOI / PESQ-WB (ceiling {best_estoi:.3f} / {best_pesq:.1f})",
        f"≥ {best_estoi - ESTOI_WITHIN:.3f} / {best_pesq - PESQ_WITHIN:.1f}",
        f"{estoi:.3f} / {pesq:.1f}",
        "{:.3f} / {:.1f}".format(*_means(theirs)) if theirs else "–",
        reached=estoi >= best_estoi - ESTOI_WITHIN and pesq >= best_pesq - PESQ_WITHIN,
    )


def _delays(line: str, ours: Sequence[Channel], theirs: Sequence[Channel]) -> Row:
    p50, p95, drift = _delay(ours)
    bar = f"≤ {DELAY_P50_MS:.0f} / {DELAY_P95_MS:.0f} ms"
    reached = p50 <= DELAY_P50_MS and p95 <= DELAY_P95_MS
    if "10 s after" in ours[0].delays_ms:
        bar += f", ± {AFTER_WITHIN_MS:.0f} ms"
        reached = reached and abs(drift) <= AFTER_WITHIN_MS
    return Row(
        f"delay of that speech, {line}: p50 / p95; 10 s after against before",
        bar,
        _text(ours),
        _text(theirs),
        "–",
        reached,
    )


def _text(channels: Sequence[Channel]) -> str:
    if not channels:
        return "–"
    p50, p95, drift = _delay(channels)
    after = f"; {drift:+.0f} ms" if "10 s after" in channels[0].delays_ms else ""
    return f"{said(p50)} / {said(p95)} ms{after}"


def _delay(channels: Sequence[Channel]) -> tuple[float, float, float]:
    """p50 and p95 while impaired, and how much larger the median is 10 s after than before."""
    during = [delay for one in channels for delay in one.delays_ms["impaired"]]
    after, before = (
        percentile([delay for one in channels for delay in one.delays_ms.get(phase, [])], 0.5)
        for phase in ("10 s after", "before")
    )
    return percentile(during, 0.5), percentile(during, 0.95), after - before


def _means(channels: Sequence[Channel], *, ceiling: bool = False) -> tuple[float, float]:
    scores = [scored for one in channels if (scored := one.ceiling if ceiling else one.scores) is not None]
    return statistics.fmean(one.estoi for one in scores), statistics.fmean(one.pesq for one in scores)


def _of(channels: Sequence[Channel], line: str, server: str) -> list[Channel]:
    return [one for one in channels if (one.line, one.server) == (line, server)]
