"""Draws the pages of sheets that people look at: `python -m tests.support.sheet_gallery [ko] [long-vi] ...`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pypdfium2  # type: ignore[import-untyped]

from server.event import Event, load
from tests.support.gallery import EVENTS, SCREENSHOTS
from tests.support.sheets import authority, made_of, pressed, speaking

DPI = 100
ROOMS, ROOMS_BACK, INTERPRETERS_BACK = 0, 1, 5  # pages of an event of five booths
EVENING_BEFORE = datetime(2020, 5, 11, 10, tzinfo=UTC)
LONG = {
    "ko": "주식회사 대한민국 정보통신 종합기술 연구개발 산업협동조합 연합회 경기남부 수원사무소",
    "vi": "Công ty Trách nhiệm hữu hạn Một thành viên Thương mại Dịch vụ Xuất nhập khẩu Nam Việt Hoàn Kiếm",
    "en": "The Suwon and Southern Gyeonggi Federation of Small Manufacturers of Household Electronics Limited",
    "zh-Hant": "香港特別行政區九龍灣國際電子產品進出口貿易及物流服務有限公司",
}


def long_named(event: Event) -> Event:
    """The event with company and people of every second booth as long as names get."""
    long = {language: LONG[language] for language in event.languages}
    booths = tuple(
        booth.model_copy(update={"company": long, "people": dict.fromkeys(booth.people, long)}) if number % 2 else booth
        for number, booth in enumerate(event.booths)
    )
    return event.model_copy(update={"booths": booths})


def main() -> None:
    """Draw those that are named, or all."""
    wanted = set(sys.argv[1:])
    hanoi, hong_kong = load(EVENTS / "suwon-hanoi.toml"), load(EVENTS / "suwon-hongkong.toml")
    pem = authority()
    for name, event, site, pages in (
        ("ko", hanoi, "suwon", {"front": ROOMS, "back": ROOMS_BACK}),
        ("vi", hanoi, "hanoi", {"front": ROOMS, "back": INTERPRETERS_BACK}),
        ("zh-Hant", hong_kong, "hongkong", {"front": ROOMS, "back": ROOMS_BACK}),
        ("en", speaking(hong_kong, "hongkong", "en"), "hongkong", {"front": ROOMS, "back": ROOMS_BACK}),
        ("long-ko", long_named(hanoi), "suwon", {"front": ROOMS}),
        ("long-vi", long_named(hanoi), "hanoi", {"front": ROOMS}),
        ("long-zh-Hant", long_named(hong_kong), "hongkong", {"front": ROOMS}),
    ):
        if wanted and name not in wanted:
            continue
        sheet = made_of(event, site, now=EVENING_BEFORE, authority=pem)
        document = pypdfium2.PdfDocument(pressed("pdf", sheet))
        for side, number in pages.items():
            picture = document[number].render(scale=DPI / 72, grayscale=True).to_pil()
            picture.save(SCREENSHOTS / f"sheet-{side}-{name}.png", optimize=True)


if __name__ == "__main__":
    main()
