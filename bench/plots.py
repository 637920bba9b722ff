"""The figures as pictures: CPU run by run, onsets, what the line does to speech, growth with consultations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.results import Results

COLOURS = {"Hanmaru": "#0b6e4f", "Janus": "#8a8a8a", "ceiling": "#d08c00"}
FILES = {"load": "cpu"}
"""Where the picture of a part is not called after it."""


def draw(found: Results, folder: Path) -> None:
    """Write a PNG for every part that was measured."""
    import matplotlib as mpl

    mpl.use("Agg")
    drawings = {"load": _cpu, "onset": _onset, "speech": _speech, "growth": _growth}
    for part, drawing in drawings.items():
        if found.figures.get(part):
            figure = drawing(found.figures[part])
            figure.suptitle(f"{figure.get_suptitle()} ({found.at})")
            figure.tight_layout()
            figure.savefig(folder / f"{FILES.get(part, part)}.png", dpi=110)


def _cpu(runs: list[dict[str, Any]]) -> Any:
    from matplotlib.figure import Figure

    runs = [one for one in runs if one["server"] in COLOURS]
    works = list(dict.fromkeys(one["work"] for one in runs))
    servers = list(dict.fromkeys(one["server"] for one in runs))
    figure = Figure(figsize=(4 * len(works), 4))
    for axis, work in zip(figure.subplots(1, len(works), squeeze=False)[0], works, strict=True):
        for place, server in enumerate(servers):
            values = [one["cpu_ms_per_s"] for one in runs if one["server"] == server and one["work"] == work]
            axis.bar(place, sorted(values)[len(values) // 2], color=COLOURS[server], alpha=0.6)
            axis.plot([place] * len(values), values, "k.", markersize=5)
        axis.set_xticks(range(len(servers)), servers)
        axis.set_title(work)
        axis.set_ylabel("ms of CPU per second, net of idle")
    figure.suptitle("CPU: medians, and every run")
    return figure


def _onset(found: list[dict[str, Any]]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4))
    axis = figure.subplots()
    for one in found:
        for style, (phase, delays) in zip(("-", "--", ":"), one["delays_ms"].items(), strict=True):
            ranked = sorted(delays)
            share = [(at + 1) / len(ranked) for at in range(len(ranked))]
            axis.plot(ranked, share, style, color=COLOURS[one["server"]], label=f"{one['server']}, {phase}")
    axis.set_xlabel("onset to mix, ms")
    axis.set_ylabel("share of sounds")
    axis.set_xlim(left=0)
    axis.legend()
    figure.suptitle("From one participant's sound to what another one hears")
    return figure


def _speech(channels: list[dict[str, Any]]) -> Any:
    from matplotlib.figure import Figure

    lines = list(dict.fromkeys(one["line"] for one in channels))
    figure = Figure(figsize=(10, 7))
    for axis, measure in zip(figure.subplots(2, 1), ("estoi", "pesq"), strict=True):
        for shift, name in enumerate(("ceiling", "Hanmaru", "Janus")):
            for place, line in enumerate(lines):
                key, server = ("ceiling", "Hanmaru") if name == "ceiling" else ("scores", name)
                values = [one[key][measure] for one in channels if (one["line"], one["server"]) == (line, server)]
                at = place + (shift - 1) * 0.25
                axis.plot([at] * len(values), values, ".", color=COLOURS[name], label=name if place == 0 else None)
        axis.set_xticks(range(len(lines)), lines)
        axis.set_ylabel("ESTOI" if measure == "estoi" else "PESQ-WB")
        axis.legend()
    figure.suptitle("Speech through the server, impaired on the way in: every channel")
    return figure


def _growth(steps: list[dict[str, Any]]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4.5))
    cpu, late, memory = figure.subplots(1, 3)
    for server in dict.fromkeys(one["server"] for one in steps):
        found = [one for one in steps if one["server"] == server and not one["failure"]]
        counts = [one["consultations"] for one in found]
        colour = COLOURS[server]
        cpu.plot(counts, [one["cpu_ms_per_s"] for one in found], "o-", color=colour, label=server)
        cpu.plot(counts, [one["load_ms_per_s"] for one in found], ".:", color=colour, label=f"load, to {server}")
        memory.plot(counts, [one["memory"]["pss_mb"] for one in found], "o-", color=colour, label=f"{server}, PSS")
        late.plot(counts, [one["delay_p99_ms"] for one in found], "s--", color=colour, label=f"{server}, picture p99")
        if any(one["ticks"] for one in found):
            late.plot(counts, [one["late_p99_below_ms"] for one in found], "o-", color=colour, label="tick p99 below")
            late.plot(counts, [one["late_p50_below_ms"] for one in found], "o:", color=colour, label="tick p50 below")
    late.axhline(3.0, color="#b00020", linewidth=0.8)
    for axis, what in ((cpu, "ms of CPU per second, net of idle"), (late, "ms"), (memory, "MB")):
        axis.set_xlabel("consultations at once")
        axis.set_ylabel(what)
        axis.set_ylim(bottom=0)
        axis.legend(fontsize=8)
    for axis, title in ((cpu, "CPU"), (late, "lateness of ticks, delay of pictures"), (memory, "memory")):
        axis.set_title(title)
    figure.suptitle("What more consultations at once cost")
    return figure
