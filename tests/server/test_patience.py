"""A connection that does not say what it wants is told so and closed; others never notice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from server.patience import PatientHandler, patience

HEAD_S = 0.3
LONG_HEAD_S = 1.5


@pytest.fixture
def head_s() -> float:
    return HEAD_S


@pytest.fixture
async def port(head_s: float) -> AsyncIterator[int]:
    async def slow(_request: web.Request) -> web.Response:
        await asyncio.sleep(2 * HEAD_S)
        return web.Response(text="done")

    app = web.Application(middlewares=[patience])
    app.router.add_get("/", slow)
    runner = web.AppRunner(app)
    await runner.setup()
    server = runner.server
    assert server is not None
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: PatientHandler(server, loop=loop, head_s=head_s), "127.0.0.1", 0, backlog=512
    )
    yield listening.sockets[0].getsockname()[1]
    listening.close()
    await runner.cleanup()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Never: "])
async def test_half_a_request_gets_a_408_with_a_code_and_a_sentence(port: int, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(5 * HEAD_S):
        answer = await reader.read()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b'"code": "too_slow"' in body
    writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"secret" * 2000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"GET /?secret HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    ],
)
async def test_what_is_no_http_gets_a_400_that_repeats_nothing_and_leaves_no_traceback(
    port: int, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    answer = await reader.read()
    assert b" 400 " in answer.partition(b"\r\n")[0]
    assert answer.endswith(b'{"code": "bad_request", "message": "This request cannot be understood."}')
    assert caplog.records == []
    writer.close()


async def test_a_request_that_came_in_time_may_take_as_long_as_its_answer_needs(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200 ")
    writer.close()


@pytest.mark.parametrize("head_s", [LONG_HEAD_S])  # a deadline before the half was read would reset the connection
async def test_hundreds_of_half_open_requests_keep_nobody_out(port: int) -> None:
    idle = []
    for _ in range(300):
        idle.append(await asyncio.open_connection("127.0.0.1", port))
        idle[-1][1].write(b"GET / HTTP/1.1\r\n")  # at once: what comes after the answer would reset it
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(10 * HEAD_S + LONG_HEAD_S):
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        for waiting, own in idle:
            assert b" 408 " in await waiting.read()
            own.close()
    writer.close()
