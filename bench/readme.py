"""Puts the latest table between two marks of README.md; all else stays as it is."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
FOLDER = ROOT / "bench" / "results"
BEGIN = "<!-- bench: the table below is written by `make bench` -->"
END = "<!-- bench: end -->"


def with_table(text: str, table: str) -> str:
    """The text with `table` between the marks. Raises ValueError when a mark is missing."""
    before, begun, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError(f"README.md needs the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table.strip()}\n{END}{after}"


def put_table(readme: Path, table: Path) -> None:
    """Write the table that stands in a file into the README."""
    text = with_table(readme.read_text(encoding="utf-8"), table.read_text(encoding="utf-8"))
    readme.write_text(text, encoding="utf-8")
