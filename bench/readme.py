"""Puts the latest tables between marks of README.md; all else stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
FOLDER = ROOT / "bench" / "results"


@dataclass(frozen=True, slots=True)
class Table:
    """One that stands in README.md: what its files are called, and the marks around it."""

    name: str
    begin: str
    end: str


LATEST = Table("latest", "<!-- bench: the table below is written by `make bench` -->", "<!-- bench: end -->")
GROWTH = Table(
    "growth",
    '<!-- growth: the table below is written by `make bench ARGS="--only growth"` -->',
    "<!-- growth: end -->",
)


def with_table(text: str, content: str, table: Table) -> str:
    """The text with `content` between the table's marks. Raises ValueError when a mark is missing."""
    before, begun, rest = text.partition(table.begin)
    _, ended, after = rest.partition(table.end)
    if not begun or not ended:
        raise ValueError(f"README.md needs the marks {table.begin} and {table.end}")
    return f"{before}{table.begin}\n{content.strip()}\n{table.end}{after}"


def put_table(readme: Path, table: Table) -> None:
    """Write the table that stands in its file of bench/results into the README."""
    content = (FOLDER / f"{table.name}.md").read_text(encoding="utf-8")
    readme.write_text(with_table(readme.read_text(encoding="utf-8"), content, table), encoding="utf-8")
