"""The sentences of the pages: each language has them all, with the same blanks, and no page says another."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
WORDS = WEB / "words"
PRINTED = WEB.parent / "server" / "sheet.html"  # the one text of ours that no browser fetches as a file
LANGUAGES: list[str] = json.loads((WORDS / "languages.json").read_text(encoding="utf-8"))
REFERENCE = "en"
KEY = re.compile(r"[a-z]+(?:\.[a-z_]+)+")
BLANK = re.compile(r"\{(\w+)\}")


def catalogue(language: str) -> dict[str, str]:
    """Sentence by key."""
    words: dict[str, str] = json.loads((WORDS / f"{language}.json").read_text(encoding="utf-8"))
    return words


def sources() -> dict[str, str]:
    """Every script and page of `web/`, by its name."""
    return {
        str(path.relative_to(WEB)): path.read_text(encoding="utf-8")
        for path in sorted(WEB.rglob("*"))
        if path.suffix in {".js", ".html"}
    }


def literals(text: str) -> set[str]:
    """What stands between quotes in a script, or between the quotes of an attribute in a page."""
    return set(re.findall(r"\"([^\"\n]*)\"", text))


def keys_used() -> set[str]:
    """Every literal that has the shape of a key and begins like one."""
    first_words = {key.split(".")[0] for key in catalogue(REFERENCE)}
    texts = [*sources().values(), PRINTED.read_text(encoding="utf-8")]
    found = {literal for text in texts for literal in literals(text) if KEY.fullmatch(literal)}
    files = {name for name in found if name.endswith((".js", ".css", ".json", ".svg", ".html"))}
    composed = {f"{prefix}.{name}" for prefix, name in checks()}
    return {key for key in found - files if key.split(".")[0] in first_words} | composed


def checks() -> list[tuple[str, str]]:
    """The loopback checks name a label and a cure each: `row("loss", ...)` says test.loss and cure.loss."""
    names = re.findall(r"\brow\(\"(\w+)\"", sources()["checks.js"])
    return [(prefix, name) for prefix in ("test", "cure") for name in names]


def test_catalogues_are_exactly_the_listed_languages() -> None:
    assert sorted(LANGUAGES) == sorted(path.stem for path in WORDS.glob("*.json") if path.stem != "languages")
    assert {"ko", "vi", "en", "zh-Hant"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_has_the_same_keys_as_every_other(language: str) -> None:
    assert catalogue(language).keys() == catalogue(REFERENCE).keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_have_the_same_blanks_in_every_language(language: str) -> None:
    other = {
        key: sorted(BLANK.findall(sentence))
        for key, sentence in catalogue(language).items()
        if sorted(BLANK.findall(sentence)) != sorted(BLANK.findall(catalogue(REFERENCE)[key]))
    }
    assert other == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty_or_carries_markup(language: str) -> None:
    bad = [key for key, sentence in catalogue(language).items() if not sentence.strip() or re.search(r"[<>]", sentence)]
    assert bad == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_is_written_twice(language: str) -> None:
    pairs = json.loads((WORDS / f"{language}.json").read_text(encoding="utf-8"), object_pairs_hook=list)
    assert len(pairs) == len({key for key, _ in pairs})


def test_korean_and_vietnamese_keep_their_polite_forms() -> None:
    plain_korean = [key for key, sentence in catalogue("ko").items() if re.search(r"요(?=[.!?]|$)", sentence)]
    familiar_vietnamese = [key for key, sentence in catalogue("vi").items() if re.search(r"(?i)\bbạn\b", sentence)]
    assert (plain_korean, familiar_vietnamese) == ([], [])


def test_chinese_is_traditional_and_of_hong_kong() -> None:
    """No simplified letter, no word that is said so only in Taiwan or on the mainland, full-width marks between Han."""
    simplified = set("这们说话语请听见开关闭连线断进结选择设备网络输质频声响应稳标签务无对东传译议间画")
    elsewhere = re.compile("網路|口譯|螢幕|視訊|資訊|品質|程序|軟件|视频|屏蔽|數據線|鼠標|服務器|麥克風|您好")
    bad = {
        key: sentence
        for key, sentence in catalogue("zh-Hant").items()
        if set(sentence) & simplified
        or elsewhere.search(sentence)
        or re.search(r"[\u4e00-\u9fff][,;:?!.()]|[,;:?!()][\u4e00-\u9fff]|你|[。]$", sentence)
    }
    assert bad == {}


def test_every_key_a_page_says_is_in_the_catalogue() -> None:
    assert sorted(keys_used() - catalogue(REFERENCE).keys()) == []


def test_every_sentence_of_the_catalogue_is_said_somewhere() -> None:
    assert sorted(catalogue(REFERENCE).keys() - keys_used()) == []


def test_pages_carry_no_sentence_of_their_own() -> None:
    """Text in a page is the product's name; everything else comes from the catalogues."""
    own = {
        name: text
        for name, page in sources().items()
        if name.endswith(".html")
        for text in re.findall(r">([^<>]+)<", page)
        if text.strip() and text.strip() not in {"Hanmaru", "한마루", "C", "D"}
    }
    assert own == {}


def test_pages_have_no_inline_script_or_style() -> None:
    found = [
        name
        for name, page in sources().items()
        if name.endswith(".html") and re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", page)
    ]
    assert found == []
