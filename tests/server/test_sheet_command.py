"""`python -m server sheet` as somebody at a terminal meets it: files, names, modes, sentences."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from server.event import load
from server.settings import Settings, read
from server.sheet_command import Order, OrderError, SheetFileError, ordered, write
from server.sheet_document import MARK
from tests.support.sheets import codes_of, fonts_of, texts_of

ROOT = Path(__file__).resolve().parents[2]
TEST_EVENT = ROOT / "tests" / "support" / "test-event.toml"
EVENT = load(TEST_EVENT)
HALL = "https://hall.example:8443"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read({"HANMARU_STATE_DIR": str(tmp_path / "state")})


async def test_the_command_writes_pdf_and_html_for_their_owner_alone(tmp_path: Path) -> None:
    html = tmp_path / "hanoi.html"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "sheet", "--event", str(TEST_EVENT), "--site", "hanoi"),
        *("--base-url", f"{HALL}/", "--html", str(html), "--out", str(tmp_path / "hanoi.pdf")),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HANMARU_STATE_DIR": str(tmp_path / "state")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    assert (process.returncode, error) == (0, b"")
    assert out.decode().splitlines() == [str(html), str(tmp_path / "hanoi.pdf")]
    modes = {path.stat().st_mode & 0o777 for path in (html, tmp_path / "hanoi.pdf")}
    assert modes == {0o600}
    pdf = (tmp_path / "hanoi.pdf").read_bytes()
    front, back, *_ = texts_of(pdf)
    assert "Phạm Quỳnh Chi, Hoàn Kiếm Beauty" in front
    assert "Xin hủy sau sự kiện" in front
    assert "Khi gặp sự cố, xin báo ban tổ chức" in back
    assert all(fonts_of(pdf).values())
    rooms, roots, *_ = codes_of(pdf)
    assert [code.text.partition("#")[0] for code in rooms] == [f"{HALL}/room"] * 2
    assert {code.text for code in roots} == {f"{HALL}/ca.crt"}
    assert all(code.text in html.read_text(encoding="utf-8") for code in rooms), "the same links in both files"


def test_the_pdf_is_named_after_event_and_site(settings: Settings) -> None:
    order = ordered(settings, EVENT, "suwon", base_url=None, pdf=None, html=None)
    assert order.files == {"pdf": Path("hanmaru-test-event-suwon.pdf")}
    assert order.caution is not None
    assert "https://localhost:8443" in order.caution
    only = ordered(settings, EVENT, "suwon", base_url=HALL, pdf=None, html=Path("x.html"))
    assert (dict(only.files), only.caution) == ({"html": Path("x.html")}, None)


@pytest.mark.parametrize(
    ("site", "base_url", "sentence"),
    [
        (None, None, "Name a site with --site; it has suwon, hanoi."),
        ("saigon", None, 'This event has no site "saigon"; it has suwon, hanoi.'),
        ("suwon", "hall.example", '"hall.example" is no origin'),
        ("suwon", "http://hall.example", '"http://hall.example" is no origin'),
        ("suwon", "https://hall.example/x", '"https://hall.example/x" is no origin'),
    ],
)
def test_a_mistake_is_answered_by_a_sentence(
    settings: Settings, site: str | None, base_url: str | None, sentence: str
) -> None:
    with pytest.raises(OrderError) as refused:
        ordered(settings, EVENT, site, base_url=base_url, pdf=None, html=None)
    assert sentence in str(refused.value)


def order_for(settings: Settings, path: Path) -> Order:
    return Order(settings, EVENT, "suwon", {"html": path}, None)


def test_a_sheet_is_replaced_and_anything_else_only_by_force(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "mine.html"
    path.write_text("an invoice")
    with pytest.raises(SheetFileError, match="is no sheet; name another file, or say --force"):
        write(order_for(settings, path), force=False)
    assert path.read_text() == "an invoice"
    write(order_for(settings, path), force=True)
    first = path.read_text(encoding="utf-8")
    assert MARK in first
    write(order_for(settings, path), force=False)
    assert path.read_text(encoding="utf-8") != first


def test_a_folder_and_a_place_that_is_not_there_are_named(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SheetFileError, match="is a folder"):
        write(order_for(settings, tmp_path), force=False)
    with pytest.raises(SheetFileError, match="cannot be written"):
        write(order_for(settings, tmp_path / "nowhere" / "x.html"), force=False)
