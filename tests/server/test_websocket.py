"""The WebSocket edge over a real socket: who gets in, what is refused, who is cut off, and that the log stays calm."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from media.engine import door
from tests.support.hall import DESK, HANOI, LINKS, SUWON, TECHNICIAN, Hall, hall, turn


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall(tmp_path) as opened:
        yield opened


async def test_a_client_says_hello_and_is_welcomed_to_its_seat_with_the_state_of_the_booth(at: Hall) -> None:
    line = await at.line(SUWON)
    assert line.socket.protocol == "hanmaru.v1"
    await line.say("hello")
    welcome, booth = await line.next(), await line.next()
    assert (welcome["type"], booth["type"]) == ("welcome", "booth")
    assert (welcome["seat"], welcome["generation"], welcome["role"]) == (SUWON, 1, "room")
    assert len(welcome["resume"]) >= 22, "128 bits"
    assert welcome["media"] == {"audio": "sendrecv", "video": "sendrecv", "width": 640, "height": 512}
    assert (welcome["language"], welcome["languages"]) == ("ko", ["ko", "vi", "en"])
    assert welcome["place"]["company"]["en"] == "Daon Electronics"
    assert [site["id"] for site in welcome["sites"]] == ["suwon", "hanoi"]
    assert [person["id"] for person in welcome["interpreters"]] == ["kim"]
    assert booth["phase"] == "waiting"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": f"Bearer {LINKS[SUWON]}x"}])
async def test_without_a_good_token_there_is_no_socket(at: Hall, headers: dict[str, str]) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await at.client.ws_connect("/signal", protocols=("hanmaru.v1",), headers=headers)
    assert caught.value.status in {401, 403}


@pytest.mark.parametrize("protocols", [(), ("hanmaru.v2",)])
async def test_without_the_subprotocol_there_is_no_socket(at: Hall, protocols: tuple[str, ...]) -> None:
    headers = {"Authorization": f"Bearer {LINKS[SUWON]}"}
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await at.client.ws_connect("/signal", protocols=protocols, headers=headers)
    assert caught.value.status == 400


async def test_a_plain_request_to_the_door_is_told_what_the_door_speaks(at: Hall) -> None:
    answer = await at.client.get("/signal", headers={"Authorization": f"Bearer {LINKS[SUWON]}"})
    assert (answer.status, (await answer.json())["code"]) == (400, "bad_request")


BAD: list[tuple[str | bytes, str]] = [
    ("{", "bad_json"),
    ("[]", "bad_json"),
    (b"\x00\x01", "bad_json"),
    ("[" * 60_000, "bad_json"),
    ('{"type": "dance"}', "unknown_message"),
    ('{"type": "on_air", "on": 5}', "bad_message"),
    ('{"type": "start"}', "not_seated"),
    ('{"type": "offer", "sdp": "v=0"}', "not_seated"),
    ('{"type": "reconnect", "seat": "room.booth-1.hanoi", "resume": "x"}', "not_allowed"),
    ('{"type": "hello", "booth": "booth-2"}', "not_allowed"),
]


@pytest.mark.parametrize(("text", "code"), BAD)
async def test_bad_input_gets_a_code_and_a_sentence_and_the_socket_stays_open(
    at: Hall, text: str | bytes, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    line = await at.line(SUWON)
    with capture_logs() as entries:
        if isinstance(text, bytes):
            await line.socket.send_bytes(text)
        else:
            await line.socket.send_str(text)
        error = await line.next()
        await line.say("hello")
        await line.next("welcome")
    assert (error["type"], error["code"]) == ("error", code)
    assert error["message"].endswith(".")
    assert [entry for entry in entries if entry["log_level"] not in {"info", "debug"}] == []
    assert "Traceback" not in caplog.text


async def test_an_error_carries_the_id_of_its_command(at: Hall) -> None:
    line = await at.join(DESK)
    await line.socket.send_str('{"type": "mode", "id": "c1", "mode": "whisper"}')
    assert (await line.next("error"))["id"] == "c1"
    await line.say("pause", id="c2")
    error = await line.next("error")
    assert (error["id"], error["code"]) == ("c2", "wrong_phase")


@pytest.mark.parametrize("size", [65 * 1024, 300 * 1024])
async def test_too_large_a_message_closes_the_socket(at: Hall, size: int) -> None:
    line = await at.line(SUWON)
    await line.socket.send_str(json.dumps({"type": "offer", "sdp": "x" * size}))
    if size < 256 * 1024:
        assert (await line.next())["code"] == "bad_json"
    assert await line.close_code() == 1009


async def test_whoever_is_too_fast_is_told_once_and_whoever_floods_is_cut_off(at: Hall) -> None:
    line = await at.join(DESK)
    for _ in range(120):
        await line.say("take_over")
    errors = [await line.next("error")]
    while errors[-1]["code"] != "too_fast":
        errors.append(await line.next("error"))
    await turn(1.0)
    await line.say("pause", id="last")
    while errors[-1]["id"] != "last":
        errors.append(await line.next("error"))
    assert [error["code"] for error in errors].count("too_fast") == 1
    assert len(errors) >= 100, "the burst, less hello and the answer to a ping, and the errors of haste and of the end"
    with suppress(ConnectionError):
        for _ in range(600):
            await line.say("take_over")
    assert await line.close_code() == 1008
    again = await at.join(DESK)
    assert not again.socket.closed


@pytest.mark.parametrize("kind", ["binary", "ping"])
async def test_frames_that_are_no_words_count_for_the_pace_too(at: Hall, kind: str) -> None:
    line = await at.line(SUWON, autoping=False)
    with suppress(ConnectionError):
        for _ in range(700):
            await (line.socket.send_bytes(b"x") if kind == "binary" else line.socket.ping())
    async with asyncio.timeout(2):
        while (await line.socket.receive()).type is not aiohttp.WSMsgType.CLOSE:
            pass
    assert line.socket.close_code == 1008


async def test_whoever_is_gone_before_the_door_opens_leaves_no_traceback(
    at: Hall, caplog: pytest.LogCaptureFixture
) -> None:
    key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    head = f"GET /signal HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}"
    head += f"Sec-WebSocket-Protocol: hanmaru.v1\r\nAuthorization: Bearer {LINKS[DESK]}\r\n\r\n"
    with capture_logs() as entries:
        for _ in range(20):
            _, writer = await asyncio.open_connection(at.client.host, at.client.port)
            writer.write(head.encode())
            writer.transport.abort()
        await asyncio.sleep(0.3)
    assert "left" in {entry["event"] for entry in entries}, "some came as far as the door"
    assert "Traceback" not in caplog.text
    assert at.conductor._sessions == {}


async def test_a_client_that_says_no_hello_within_ten_seconds_is_sent_away(at: Hall) -> None:
    silent, seated = await at.line(SUWON), await at.join(HANOI, media=False)
    await turn(10.1)
    assert await silent.close_code() == 4408
    assert not seated.socket.closed


async def test_a_socket_that_gives_no_sign_of_life_for_four_seconds_is_cut(at: Hall) -> None:
    dead = await at.line(SUWON, autoping=False)
    await dead.say("hello")
    await dead.next("booth")
    alive = await at.join(HANOI, media=False)
    for _ in range(3):
        await turn(2.0)
        await asyncio.sleep(0.02)
        await alive.say("take_over")
        await alive.next("error")
    async with asyncio.timeout(2):
        while (booth := at.conductor.booth("booth-1")) is None or booth.chair(SUWON).session is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await turn(3.1)
    await alive.until(lambda booth: not booth["sites"]["suwon"]["present"])
    assert not alive.socket.closed


async def test_a_line_on_which_nothing_is_said_beats(at: Hall) -> None:
    line = await at.join(HANOI, media=False)
    waiting = await at.line(HANOI)
    await waiting.say("hello")
    await waiting.next("seat_taken")
    for _ in range(2):
        for each in (line, waiting):
            await each.socket.pong()  # as browsers do without being read from
        await turn(2.01)
        await line.next("beat")
        await waiting.next("beat")


@pytest.mark.parametrize(("code", "stays"), [(1000, False), (1001, False), (4002, True), (None, True)])
async def test_media_outlives_a_line_that_broke_and_not_one_whose_client_left(
    at: Hall, code: int | None, *, stays: bool
) -> None:
    room, desk = await at.join(SUWON), await at.line(DESK)
    await desk.say("hello")
    await desk.until(lambda booth: booth["sites"]["suwon"]["media"] == "connected")
    if code is None:
        room.cut()
    else:
        await room.socket.close(code=code)
    if not stays:
        await at.engine.until(door.Disconnect)
        return
    await turn(0.0)
    for _ in range(5):
        await desk.socket.pong()
        await turn(2.0)
        await desk.next("beat")
    assert at.engine.asked(door.Disconnect) == []


async def test_pings_of_a_client_are_answered(at: Hall) -> None:
    line = await at.line(SUWON, autoping=False)
    await line.socket.ping(b"here")
    async with asyncio.timeout(2):
        while (message := await line.socket.receive()).type is not aiohttp.WSMsgType.PONG:
            pass
    assert message.data == b"here"


async def test_a_technician_names_the_booth_and_may_be_in_several(at: Hall) -> None:
    line = await at.line(TECHNICIAN)
    await line.say("hello")
    assert (await line.next())["code"] == "bad_message"
    await line.say("hello", booth="booth-9")
    assert (await line.next())["code"] == "not_allowed"
    welcomes = []
    for each, booth in ((line, "booth-1"), (await at.line(TECHNICIAN), "booth-2")):
        await each.say("hello", booth=booth)
        welcomes.append(await each.next("welcome"))
    assert [(welcome["booth"], welcome["generation"]) for welcome in welcomes] == [("booth-1", 1), ("booth-2", 1)]
    assert welcomes[0]["media"] == {"audio": None, "video": None, "width": 0, "height": 0}


async def test_a_client_that_does_not_read_is_cut_off_and_the_others_do_not_notice(at: Hall) -> None:
    deaf = await at.join(SUWON, media=False)
    desk = await at.join(DESK)
    connection = deaf.socket._response.connection
    assert connection is not None
    transport: Any = connection.transport
    transport.pause_reading()
    name = "x" * 60
    for number in range(6000):
        if number % 40 == 39:
            await turn(1.0)
        await desk.say("set", id=f"{name}{number}", site="suwon", volume_db=-(number % 2))
        await desk.next("ok")
        if len(at.conductor._sessions) == 1:
            break
    assert len(at.conductor._sessions) == 1
    assert not desk.socket.closed
    transport.abort()


async def test_levels_go_to_everybody_who_is_seated(at: Hall) -> None:
    line, stranger = await at.join(SUWON, media=False), await at.line(HANOI)
    for level in (-30.0, -20.04):
        at.engine.tell(door.Levels("booth-1", {SUWON: level, HANOI: None, "interpreter.booth-1.kim": -61.0}, ()))
    assert (await line.next("levels"))["sites"] == {"suwon": -30.0, "hanoi": None}
    levels = await line.next("levels")
    assert levels == {"type": "levels", "sites": {"suwon": -20.0, "hanoi": None}, "interpreters": {"kim": -61.0}}
    await stranger.say("hello")
    assert (await stranger.next())["type"] == "welcome"
