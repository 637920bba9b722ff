"""Small pictures over real HTTP: who may bring and fetch them, and what a hostile page gets."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

import signaling
from server import thumbnail_door
from server.keys import TALLY, THUMBNAILS
from server.revocation import Revocations
from tests.server.test_thumbnails import jpeg
from tests.support.hall import DESK, HANOI, KIM, LINKS, SUWON, TECHNICIAN, Hall, Line, hall, turn

PROTOCOL = Path(signaling.__file__).parent / "PROTOCOL.md"
PICTURE = jpeg()
HERE = "/thumbnail/booth-1/suwon"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall(tmp_path) as opened:
        yield opened


def bearer(seat: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {LINKS[seat]}"}


async def live(at: Hall) -> tuple[Line, Line, Line]:
    """Both rooms and an interpreter, live; nobody watches yet."""
    suwon, hanoi = await at.join(SUWON), await at.join(HANOI)
    kim = await at.join(KIM)
    await suwon.until(lambda booth: booth["phase"] == "live" and booth["interpreters"]["kim"]["media"] == "connected")
    return suwon, hanoi, kim


async def watched(at: Hall) -> tuple[Line, Line, Line]:
    """The same, and the interpreter watches."""
    suwon, hanoi, kim = await live(at)
    await kim.say("watch", on=True, id="w")
    await kim.next("ok")
    return suwon, hanoi, kim


async def put(
    at: Hall, picture: Any = PICTURE, seat: str = SUWON, path: str = HERE, content_type: str = "image/jpeg", **more: str
) -> ClientResponse:
    return await at.client.put(path, data=picture, headers={**bearer(seat), "Content-Type": content_type, **more})


async def get(at: Hall, seat: str = KIM, path: str = HERE, **more: str) -> ClientResponse:
    return await at.client.get(path, headers={**bearer(seat), **{key.replace("_", "-"): v for key, v in more.items()}})


async def told(answer: ClientResponse, status: int, code: str) -> None:
    """See that an answer is an error of that code, with a sentence."""
    assert (answer.status, answer.content_type) == (status, "application/json"), await answer.text()
    said = json.loads(await answer.text())
    assert said["code"] == code
    assert said["message"].endswith(".")


async def test_a_picture_reaches_who_asked_for_it_unchanged_and_is_kept_by_nobody(at: Hall) -> None:
    suwon, _, _ = await watched(at)
    assert await suwon.until(lambda booth: booth["thumbnails"])
    assert (await put(at)).status == 204
    answer = await get(at)
    assert (answer.status, answer.content_type, await answer.read()) == (200, "image/jpeg", PICTURE)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Age"] == "0"
    same = await get(at, If_None_Match=answer.headers["ETag"])
    assert (same.status, await same.read()) == (304, b"")
    await put(at, jpeg(shade=200))
    assert (await get(at, If_None_Match=answer.headers["ETag"])).status == 200
    assert at.app[TALLY].thumbnails == {"kept": 2, "handed": 2}


async def test_nothing_is_taken_or_handed_out_while_nobody_watches(at: Hall) -> None:
    await live(at)
    await told(await put(at), 409, "not_wanted")
    await told(await get(at), 409, "not_wanted")


async def test_a_picture_is_gone_after_five_seconds_and_with_the_page_that_sent_it(at: Hall) -> None:
    suwon, _, _ = await watched(at)
    await put(at)
    await suwon.socket.close()
    async with asyncio.timeout(3):
        while (await get(at)).status == 200:  # noqa: ASYNC110 - until the server notes that it is gone
            await asyncio.sleep(0.01)
    await told(await get(at), 404, "no_thumbnail")
    assert len(at.app[THUMBNAILS]) == 1
    await turn(5.2)
    assert len(at.app[THUMBNAILS]) == 0


async def test_a_consultation_that_ends_shows_no_picture_to_its_interpreter(at: Hall) -> None:
    await watched(at)
    await put(at)
    desk = await at.join(DESK)
    await desk.say("end", id="e")
    await desk.next("ok")
    await told(await get(at), 409, "not_wanted")
    await told(await put(at), 409, "not_wanted")


async def test_a_technician_sees_the_booth_that_was_named_at_hello(at: Hall) -> None:
    await at.join(SUWON)
    technician = await at.join(TECHNICIAN)
    await technician.say("watch", on=True, id="w")
    await technician.next("ok")
    assert (await put(at)).status == 204
    assert (await get(at, TECHNICIAN)).status == 200
    await told(await get(at, TECHNICIAN, "/thumbnail/booth-2/suwon"), 409, "not_wanted")


@pytest.mark.parametrize("path", ["/thumbnail/booth-2/suwon", "/thumbnail/booth-9/suwon", "/thumbnail/booth-1/paris"])
async def test_other_booths_and_sites_are_closed_alike(at: Hall, path: str) -> None:
    await watched(at)
    await told(await put(at, path=path), 403, "not_allowed")
    await told(await get(at, path=path), 403, "not_allowed")


@pytest.mark.parametrize("seat", [HANOI, KIM, DESK, TECHNICIAN])
async def test_only_the_rooms_own_link_brings_its_picture(at: Hall, seat: str) -> None:
    await watched(at)
    await told(await put(at, seat=seat), 403, "not_allowed")


@pytest.mark.parametrize("seat", [SUWON, HANOI, DESK])
async def test_rooms_and_operators_fetch_no_picture(at: Hall, seat: str) -> None:
    await watched(at)
    await put(at)
    await told(await get(at, seat), 403, "not_allowed")


async def test_without_a_good_link_or_from_a_foreign_page_nothing_goes_either_way(at: Hall) -> None:
    await watched(at)
    jpeg_type = {"Content-Type": "image/jpeg"}
    await told(await at.client.put(HERE, data=PICTURE, headers=jpeg_type), 401, "bad_token")
    await told(await at.client.get(HERE), 401, "bad_token")
    await told(await put(at, Origin="https://evil.example"), 403, "bad_origin")
    await told(await get(at, Origin="https://evil.example"), 403, "bad_origin")


@pytest.mark.parametrize(
    ("picture", "content_type", "status", "code"),
    [
        (b"", "image/jpeg", 422, "bad_thumbnail"),
        (b"\x00" * 9000, "image/jpeg", 422, "bad_thumbnail"),
        (PICTURE[:-2], "image/jpeg", 422, "bad_thumbnail"),
        (PICTURE + b"<script>alert(1)</script>", "image/jpeg", 422, "bad_thumbnail"),
        (jpeg(4000, 8), "image/jpeg", 413, "too_large"),
        (b"\xff\xd8" + b"\x00" * 24 * 1024, "image/jpeg", 413, "too_large"),
        (PICTURE, "image/svg+xml", 415, "wrong_type"),
        (PICTURE, "text/html", 415, "wrong_type"),
    ],
)
async def test_what_is_no_small_jpeg_is_refused(
    at: Hall, picture: bytes, content_type: str, status: int, code: str
) -> None:
    await watched(at)
    await told(await put(at, picture, content_type=content_type), status, code)
    await told(await get(at), 404, "no_thumbnail")


async def test_a_body_without_end_is_read_no_further_than_one_picture(at: Hall) -> None:
    await watched(at)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1024
            yield b"\xff" * 1024
            await asyncio.sleep(0)

    with contextlib.suppress(ConnectionError):  # cut off while it still sent: as good an answer
        await told(await put(at, endless()), 413, "too_large")
    assert sent < 8 * 1024 * 1024
    assert len(at.app[THUMBNAILS]) == 0


async def test_a_body_that_does_not_come_is_not_waited_for(at: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    await watched(at)
    monkeypatch.setattr(thumbnail_door, "BODY_S", 0.05)

    async def stuck() -> AsyncIterator[bytes]:
        yield PICTURE[:10]
        await asyncio.Event().wait()

    await told(await put(at, stuck()), 408, "too_slow")


async def test_a_flood_of_pictures_is_refused(at: Hall) -> None:
    await watched(at)
    statuses = [(await put(at)).status for _ in range(8)]
    assert statuses[:3] == [204] * 3
    refused = await put(at)
    await told(refused, 429, "too_fast")
    assert refused.headers["Retry-After"] == "1"


async def test_a_link_that_is_revoked_while_the_picture_comes_brings_none(at: Hall, tmp_path: Path) -> None:
    suwon, _, _ = await watched(at)
    arrived = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield PICTURE[:10]
        await arrived.wait()
        yield PICTURE[10:]

    sending = asyncio.create_task(put(at, slowly()))
    Revocations(tmp_path).revoke(SUWON, datetime.now(UTC))
    assert await suwon.close_code() == 4003
    arrived.set()
    await told(await sending, 401, "bad_token")


def test_every_code_of_the_door_stands_in_the_document_with_its_status() -> None:
    section = PROTOCOL.read_text(encoding="utf-8").split("### Small pictures of the rooms")[1]
    for code, status in thumbnail_door.STATUS.items():
        assert f"| {status} `{code}` |" in section
