"""What a run of the benchmark found: rows against their bars, figures as JSON."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import janus, speech
from bench.figures import Spread, said
from media.engine import opus

LIBRARIES = ("aiortc", "aioice", "av", "numpy", "uvloop", "aiohttp")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ours` and `theirs` are figures as text; `reached` None: nothing to hold it against."""

    what: str
    bar: str
    ours: str
    theirs: str = "–"
    ratio: str = "–"
    reached: bool | None = None


@dataclass
class Results:
    """Everything that stands in the JSON file."""

    settings: dict[str, Any]
    machine: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Parts that could not be measured."""
    at: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))
    seconds: float = 0.0

    def as_json(self) -> str:
        """JSON without nan, which it does not know."""
        return json.dumps(_plain(asdict(self)), ensure_ascii=False, indent=1)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return None if not math.isfinite(value) else round(value, 4)
    return value


def machine() -> dict[str, Any]:
    """What it was measured on, with what."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}, {platform.freedesktop_os_release().get('PRETTY_NAME')}",
        "load_before": os.getloadavg()[0],
        "hanmaru": commit or "unknown",
        "janus": janus.version() if janus.available() else "not installed",
        "python": platform.python_version(),
        "libopus": opus.version(),
        "voices": "espeak-ng" if speech.available() else "babble of our own",
        **{name: version(name) for name in LIBRARIES},
    }


def spread_said(spread: Spread, unit: str = "") -> str:
    """Median with its range: `12.3 (11.9-13.0) ms/s`."""
    text = f"{said(spread.median)} ({said(spread.low)}–{said(spread.high)})"
    return f"{text} {unit}".rstrip()


def table(rows: list[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| what | bar | Hanmaru | Janus | ratio | |", "| --- | --- | --- | --- | --- | --- |"]
    signs = {True: "reached", False: "**missed**", None: ""}
    lines += [
        f"| {row.what} | {row.bar} | {row.ours} | {row.theirs} | {row.ratio} | {signs[row.reached]} |" for row in rows
    ]
    return "\n".join(lines)
