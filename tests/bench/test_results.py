"""The table, the JSON file and the place in the README."""

from __future__ import annotations

import json

import pytest

from bench.readme import GROWTH, LATEST, README, Table, with_table
from bench.results import Results, Row, table


def test_a_row_says_whether_its_bar_was_reached() -> None:
    text = table([Row("a", "≤ 1", "0.5", reached=True), Row("b", "≤ 1", "2", reached=False), Row("c", "–", "3")])
    assert [line.rsplit("|", 2)[1].strip() for line in text.splitlines()[2:]] == ["reached", "**missed**", ""]


def test_figures_that_are_none_are_null_in_json() -> None:
    found = Results(settings={}, figures={"a": [float("nan"), float("inf"), 1.23456]})
    assert json.loads(found.as_json())["figures"]["a"] == [None, None, 1.2346]


@pytest.mark.parametrize("place", [LATEST, GROWTH], ids=lambda place: place.name)
def test_the_readme_has_a_place_for_the_table_and_keeps_everything_else(place: Table) -> None:
    text = README.read_text(encoding="utf-8")
    renewed = with_table(text, "| new |", place)
    assert f"{place.begin}\n| new |\n{place.end}" in renewed
    assert renewed.partition(place.begin)[0] == text.partition(place.begin)[0]
    assert renewed.partition(place.end)[2] == text.partition(place.end)[2]


def test_a_readme_without_the_place_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        with_table("nothing", "| new |", GROWTH)
