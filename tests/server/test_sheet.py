"""What stands on a sheet: every seat of a site, in the site's words and on its clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from server.event import load
from server.sheet import LETTERS_MM, NAMES_HEIGHT_MM, Said, Sheet, Slip, density
from server.tokens import Tokens
from tests.support.sheets import SECRET, altered, authority, grown, made_of

HANOI = Path("events/suwon-hanoi.toml")
HONG_KONG = Path("events/suwon-hongkong.toml")
TEST_EVENT = Path("tests/support/test-event.toml")
EVENING_BEFORE = datetime(2020, 5, 11, 10, tzinfo=UTC)


def slips(sheet: Sheet, role: str) -> list[Slip]:
    return [slip for page in sheet.pages if page.role == role for slip in page.slips]


def test_five_booths_take_one_page_for_each_role() -> None:
    sheet = made_of(load(HANOI), "suwon")
    assert [(page.role, len(page.slips)) for page in sheet.pages] == [
        ("room", 5),
        ("operator", 5),
        ("interpreter", 5),
        ("technician", 1),
    ]


def test_sixteen_booths_take_four_pages_for_each_role() -> None:
    sheet = made_of(grown(load(HANOI), 16), "suwon")
    assert [len(page.slips) for page in sheet.pages if page.role == "operator"] == [5, 5, 5, 1]
    assert len({slip.url for page in sheet.pages for slip in page.slips}) == 3 * 16 + 1


def test_a_sheet_has_its_own_sites_rooms_and_every_interpreter() -> None:
    sheet = made_of(load(HANOI), "hanoi")
    assert [slip.seat for slip in slips(sheet, "room")] == [f"room.booth-{number}.hanoi" for number in range(1, 6)]
    assert slips(sheet, "interpreter")[1].seat == "interpreter.booth-2.minh-anh"
    assert {slip.seat for page in sheet.pages for slip in page.slips if "suwon" in slip.seat} == set()


def test_a_site_without_a_technician_has_no_page_for_one() -> None:
    sheet = made_of(load(TEST_EVENT), "suwon")
    assert {page.role for page in sheet.pages} == {"room", "operator", "interpreter"}
    assert sheet.technician is None


def test_names_are_in_the_sites_language_and_its_second_one() -> None:
    booth = slips(made_of(load(HONG_KONG), "hongkong"), "room")[0]
    assert booth.booth == Said("一號洽談室", "zh-Hant", "Booth 1", "en")
    assert booth.person == Said("恒豐電訊 陳美玲採購經理", "zh-Hant", "Chan Mei-ling, Hang Fung Telecom", "en")
    own = slips(made_of(load(HONG_KONG), "suwon"), "interpreter")[1]
    assert own.person == Said("웡윙시", "ko"), "no second language, nothing beneath"


def test_a_name_that_is_the_same_in_both_languages_stands_there_once(tmp_path: Path) -> None:
    event = altered(tmp_path, TEST_EVENT, ('language = "vi"', 'language = "vi"\nsecond_language = "en"'))
    room = slips(made_of(event, "hanoi"), "room")[0]
    assert room.company == Said("Daon Electronics", "vi")
    assert room.booth == Said("Phòng 1", "vi", "Booth 1", "en")


def test_hours_are_on_the_sites_own_clock_first() -> None:
    own, far = made_of(load(HANOI), "hanoi", now=EVENING_BEFORE).hours
    assert (own.site.text, own.opens.time, own.closes.time) == ("Hà Nội", "07:00", "16:00")
    assert (far.site.text, far.opens.time, far.closes.time) == ("Suwon", "09:00", "18:00")
    assert (own.opens.year, own.opens.month, own.opens.day) == (2020, 5, 12)


def test_a_sheet_of_the_evening_before_works_until_the_events_day_is_over() -> None:
    event = load(HANOI)
    sheet = made_of(event, "hanoi", now=EVENING_BEFORE)
    assert (sheet.valid_until.day, sheet.valid_until.time) == (12, "22:00"), "midnight in the event's own zone"
    tokens = Tokens(SECRET, event.id)
    for page in sheet.pages:
        for slip in page.slips:
            claims = tokens.verify(slip.url.partition("#")[2], EVENING_BEFORE + timedelta(hours=24))
            assert claims.seat == slip.seat


def test_fingerprints_are_those_that_a_device_shows() -> None:
    pem = authority()
    certificate = x509.load_pem_x509_certificate(pem)
    shown = made_of(load(TEST_EVENT), "suwon", authority=pem).authority
    assert shown is not None
    assert shown.address == "https://hall.example:8443/ca.crt"
    assert [len(row) for row in shown.sha256] == [8] * 4
    assert bytes.fromhex("".join(sum(shown.sha256, ()))) == certificate.fingerprint(hashes.SHA256())
    assert bytes.fromhex("".join(sum(shown.sha1, ()))) == certificate.fingerprint(hashes.SHA1())  # noqa: S303 - as shown


def test_an_unknown_site_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        made_of(load(TEST_EVENT), "nowhere")


@pytest.mark.parametrize(
    ("company", "size"),
    [
        ("다온전자", "roomy"),
        ("주식회사 대한민국 정보통신 종합기술 연구개발 산업협동조합 연합회 경기남부 수원사무소", "full"),
        ("Công ty Trách nhiệm hữu hạn Một thành viên Thương mại Dịch vụ Xuất nhập khẩu Nam Việt Hoàn Kiếm", "dense"),
        ("가나다라마바사 " * 25, "dense"),
    ],
)
def test_long_names_are_set_smaller(company: str, size: str) -> None:
    booth, person = Said("1번 상담실", "ko"), Said("다온전자 김민수 대표", "ko", "Kim Min-su, Daon Electronics", "en")
    assert density((booth, Said(company, "ko"), person)) == size


def test_sizes_are_those_of_the_stylesheet() -> None:
    css = Path("web/sheet.css").read_text(encoding="utf-8")
    for name, sizes in LETTERS_MM.items():
        for part, size_mm in zip(("booth", "company", "person", "second"), sizes, strict=True):
            assert f".{name} .{part} {{\n  font-size: {size_mm}mm;\n}}" in css
    assert NAMES_HEIGHT_MM < 36.5, "the names' box in the stylesheet, less the line of the role"
