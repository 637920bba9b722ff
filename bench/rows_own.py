"""Rows that stand for Hanmaru alone, and for the instrument itself."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.figures import percentile, said, spread
from bench.measure_browser import Joined
from bench.measure_freeze import Freeze
from bench.measure_lipsync import LipSync
from bench.measure_load import Run
from bench.measure_transcode import Transcode
from bench.results import Row, spread_said

MOST_FREEZE_S = {0.02: 0.5, 0.05: 1.0}
LIP_SYNC_MS = 20.0
MOST_TRANSCODE_RATIO = 1.25
MOST_JOIN_S = {0.0: 5.0, 0.02: 8.0}


def reflector_row(run: Run) -> Row:
    """The load's own path, without any server."""
    delays = " / ".join(said(percentile(run.delays_ms, share)) for share in (0.5, 0.95, 0.99))
    return Row("(the instrument itself: picture delay without a server, p50 / p95 / p99)", "–", f"{delays} ms")


def freeze_rows(found: Sequence[Freeze]) -> list[Row]:
    """The longest of all streams, by loss."""
    rows = []
    for loss, bar_s in MOST_FREEZE_S.items():
        ours, theirs = (
            [one for one in found if (one.loss, one.server) == (loss, name)] for name in ("Hanmaru", "Janus")
        )
        if not ours:
            continue
        longest_s = max(one.longest_s for one in ours)
        seconds = sum(one.seconds for one in ours)
        rows.append(
            Row(
                f"longest freeze at {loss:.0%} loss each way, 80 ms RTT, {seconds:.0f} stream-seconds",
                f"≤ {bar_s} s",
                _freeze(ours),
                _freeze(theirs) if theirs else "–",
                reached=longest_s <= bar_s,
            )
        )
    return rows


def _freeze(found: Sequence[Freeze]) -> str:
    share = sum(one.shown for one in found) / sum(one.seconds for one in found)
    return f"{max(one.longest_s for one in found):.2f} s ({share:.0f} fps)"


def lipsync_rows(found: Sequence[LipSync]) -> list[Row]:
    """The instrument's own error first."""
    rows = []
    for one in found:
        if one.server == "reflector":
            rows.append(Row("(the instrument itself: lip-sync error without a server)", "–", f"{one.error_ms:+.1f} ms"))
        else:
            text = f"{one.error_ms:+.1f} ms" if math.isfinite(one.error_ms) else "nothing came"
            what = f"lip-sync error added by the server, {one.way}, {one.where}"
            rows.append(Row(what, "within ± 20 ms", text, reached=abs(one.error_ms) <= LIP_SYNC_MS))
    return rows


def transcode_rows(found: Sequence[Transcode]) -> list[Row]:
    """The server's CPU over the floor's, run by run."""
    ratio = spread(one.server_ms_per_s / one.floor_ms_per_s for one in found if one.enough)
    fps = spread(one.fps for one in found).median
    return [
        Row(
            f"transcode and scale of 720p 30 fps to 1280x1024 against its floor ({fps:.0f} fps came)",
            "≤ 1.25 × floor",
            f"{spread_said(spread(one.server_ms_per_s for one in found), 'ms/s')}, "
            f"floor {spread_said(spread(one.floor_ms_per_s for one in found), 'ms/s')}",
            ratio=spread_said(ratio),
            reached=ratio.median <= MOST_TRANSCODE_RATIO,
        )
    ]


def browser_rows(found: Sequence[Joined]) -> list[Row]:
    """Seconds from opening the page to the whole picture."""
    return [
        Row(
            f"Chromium with a 1080p camera to Chromium, {one.loss:.0%} loss: join to 1280x1024 at 24 fps",
            f"≤ {MOST_JOIN_S[one.loss]:.0f} s",
            f"{one.seconds:.1f} s" if math.isfinite(one.seconds) else f"not within {one.waited_s:.0f} s ({one.best})",
            reached=one.seconds <= MOST_JOIN_S[one.loss],
        )
        for one in found
    ]
