"""A sheet as HTML: hostile names are text, the house's policy holds, every sentence is there in every language."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import pytest

from server.event import load
from server.sheet_document import code, document, written_by_us
from tests.support.sheets import altered, authority, made_of, speaking

TEST_EVENT = Path("tests/support/test-event.toml")
HOSTILE = "<script>alert(1)</script>{{7*7}}&amp;"


def test_a_hostile_name_prints_as_text(tmp_path: Path) -> None:
    event = altered(tmp_path, TEST_EVENT, ('ko = "다온전자"', f'ko = "{HOSTILE}"'))
    html = document(asdict(made_of(event, "suwon")))
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}&amp;amp;</p>") == 3, "room, operator, interpreter"


def test_the_page_obeys_the_houses_policy() -> None:
    html = document(asdict(made_of(load(TEST_EVENT), "suwon", authority=authority())), seat="technician.duty")
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", html)
    assert set(re.findall(r'<link[^>]*href="([^"]*)"', html)) == {"/mark.svg", "/sheet.css"}
    assert 'href="/sheet/suwon.pdf?seat=technician.duty"' in html


def test_a_file_that_is_kept_has_its_stylesheet_inside_and_is_known_as_ours() -> None:
    html = document(asdict(made_of(load(TEST_EVENT), "suwon")), standalone=True)
    assert "@page" in html
    assert "<link" not in html
    assert written_by_us(html.encode())
    assert not written_by_us(b"%PDF-1.7 an invoice")


@pytest.mark.parametrize(
    ("file", "site", "language"),
    [
        ("suwon-hanoi", "suwon", "ko"),
        ("suwon-hanoi", "hanoi", "vi"),
        ("suwon-hongkong", "hongkong", "zh-Hant"),
        ("suwon-hongkong", "hongkong", "en"),
    ],
)
def test_every_sentence_is_there_in_every_language(file: str, site: str, language: str) -> None:
    """The template refuses what is not defined, the catalogue a key that it lacks."""
    event = speaking(load(f"events/{file}.toml"), site, language)
    html = document(asdict(made_of(event, site, authority=authority())))
    assert f'<html lang="{language}">' in html
    assert len(re.findall("<article", html)) == 2 * 16
    assert re.findall(r"\{\w+\}|sheet\.\w", re.sub(r"<[^>]*>", "", html)) == []


def test_without_an_authority_of_ours_nobody_is_asked_to_trust_it() -> None:
    html = document(asdict(made_of(load(TEST_EVENT), "suwon")))
    assert "ca.crt" not in html
    assert "SHA-256" not in html


def test_a_code_is_one_shape_with_a_quiet_zone_of_four_modules() -> None:
    drawn = code("https://hall.example:8443/ca.crt")
    assert drawn["side"] == 29 + 8
    starts = [(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h", str(drawn["path"]))]
    assert min(x for x, _ in starts) == min(y for _, y in starts) == 4
