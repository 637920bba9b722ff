"""An edition is a file: every example can be run, and no line of code knows a city."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server import settings
from server.demo import playbill, what_to_do
from server.event import load
from server.links import links_of
from server.tokens import Tokens

ROOT = Path(__file__).resolve().parent.parent
EDITIONS = sorted(path for path in (ROOT / "events").glob("*.toml") if not path.is_symlink())
CODE = ("server", "signaling", "interpreter", "media", "web", "tools")
CITIES = re.compile(r"suwon|ha[ _-]?noi|hong[ _-]?kong|수원|하노이|홍콩|水原|河內|河内|香港|hà nội", re.IGNORECASE)
PROSE = {".md", ".png", ".woff2"}


def by_name(path: Path) -> str:
    return path.stem


def test_both_editions_are_there_and_one_is_the_default() -> None:
    assert {"suwon-hanoi", "suwon-hongkong"} <= {path.stem for path in EDITIONS}
    assert settings.read({}).event.resolve() in EDITIONS


@pytest.mark.parametrize("path", EDITIONS, ids=by_name)
def test_every_edition_is_without_fault_and_named_like_its_file(path: Path) -> None:
    event = load(path)
    assert event.id == path.stem
    assert all(site.technician for site in event.sites)


@pytest.mark.parametrize("path", EDITIONS, ids=by_name)
def test_every_language_of_an_edition_has_a_catalogue(path: Path) -> None:
    written = {catalogue.stem for catalogue in (ROOT / "web" / "words").glob("*.json")}
    assert set(load(path).languages) <= written


@pytest.mark.parametrize("path", EDITIONS, ids=by_name)
def test_demonstration_casts_the_far_site_of_any_edition(path: Path) -> None:
    here = replace(settings.read({"HANMARU_EVENT": str(path)}), state_dir=Path("/var/lib/hanmaru"))
    event = load(here.event)
    tokens = Tokens("s" * 43, event.id)
    links = links_of(event, tokens, origin=here.origin, now=datetime.now(UTC), booth=event.booths[0].id)
    far = event.sites[1]
    bill = playbill(here, event, links)
    assert bill.time_zone == far.time_zone
    name, _, told = bill.caption.partition(" · ")
    assert name == far.name[far.language]
    assert told
    assert far.language == "en" or told != "simulation", "said in the language of the site"
    assert far.name["en"] in what_to_do(here, event, links)


def test_hong_kong_is_one_hour_behind() -> None:
    event = load(ROOT / "events" / "suwon-hongkong.toml")
    assert event.site("hongkong").second_language == "en"
    assert (event.date.isoformat(), f"{event.opens:%H:%M}", f"{event.closes:%H:%M}") == ("2020-05-21", "09:00", "18:00")
    assert [booth.id for booth in event.booths] == [f"booth-{n}" for n in range(1, 6)]
    hanoi = load(ROOT / "events" / "suwon-hanoi.toml")
    assert [b.product["en"] for b in event.booths] == [b.product["en"] for b in hanoi.booths], "the same five products"


def test_no_line_of_code_knows_a_city() -> None:
    files = [path for folder in CODE for path in (ROOT / folder).rglob("*") if path.is_file()]
    read = [path for path in files if path.suffix not in PROSE | {".pyc"} and "fonts" not in path.parts]
    known = {
        f"{path.relative_to(ROOT)}:{number}: {row.strip()[:80]}"
        for path in [*read, ROOT / "Makefile"]
        for number, row in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if CITIES.search(row)
    }
    assert known == set()
