"""`python -m bench`: measures Hanmaru beside Janus, prints a table, writes bench/results/."""

from __future__ import annotations

import logging
from typing import Annotated

import typer
import uvloop

from bench import suite
from bench.measure_growth import COUNTS
from bench.readme import FOLDER, GROWTH, LATEST, README, put_table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, no_args_is_help=False)


@app.command()
def main(
    only: Annotated[
        str, typer.Option("--only", help=f"Some of the parts, with commas between: {', '.join(suite.PARTS)}.")
    ] = "",
    runs: Annotated[
        int | None, typer.Option("--runs", min=1, help=f"How often each comparison is made: {suite.RUNS}, growth once.")
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds",
            min=2.0,
            help=f"How long each load is measured: {suite.LOAD_S:.0f}, each step of growth alone {suite.GROWTH_S:.0f}.",
        ),
    ] = None,
    counts: Annotated[
        str, typer.Option("--counts", help="Consultations at once for growth, with commas between.")
    ] = ",".join(map(str, COUNTS)),
    peer: Annotated[bool, typer.Option("--peer/--no-peer", help="Janus beside it, where it is installed.")] = True,
    readme: Annotated[
        bool, typer.Option("--readme/--no-readme", help="Write the table into README.md, when everything was run.")
    ] = True,
) -> None:
    """Measure Hanmaru beside Janus on this machine, at most 15 minutes; leave it alone meanwhile.

    A whole run writes bench/results/latest.json, latest.md and plots, and renews the table in README.md. The growth
    curve needs 15 minutes of its own: `--only growth` writes growth.json, growth.md and growth.png there and renews
    its table in README.md. Any other run, or one in which something failed, writes into bench/results/partial.
    """
    logging.basicConfig(level=logging.ERROR)  # libraries tell of every connection
    wanted = tuple(part.strip() for part in only.split(",") if part.strip()) or suite.WHOLE
    unknown = set(wanted) - set(suite.PARTS)
    if unknown:
        raise typer.BadParameter(f"no part {', '.join(sorted(unknown))}; there are {', '.join(suite.PARTS)}")
    alone = wanted == ("growth",)
    plan = suite.Plan(
        wanted,
        runs or (1 if alone else suite.RUNS),
        seconds or (suite.GROWTH_S if alone else suite.LOAD_S),
        peer,
        _counts(counts),
    )
    results = uvloop.run(suite.measure(plan))
    table = GROWTH if alone else LATEST
    whole = (plan.is_whole_curve or set(wanted) == set(suite.WHOLE)) and not results.failed
    suite.write(results, FOLDER if whole else FOLDER / "partial", table.name)
    if readme and whole:
        put_table(README, table)
        print(f"the table in {README.name} is renewed")
    if results.failed:
        raise typer.Exit(1)


def _counts(text: str) -> tuple[int, ...]:
    """Rising numbers from 1 to the event's eight booths; raises typer.BadParameter."""
    words = [word.strip() for word in text.split(",")]
    counts = sorted({int(word) for word in words if word.isdecimal()})
    if not all(word.isdecimal() for word in words) or not 1 <= counts[0] <= counts[-1] <= COUNTS[-1]:
        raise typer.BadParameter(f"--counts takes numbers from 1 to {COUNTS[-1]} with commas between, not {text}")
    return tuple(counts)


if __name__ == "__main__":
    app()
