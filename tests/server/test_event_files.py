"""Glossaries, briefs and pictures lie beside the event file, are what they say they are, and are told of when not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.event import EventFaults, load
from server.event_files import faults_of_files

HONG_KONG = Path("events/suwon-hongkong.toml")
PNG = b"\x89PNG\r\n\x1a\n"


def told(folder: Path, **booth: Any) -> list[tuple[str, str]]:
    """Key and sentence of every fault of an event with one booth that has these keys."""
    raw = {"languages": ["ko", "zh-Hant", "en"], "booths": [booth]}
    return [(fault.key, fault.sentence) for fault in faults_of_files("event.toml", {}, raw, folder)]


def test_the_hong_kong_event_knows_where_its_files_lie() -> None:
    event = load(HONG_KONG)
    booth, folder = event.booth("booth-1"), HONG_KONG.absolute().with_suffix("")
    assert event.glossary == folder / "glossary.csv"
    assert (booth.glossary, booth.brief) == (folder / "router-glossary.csv", folder / "router-brief.md")
    assert booth.pictures == (folder / "router.png",)
    assert all(path.is_file() for path in (event.glossary, booth.brief, *booth.pictures) if path)
    other = event.booth("booth-2")
    assert (other.glossary, other.brief, other.pictures) == (None, None, ())


def test_a_missing_file_is_a_fault_at_its_line(tmp_path: Path) -> None:
    text = HONG_KONG.read_text(encoding="utf-8")
    file = tmp_path / "event.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(EventFaults) as refused:
        load(file)
    rows = text.splitlines()
    assert [(fault.key, rows[(fault.line or 0) - 1].split(" ")[0]) for fault in refused.value.faults] == [
        ("glossary", "glossary"),
        ("booths[1].glossary", "glossary"),
        ("booths[1].pictures[1]", "pictures"),
        ("booths[1].brief", "brief"),
    ]
    assert all("There is no file" in fault.sentence for fault in refused.value.faults)


def test_what_the_files_should_be_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    table = '\ufeffterm,en,ko\r\nCIF,"cost, insurance",운임\r\n,,\r\n'
    (tmp_path / "deep" / "g.csv").write_text(table, encoding="utf-8")
    (tmp_path / "brief.md").write_text("# 안녕하십니까\n", encoding="utf-8")
    (tmp_path / "P.PNG").write_bytes(PNG)
    assert told(tmp_path, glossary="deep/g.csv", brief="brief.md", pictures=["P.PNG", "./P.PNG"]) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../brief.md", "leads out of the folder"),
        ("a/../../brief.md", "leads out of the folder"),
        ("/etc/brief.md", "is not relative"),
        ("~/brief.md", "is not relative"),
        ("C:/brief.md", "is not relative"),
        ("a\\brief.md", "is not relative"),
        ("", "empty or holds invisible"),
        ("brief\0.md", "empty or holds invisible"),
        ("brief.html", "its name ends in .md or .txt"),
        ("breif.md", 'There is no file "breif.md" beside this event file. Did you mean "brief.md"?'),
        ("folder.md", "is no file"),
        ("inside.md/brief.md", "cannot be read"),
        ("out.md", "a link that leads out"),
        ("round.md", "cannot be read"),
        ("pipe.md", "is no file"),
        ("latin.md", "not UTF-8 in its line 2"),
        ("blank.md", "is empty"),
        ("large.md", "larger than 200 kB"),
        ("link.md", None),
    ],
)
def test_a_brief_that_cannot_be_used_says_why(tmp_path: Path, name: str, sentence: str | None) -> None:
    folder = tmp_path / "event"
    (folder / "folder.md").mkdir(parents=True)
    (tmp_path / "secret.md").write_text("not yours")
    (folder / "out.md").symlink_to(tmp_path / "secret.md")
    (folder / "round.md").symlink_to("round.md")
    (folder / "link.md").symlink_to("brief.md")
    os.mkfifo(folder / "pipe.md")
    for own, content in (
        ("brief.md", b"x"),
        ("inside.md", b"x"),
        ("latin.md", b"one\ntw\xe9"),
        ("blank.md", b" \n"),
        ("large.md", b"x" * 200_001),
    ):
        (folder / own).write_bytes(content)
    faults = told(folder, brief=name)
    assert [key for key, _ in faults] == ([] if sentence is None else ["booths[1].brief"])
    assert sentence is None or sentence in faults[0][1]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("한국어,en\na,b\n", 'write "term, ko, zh-Hant, en"'),
        ("term\na\n", 'write "term, ko, zh-Hant, en"'),
        ("term,ko,vi\na,b,c\n", 'a column "vi", which is not one of the event\'s languages'),
        ("term,ko,ko\na,b,c\n", "the same column twice"),
        ("term,ko\nCIF,cost, insurance\n", 'has 3 columns in its row "CIF" and 2 in its first'),
        ("term,ko\n,말\n", "a row without its term"),
        ('term,ko\n"a,b\n', "not a table of commas and lines"),
        (",,\n", 'write "term, ko, zh-Hant, en"'),
    ],
)
def test_a_glossary_has_a_term_and_languages_of_the_event(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "g.csv").write_text(text, encoding="utf-8")
    ((key, fault),) = told(tmp_path, glossary="g.csv")
    assert key == "booths[1].glossary"
    assert sentence in fault


def test_a_picture_is_what_its_name_says(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"<svg onload='alert(1)'/>")
    (tmp_path / "b.svg").write_bytes(b"<svg/>")
    faults = dict(told(tmp_path, pictures=["a.png", "b.svg"]))
    assert "holds no png picture" in faults["booths[1].pictures[1]"]
    assert "ends in .png, .jpg, .jpeg or .webp" in faults["booths[1].pictures[2]"]


SCRAPS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["brief", "pictures"]), inner),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(["languages", "glossary", "booths"]), SCRAPS, max_size=3))
def test_nothing_that_stands_in_a_file_can_break_the_check(raw: dict[str, Any]) -> None:
    for fault in faults_of_files("event.toml", {}, raw, Path("events")):
        assert fault.sentence
