"""The figures as pictures: CPU run by run, delays, what the line does to speech."""

from __future__ import annotations

from pathlib import Path

from bench.results import Results

COLOURS = {"Hanmaru": "#0b6e4f", "Janus": "#8a8a8a", "ceiling": "#d08c00"}


def draw(found: Results, folder: Path) -> None:
    """Write a PNG for every part that was measured."""
    import matplotlib as mpl

    mpl.use("Agg")
    if "load" in found.figures:
        _cpu(found, folder / "cpu.png")
    if "onset" in found.figures:
        _onset(found, folder / "onset.png")


def _cpu(found: Results, path: Path) -> None:
    from matplotlib import pyplot

    runs = [one for one in found.figures["load"] if one["server"] in COLOURS]
    works = list(dict.fromkeys(one["work"] for one in runs))
    figure, axes = pyplot.subplots(1, len(works), figsize=(4 * len(works), 4), squeeze=False)
    for axis, work in zip(axes[0], works, strict=True):
        servers = list(dict.fromkeys(one["server"] for one in runs))
        for place, server in enumerate(servers):
            values = [one["cpu_ms_per_s"] for one in runs if one["server"] == server and one["work"] == work]
            axis.bar(place, sorted(values)[len(values) // 2], color=COLOURS[server], alpha=0.6)
            axis.plot([place] * len(values), values, "k.", markersize=5)
        axis.set_xticks(range(len(servers)), servers)
        axis.set_title(work)
        axis.set_ylabel("ms of CPU per second, net of idle")
    figure.suptitle(f"CPU: medians, and every run ({found.at})")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _onset(found: Results, path: Path) -> None:
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(8, 4))
    for one in found.figures["onset"]:
        for style, (phase, delays) in zip(("-", "--", ":"), one["delays_ms"].items(), strict=True):
            ranked = sorted(delays)
            share = [(at + 1) / len(ranked) for at in range(len(ranked))]
            axis.plot(ranked, share, style, color=COLOURS[one["server"]], label=f"{one['server']}, {phase}")
    axis.set_xlabel("onset to mix, ms")
    axis.set_ylabel("share of sounds")
    axis.set_xlim(left=0)
    axis.legend()
    figure.suptitle(f"From one participant's sound to what another one hears ({found.at})")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
