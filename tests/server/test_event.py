"""An event file becomes a frozen event, or a list of everything that is wrong with it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pydantic
import pytest

from server.event import EventFaults, load

HANOI = Path("events/suwon-hanoi.toml")


def faults_after(tmp_path: Path, *changes: tuple[str, str]) -> list[tuple[int | None, str, str]]:
    """The faults of the Hanoi event with some texts replaced (every change must find its text)."""
    text = HANOI.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file = tmp_path / "event.toml"
    file.write_text(text)
    with pytest.raises(EventFaults) as refused:
        load(file)
    assert all(fault.file == str(file) for fault in refused.value.faults)
    return [(fault.line, fault.key, fault.sentence) for fault in refused.value.faults]


def line(part: str) -> int:
    """The line of the Hanoi event that begins so."""
    return next(n for n, row in enumerate(HANOI.read_text().splitlines(), 1) if row.startswith(part))


def test_the_hanoi_event_is_the_day_of_the_five_makers() -> None:
    event = load(HANOI)
    assert (event.id, event.date, event.opens, event.closes) == (
        "suwon-hanoi",
        dt.date(2020, 5, 12),
        dt.time(9),
        dt.time(18),
    )
    assert [booth.id for booth in event.booths] == [f"booth-{n}" for n in range(1, 6)]
    assert [site.id for site in event.sites] == ["suwon", "hanoi"]
    assert event.start == "automatic"
    assert event.languages == ("ko", "vi", "en")
    assert all(len(booth.interpreters) == 1 for booth in event.booths)
    assert {(s.screen.width_mm, s.screen.height_mm, s.screen.width_px, s.screen.height_px) for s in event.sites} == {
        (1000, 800, 1280, 1024)
    }
    assert event.booth("booth-1").product["en"] == "Wi-Fi router with an LCD"
    assert event.site("hanoi").time_zone == "Asia/Ho_Chi_Minh"
    assert event.interpreter("kim").languages == ("ko", "vi")


def test_the_test_event_has_two_booths_with_small_screens() -> None:
    event = load("tests/support/test-event.toml")
    assert {booth.id: booth.interpreters for booth in event.booths} == {"booth-1": ("kim",), "booth-2": ("park",)}
    assert {(site.screen.width_px, site.screen.height_px) for site in event.sites} == {(640, 512)}


def test_an_event_cannot_be_changed_once_read() -> None:
    event = load(HANOI)
    with pytest.raises(pydantic.ValidationError):
        event.start = "operator"
    with pytest.raises(pydantic.ValidationError):
        event.sites[0].screen.width_px = 10


def test_the_day_ends_at_midnight_of_the_event_and_not_of_utc() -> None:
    assert load(HANOI).ends_at() == dt.datetime(2020, 5, 12, 15, 0, tzinfo=dt.UTC)


def test_a_rehearsal_is_the_same_event_on_another_day() -> None:
    event = load(HANOI)
    rehearsal = event.held_on(dt.date(2026, 1, 2))
    assert rehearsal.date == dt.date(2026, 1, 2)
    assert rehearsal.booths == event.booths
    assert event.date == dt.date(2020, 5, 12)


def test_an_unknown_booth_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        load(HANOI).booth("booth-9")


def test_every_fault_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    faults = faults_after(
        tmp_path,
        ('start = "automatic"', 'strat = "automatic"'),
        ('closes = "18:00"', 'closes = "08:00"'),
        ('"Asia/Ho_Chi_Minh"', '"Asia/Hanoi"'),
        ("height_px = 1024", 'height_px = "1024"'),
        ('output = "forwarded"', 'output = "exact"'),
        ('interpreters = ["park"]', 'interpreters = ["bark"]'),
        ('id = "booth-5"', 'id = "booth-4"'),
    )
    assert [(number, key) for number, key, _ in faults] == [
        (line("closes"), "closes"),
        (line("start"), "strat"),
        (line("screen"), "sites[1].screen.height_px"),
        (line("output"), "sites[1].output"),
        (line('id = "hanoi"') + 3, "sites[2].time_zone"),
        (line('interpreters = ["park"]'), "booths[3].interpreters[1]"),
        (line('id = "booth-5"'), "booths[5].id"),
    ]
    for _, _, sentence in faults:
        assert "pydantic" not in sentence
        assert sentence.endswith((".", "?"))


@pytest.mark.parametrize(
    ("change", "key", "sentence"),
    [
        (('id = "kim"', 'id = "Kim!"'), "interpreters[1].id", "small letters a to z, digits and hyphens"),
        (('id = "kim"', "id = 7"), "interpreters[1].id", "7 is not text; put it between double quotes."),
        (("width_px = 1280", "width_px = 1281"), "sites[1].screen.width_px", "even number of pixels"),
        (("width_px = 1280", "width_px = 0"), "sites[1].screen.width_px", "too small; it must be at least 160"),
        (("width_mm = 1000", "width_mm = 99999"), "sites[1].screen.width_mm", "too large; it may be at most 10000"),
        (("width_mm = 1000", "width_mm = 10.5"), "sites[1].screen.width_mm", "10.5 is not a whole number"),
        (("date = 2020-05-12", 'date = "12 May"'), "date", '"12 May" is not a date'),
        (("date = 2020-05-12", "date = 12"), "date", "12 is not a date"),
        (("date = 2020-05-12", "date = 9999-12-31"), "date", "9999-12-31 is not a day of an event"),
        (("date = 2020-05-12", 'date = "0001-01-01"'), "date", "0001-01-01 is not a day of an event"),
        (('opens = "09:00"', 'opens = "9 am"'), "opens", '"9 am" is not a time of day'),
        (('start = "automatic"', 'start = "auto"'), "start", 'write "automatic" or "operator"'),
        (("allow_loopback = true", 'allow_loopback = "yes"'), "allow_loopback", "neither true nor false"),
        (('languages = ["ko", "vi"]', 'languages = "ko, vi"'), "interpreters[1].languages", "is not a list"),
        (('name = { ko = "수원", vi = "Suwon", en = "Suwon" }', 'name = "Suwon"'), "sites[1].name", "group of"),
        (("networks = []", 'networks = ["hanoi office"]'), "sites[1].networks[1]", "not a range of addresses"),
        (('output = "forwarded"', 'output = "scale"'), "sites[1].output", 'write "forwarded" or "scaled"'),
        (('output = "forwarded"', "output = 1280"), "sites[1].output", "1280 is not possible here; write"),
        (('output = "forwarded"', 'ouput = "scaled"'), "sites[1].ouput", 'Did you mean "output"?'),
        (("networks = []", 'netwroks = ["10.0.0.0/8"]'), "sites[1].netwroks", 'Did you mean "networks"?'),
        (("width_px = 1280", "widht_px = 1280"), "sites[1].screen.widht_px", 'Did you mean "width_px"?'),
        (("link_validity_hours = 24", "link_validity_hours = 1"), "limits.link_validity_hours", "at least 24"),
        (('ko = "고운손"', 'ko = " "'), "booths[2].company.ko", "This text is empty."),
        (('ko = "고운손"', 'ko = "고운손\\n\\u001b[31m"'), "booths[2].company.ko", "invisible control character"),
        (("title = {", "titel = {"), "titel", 'Did you mean "title"?'),
        (('technician = "오지훈', 'technician = "' + "ㅎ" * 120), "sites[1].technician", "at most 120 letters"),
        (('technician = "오지훈 대리, 031-555-0141"', "technician = 7"), "sites[1].technician", "is not text"),
        (('product = { ko = "네일', 'brief = 7\nproduct = { ko = "네일'), "booths[2].brief", "named by text between"),
        (('product = { ko = "네일', 'pictures = "a.png"\nproduct = { ko = "네일'), "booths[2].pictures", "not a list"),
        (("start =", "glossary = true\nstart ="), "glossary", "named by text between double quotes"),
        (("networks = []", 'second_language = "EN"\nnetworks = []'), "sites[1].second_language", "not a language code"),
        (("networks = []", 'second_langauge = "en"\nnetworks = []'), "sites[1].second_langauge", "Did you mean"),
    ],
)  # fmt: skip
def test_a_fault_of_one_setting_names_it_and_says_what_to_do(
    tmp_path: Path, change: tuple[str, str], key: str, sentence: str
) -> None:
    faults = faults_after(tmp_path, change)
    mine = [text for _, at, text in faults if at == key]
    assert len(mine) == 1
    assert sentence in mine[0]


def test_a_site_gets_pictures_as_they_come_unless_it_is_set_to_scaled_ones(tmp_path: Path) -> None:
    file = tmp_path / "event.toml"
    file.write_text(HANOI.read_text().replace('output = "forwarded"', 'output = "scaled"'))
    assert [site.output for site in load(file).sites] == ["scaled", "forwarded"]


def test_what_is_missing_is_named_at_the_part_that_needs_it(tmp_path: Path) -> None:
    text = HANOI.read_text().replace('company = { ko = "고운손", vi = "Gounson Beauty", en = "Gounson Beauty" }\n', "")
    file = tmp_path / "event.toml"
    file.write_text(text)
    with pytest.raises(EventFaults) as refused:
        load(file)
    (fault,) = refused.value.faults
    assert (fault.key, fault.sentence) == ("booths[2].company", '"company" is missing; every booth needs it.')
    assert text.splitlines()[(fault.line or 0) - 1] == "[[booths]]"


@pytest.mark.parametrize(
    ("text", "row", "sentence"),
    [
        ('id = "a\ntitle = "b"', 1, "second quotation mark is missing"),
        ('id = "a"\nid = "b"', 2, "stands in the file twice"),
        ("id = a", 1, "put text between double quotes"),
        ("id = “a”", 1, "curly quotation marks"),
        ("# x\n\nlanguages = [\n'ko'\n", 4, "a ] or a comma is missing"),
        ("date = 2020-02-30", 1, "not a date that exists"),
        ("[sites]\nid = 'x'\n[sites]\n", 3, "double brackets"),
        ("title { }", 1, "equals sign"),
        ("x = " + "[" * 100_000, 1, ""),
    ],
)
def test_a_text_that_is_not_toml_is_one_fault_with_its_line(tmp_path: Path, text: str, row: int, sentence: str) -> None:
    file = tmp_path / "event.toml"
    file.write_text(text)
    with pytest.raises(EventFaults) as refused:
        load(file)
    (fault,) = refused.value.faults
    assert fault.line == row
    assert sentence in fault.sentence


def test_a_file_that_cannot_be_read_is_a_fault_and_no_traceback(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'id = "x"\ntitle = "\xe9"\n')
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * 1_000_001)
    for file, number, sentence in (
        (tmp_path / "nowhere.toml", None, "no such file"),
        (tmp_path, None, "folder"),
        (latin, 2, "UTF-8"),
        (large, None, "larger than 1 MB"),
    ):
        with pytest.raises(EventFaults) as refused:
            load(file)
        assert [fault.line for fault in refused.value.faults] == [number]
        assert sentence in refused.value.faults[0].sentence


def test_a_file_from_a_windows_editor_is_read(tmp_path: Path) -> None:
    file = tmp_path / "event.toml"
    file.write_bytes(b"\xef\xbb\xbf" + HANOI.read_bytes().replace(b"\n", b"\r\n"))
    assert load(file) == load(HANOI)
