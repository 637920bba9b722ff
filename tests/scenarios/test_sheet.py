"""The printed sheet, joined: codes are read from the PDF that a real server made, and each opens its seat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio

from server.robot import trusting
from tests.support.served import TEST_EVENT, Served, serve
from tests.support.sheets import Code, clickable_in, codes_of, fonts_of, texts_of

SITE = "suwon"
SMALLEST_MM = 35.0  # a telephone reads it from a slip in the hand
SEATS = [
    ["room.booth-1.suwon", "room.booth-2.suwon"],
    ["operator.booth-1.suwon", "operator.booth-2.suwon"],
    ["interpreter.booth-1.kim", "interpreter.booth-2.park"],
    ["technician.duty"],
]


@dataclass(frozen=True, slots=True)
class Printed:
    """A server and the sheet it printed."""

    served: Served
    pdf: bytes
    pages: list[list[Code]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def printed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Printed]:
    """One sheet for all tests of this file: it costs seconds. The event has a technician at the site."""
    folder = tmp_path_factory.mktemp("sheet")
    event = folder / "event.toml"
    text = TEST_EVENT.read_text(encoding="utf-8")
    event.write_text(
        text.replace('language = "ko"', 'language = "ko"\ntechnician = "오지훈 대리, 031-555-0141"'), encoding="utf-8"
    )
    served = await serve(folder / "state", event)
    try:
        technician = served.link("technician", None)
        async with (
            aiohttp.ClientSession() as http,
            http.get(
                f"{served.origin}/sheet/{SITE}.pdf",
                headers={"Authorization": f"Bearer {technician.token}"},
                ssl=False,
            ) as answer,
        ):
            assert (answer.status, answer.content_type) == (200, "application/pdf")
            assert answer.headers["Cache-Control"] == "no-store"
            pdf = await answer.read()
        yield Printed(served, pdf, codes_of(pdf))
    finally:
        await served.stop()


async def test_each_code_is_exchanged_for_its_seat_and_welcomed_there(printed: Printed) -> None:
    trust = trusting(printed.served.log.with_name("ca.crt"))
    for page, seats in zip(printed.pages[::2], SEATS, strict=True):
        for code, seat in zip(page, seats, strict=True):
            address, _, token = code.text.partition("#")
            role = seat.partition(".")[0]
            assert address == f"{printed.served.origin}/{'loopback' if role == 'technician' else role}"
            bearer = {"Authorization": f"Bearer {token}"}
            async with aiohttp.ClientSession(headers=bearer) as http:
                async with http.post(f"{printed.served.origin}/session", ssl=trust) as exchanged:
                    assert (exchanged.status, (await exchanged.json())["seat"]) == (200, seat)
                async with http.ws_connect(
                    f"{printed.served.origin}/signal", protocols=("hanmaru.v1",), ssl=trust
                ) as socket:
                    await socket.send_json({"type": "hello", **({"booth": "booth-1"} if role == "technician" else {})})
                    welcome = await socket.receive_json()
                    assert (welcome["type"], welcome["seat"]) == ("welcome", seat)


async def test_a_click_on_a_code_goes_where_a_scan_goes(printed: Printed) -> None:
    scanned = [[code.text for code in page] for page in printed.pages]
    assert clickable_in(printed.pdf) == scanned


async def test_codes_are_large_and_stand_on_the_slip_whose_back_is_theirs(printed: Printed) -> None:
    assert len(printed.pages) == 2 * len(SEATS)
    for front, back in zip(printed.pages[::2], printed.pages[1::2], strict=True):
        assert all(code.side_mm >= SMALLEST_MM and code.error_correction in "MQH" for code in front)
        assert [slip_of(code) for code in front] == [slip_of(code) for code in back] == list(range(len(front)))
        assert {code.text for code in back} == {f"{printed.served.origin}/ca.crt"}


def slip_of(code: Code) -> int:
    """Which slip of 54 mm a code stands on; the first begins 17 mm from the edge."""
    return int((code.middle_mm - 17) // 54)


async def test_names_and_set_up_are_in_the_sites_script_with_the_fonts_inside(printed: Printed) -> None:
    fronts, backs = texts_of(printed.pdf)[::2], texts_of(printed.pdf)[1::2]
    for words in (
        "1번 상담실",
        "다온전자 김민수 대표",
        "수원",
        "09:00–18:00",
        "하노이 07:00–16:00",
        "행사가 끝나면 파기하십시오",
    ):
        assert words in fronts[0]
    assert "김지우" in fronts[2]
    assert "오지훈 대리, 031-555-0141" in fronts[3]
    for words in ("Chrome이나 Edge", "카메라", "USB 3", "SHA-256", "안 될 때 전화: 오지훈 대리, 031-555-0141"):
        assert words in backs[0]
    assert "유선 헤드셋" in backs[2]
    assert all(fonts_of(printed.pdf).values())


async def test_no_link_of_a_sheet_stands_in_the_log(printed: Printed) -> None:
    logged = "".join(line for line in printed.served.wrote().splitlines() if line.startswith("{"))
    assert not [code for page in printed.pages[::2] for code in page if code.text.rpartition(".")[2] in logged]
