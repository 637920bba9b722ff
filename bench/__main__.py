"""`python -m bench`: measures Hanmaru beside Janus, prints a table, writes bench/results/."""

from __future__ import annotations

import logging
from typing import Annotated

import typer
import uvloop

from bench import suite
from bench.readme import FOLDER, README, put_table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, no_args_is_help=False)


@app.command()
def main(
    only: Annotated[
        str, typer.Option("--only", help=f"Some of the parts, with commas between: {', '.join(suite.PARTS)}.")
    ] = "",
    runs: Annotated[int, typer.Option("--runs", min=1, help="How often each comparison is made.")] = suite.RUNS,
    seconds: Annotated[
        float, typer.Option("--seconds", min=2.0, help="How long each load is measured.")
    ] = suite.LOAD_S,
    peer: Annotated[bool, typer.Option("--peer/--no-peer", help="Janus beside it, where it is installed.")] = True,
    readme: Annotated[
        bool, typer.Option("--readme/--no-readme", help="Write the table into README.md, when everything was run.")
    ] = True,
) -> None:
    """Measure Hanmaru beside Janus on this machine, at most 15 minutes; leave it alone meanwhile.

    A whole run writes bench/results/latest.json, latest.md and plots, and renews the table in README.md; one with
    --only, or in which something failed, writes into bench/results/partial.
    """
    logging.basicConfig(level=logging.ERROR)  # libraries tell of every connection
    wanted = tuple(part.strip() for part in only.split(",") if part.strip()) or suite.PARTS
    unknown = set(wanted) - set(suite.PARTS)
    if unknown:
        raise typer.BadParameter(f"no part {', '.join(sorted(unknown))}; there are {', '.join(suite.PARTS)}")
    results = uvloop.run(suite.measure(suite.Plan(wanted, runs, seconds, peer)))
    whole = set(wanted) == set(suite.PARTS) and not results.failed
    suite.write(results, FOLDER if whole else FOLDER / "partial")
    if readme and whole:
        put_table(README, FOLDER / "latest.md")
        print(f"the table in {README.name} is renewed")
    if results.failed:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
