"""The HTTP edge over real HTTP: who gets in, what every answer carries, which files are served."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from media.engine.local import LocalEngine
from server.app import make_app
from server.conductor import Conductor
from server.event import load
from server.keys import STORE
from server.links import Link, links_of
from server.lockout import DISTINCT_TOKENS
from server.revocation import Revocations
from server.settings import read
from server.store import Store
from server.tokens import Tokens
from signaling.seats import Role, Seat

EVENT = load("tests/support/test-event.toml")
TOKENS = Tokens("s" * 43, EVENT.id)
PUBLIC = "https://hall.example"
PROTOCOLS = ("hanmaru.v1",)
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    settings = read({"HANMARU_STATE_DIR": str(tmp_path), "HANMARU_PUBLIC_ORIGINS": PUBLIC})
    engine = LocalEngine(("127.0.0.1",))
    store = Store(tmp_path / "facts.sqlite3")
    authority = tmp_path / "ca.crt"
    authority.write_text("-----BEGIN CERTIFICATE-----\n")
    app = make_app(
        settings,
        EVENT,
        conductor=Conductor(EVENT, engine, store),
        engine=engine,
        store=store,
        tokens=TOKENS,
        authority=authority,
    )
    async with TestClient(TestServer(app), cookie_jar=aiohttp.DummyCookieJar()) as opened:
        yield opened
    await engine.close()


def link(seat: str) -> Link:
    links = links_of(EVENT, TOKENS, origin="https://x", now=datetime.now(UTC))
    return next(link for link in links if str(link.seat) == seat)


def bearer(seat: str = "room.booth-1.suwon") -> dict[str, str]:
    return {"Authorization": f"Bearer {link(seat).token}"}


def own_origin(client: Client) -> str:
    return str(client.make_url("/")).rstrip("/")


async def cookie_of(client: Client, seat: str) -> str:
    answer = await client.post("/session", headers=bearer(seat))
    assert answer.status == 200
    return answer.headers["Set-Cookie"].partition(";")[0]


async def test_a_page_exchanges_its_link_for_the_cookie_of_its_seat(client: Client) -> None:
    answer = await client.post("/session", headers={**bearer(), "Origin": own_origin(client)})
    assert answer.status == 200
    assert await answer.json() == {
        "seat": "room.booth-1.suwon",
        "role": "room",
        "booth": "booth-1",
        "site": "suwon",
        "language": "ko",
    }
    (morsel,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert morsel.key == "__Host-hanmaru-room.booth-1.suwon"
    assert (morsel["path"], morsel["samesite"], morsel["domain"]) == ("/", "Strict", "")
    assert morsel["secure"]
    assert morsel["httponly"]
    assert 23 * 3600 < int(morsel["max-age"]) <= 24 * 3600
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("seat", "language"),
    [("operator.booth-1.hanoi", "vi"), ("interpreter.booth-1.kim", "ko"), ("technician.duty", "ko")],
)
async def test_a_page_learns_the_language_to_begin_with(client: Client, seat: str, language: str) -> None:
    answer = await client.post("/session", headers=bearer(seat))
    assert (await answer.json())["language"] == language


async def test_two_seats_in_one_browser_do_not_overwrite_each_other(client: Client) -> None:
    suwon = await cookie_of(client, "room.booth-1.suwon")
    hanoi = await cookie_of(client, "room.booth-1.hanoi")
    both = {"Cookie": f"{suwon}; {hanoi}", "Origin": own_origin(client)}
    for seat in ("room.booth-1.suwon", "room.booth-1.hanoi"):
        async with client.ws_connect(f"/signal?seat={seat}", headers=both, protocols=PROTOCOLS) as socket:
            await socket.send_json({"type": "hello"})
            assert (await socket.receive_json())["seat"] == seat


def bad_tokens() -> dict[str, str]:
    now = datetime.now(UTC)
    room = Seat(Role.ROOM, "booth-1", "suwon")
    day = timedelta(days=1)
    return {
        "none": "",
        "no token at all": "hello",
        "altered": link("room.booth-1.suwon").token[:-3] + "xyz",
        "expired": TOKENS.mint(room, now=now - 2 * day, expires_at=now - day),
        "another event": Tokens("s" * 43, "hong-kong").mint(room, now=now, expires_at=now + day),
        "another secret": Tokens("t" * 43, EVENT.id).mint(room, now=now, expires_at=now + day),
        "a booth that is not there": TOKENS.mint(Seat(Role.ROOM, "booth-9", "suwon"), now=now, expires_at=now + day),
        "a person who is not there": TOKENS.mint(
            Seat(Role.INTERPRETER, "booth-1", person="park"), now=now, expires_at=now + day
        ),
    }


@pytest.mark.parametrize("kind", bad_tokens())
async def test_every_bad_token_gets_the_same_answer_at_both_doors(client: Client, kind: str) -> None:
    headers = {"Authorization": f"Bearer {bad_tokens()[kind]}"}
    said = {"code": "bad_token", "message": "This link is not valid, or not any more. Ask the organiser for a new one."}
    for answer in (await client.post("/session", headers=headers), await client.get("/signal", headers=headers)):
        assert answer.status == 401
        assert await answer.json() == said
        assert "Set-Cookie" not in answer.headers


async def test_no_token_another_scheme_or_another_seats_cookie_open_nothing(client: Client) -> None:
    assert (await client.post("/session")).status == 401
    assert (await client.post("/session", headers={"Authorization": "Basic eDp5"})).status == 401
    assert (await client.get("/signal")).status == 401
    token = link("room.booth-1.suwon").token
    stolen = {"Cookie": f"__Host-hanmaru-room.booth-1.hanoi={token}", "Origin": own_origin(client)}
    assert (await client.get("/signal?seat=room.booth-1.hanoi", headers=stolen)).status == 401
    query = await client.get(f"/signal?token={token}&seat=room.booth-1.suwon")
    assert query.status == 401


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "http://127.0.0.1:1", "https://hall.example.evil.example"]
)
async def test_another_sites_page_is_refused_at_both_doors(client: Client, origin: str) -> None:
    cookie = await cookie_of(client, "room.booth-1.suwon")
    posted = await client.post("/session", headers={**bearer(), "Origin": origin})
    assert posted.status == 403
    assert (await posted.json())["code"] == "bad_origin"
    for headers in ({"Cookie": cookie, "Origin": origin}, {**bearer(), "Origin": origin}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect("/signal?seat=room.booth-1.suwon", headers=headers, protocols=PROTOCOLS)
        assert refused.value.status == 403


async def test_a_websocket_with_a_cookie_needs_an_origin(client: Client) -> None:
    cookie = await cookie_of(client, "room.booth-1.suwon")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect("/signal?seat=room.booth-1.suwon", headers={"Cookie": cookie}, protocols=PROTOCOLS)
    assert refused.value.status == 403


async def test_a_configured_public_origin_is_good(client: Client) -> None:
    answer = await client.post("/session", headers={**bearer(), "Origin": PUBLIC})
    assert answer.status == 200


async def test_a_native_client_needs_no_origin(client: Client) -> None:
    async with client.ws_connect("/signal", headers=bearer("technician.duty"), protocols=PROTOCOLS) as socket:
        assert socket.protocol == "hanmaru.v1"


async def test_a_plain_request_to_the_signaling_door_tells_a_dead_link_from_a_good_one(client: Client) -> None:
    cookie = await cookie_of(client, "room.booth-1.suwon")
    good = await client.get("/signal?seat=room.booth-1.suwon", headers={"Cookie": cookie})
    assert good.status == 400
    assert (await client.get("/signal?seat=room.booth-1.suwon")).status == 401


async def test_revoking_puts_the_holder_out_within_two_seconds_and_keeps_him_out(
    client: Client, tmp_path: Path
) -> None:
    headers = bearer()
    async with client.ws_connect("/signal", headers=headers, protocols=PROTOCOLS) as socket:
        await socket.send_json({"type": "hello"})
        assert (await socket.receive_json())["type"] == "welcome"
        Revocations(tmp_path).revoke("room.booth-1.suwon", datetime.now(UTC))  # as the command does, in its own process
        async with asyncio.timeout(2.0):
            async for _ in socket:
                pass
        assert socket.close_code == 4003
    assert (await client.post("/session", headers=headers)).status == 401
    await asyncio.sleep(0.01)  # a link printed in the very millisecond of the revocation is revoked, too
    assert (await client.post("/session", headers=bearer())).status == 200
    assert (await client.post("/session", headers=bearer("room.booth-1.hanoi"))).status == 200


async def test_an_address_that_guesses_is_locked_out(client: Client) -> None:
    for guess in range(DISTINCT_TOKENS):
        answer = await client.post("/session", headers={"Authorization": f"Bearer guess-{guess}"})
        assert answer.status == 401
    locked = await client.post("/session", headers=bearer())
    assert locked.status == 429
    assert (await locked.json())["code"] == "too_many_attempts"
    assert locked.headers["Retry-After"] == "60"


async def test_every_answer_carries_the_security_headers(client: Client) -> None:
    for path in ("/", "/healthz", "/no-such-page", "/signal", "/tokens.css"):
        headers = (await client.get(path)).headers
        policy = headers["Content-Security-Policy"]
        for rule in (
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        ):
            assert rule in policy
        assert "unsafe" not in policy
        assert headers["Strict-Transport-Security"].startswith("max-age=")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        for feature in ("camera", "microphone", "display-capture", "screen-wake-lock", "fullscreen"):
            assert f"{feature}=(self)" in headers["Permissions-Policy"]
        assert "Server" not in headers


async def test_errors_are_json_for_programs_and_a_page_for_people(client: Client) -> None:
    answer = await client.get("/no-such-page")
    assert (answer.status, await answer.json()) == (404, {"code": "not_found", "message": "There is no such page."})
    page = await client.get("/no-such-page", headers={"Accept": "text/html,*/*"})
    assert (page.status, page.content_type) == (404, "text/html")
    assert "없는 페이지입니다." in await page.text()
    wrong = await client.get("/session")
    assert (wrong.status, (await wrong.json())["code"]) == (404, "not_found")
    posted = await client.post("/healthz")
    assert (posted.status, (await posted.json())["code"], posted.headers["Allow"]) == (405, "wrong_method", "GET,HEAD")


async def test_it_tells_that_it_is_alive_and_ready(client: Client) -> None:
    assert await (await client.get("/healthz")).json() == {"status": "alive"}
    ready = await client.get("/readyz")
    assert ready.status == 200
    assert await ready.json() == {
        "status": "ready",
        "event": "test-event",
        "checks": {"event": True, "store": True, "engine": True},
    }


async def test_without_its_store_it_is_not_ready(client: Client) -> None:
    assert client.app is not None
    await client.app[STORE].close()
    answer = await client.get("/readyz")
    assert answer.status == 503
    assert (await answer.json())["checks"] == {"event": True, "store": False, "engine": True}


async def test_the_authority_can_be_fetched_to_be_trusted(client: Client) -> None:
    answer = await client.get("/ca.crt")
    assert answer.status == 200
    assert answer.content_type == "application/x-x509-ca-cert"
    assert (await answer.text()).startswith("-----BEGIN CERTIFICATE-----")


async def test_names_in_the_event_reach_pages_as_they_are_written(client: Client) -> None:
    async with client.ws_connect("/signal", headers=bearer(), protocols=PROTOCOLS) as socket:
        await socket.send_json({"type": "hello"})
        welcome = await socket.receive_json()
    assert welcome["sites"][1]["people"]["vi"] == "Nguyễn Thị Lan, Nam Việt Retail"
    assert json.dumps(welcome)
