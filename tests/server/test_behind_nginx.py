"""The real server behind a real nginx with the file that we hand out, on loopback, with a throwaway certificate."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from server.lockout import DISTINCT_TOKENS
from server.settings import CHECKOUT, read
from server.tls import certificates
from tests.support.hall import PATIENCE_S, Line
from tests.support.served import Served, free_port, serve

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(NGINX is None and "CI" not in os.environ, reason="nginx is not installed"),
]
READ_TIMEOUT_S = 3  # instead of 60: an idle WebSocket has to outlive it within a test
HEAD_TIMEOUT_S = 1  # instead of 10
PROTOCOLS = ("hanmaru.v1",)
START_S = 10.0


@dataclass(slots=True)
class Behind:
    """A server, the proxy in front, and what a browser trusts."""

    served: Served
    proxy: asyncio.subprocess.Process
    origin: str
    port: int
    tls: ssl.SSLContext
    again: Mapping[str, str]

    @asynccontextmanager
    async def browser(self, address: str = "127.0.0.1") -> AsyncIterator[aiohttp.ClientSession]:
        """A client that comes from this address."""
        connector = aiohttp.TCPConnector(ssl=self.tls, local_addr=(address, 0))
        async with aiohttp.ClientSession(self.origin, connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
            yield http


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def behind(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Behind]:
    folder = tmp_path_factory.mktemp("nginx")
    port, inner = free_port(), free_port()
    origin = f"https://localhost:{port}"
    made = certificates(read({"HANMARU_STATE_DIR": str(folder / "tls")}), datetime.now(UTC))
    proxy = await start_nginx(folder, port, inner, made.certificate, made.key)
    settings = {"HANMARU_TLS": "off", "HANMARU_TRUSTED_PROXIES": "127.0.0.1", "HANMARU_PUBLIC_ORIGINS": origin}
    try:
        served = await serve(folder / "state", port=inner, settings=settings)
        behind = Behind(served, proxy, origin, port, ssl.create_default_context(cafile=made.authority), settings)
        yield behind
        await behind.served.stop()
    finally:
        with suppress(ProcessLookupError):
            proxy.terminate()
        async with asyncio.timeout(5):
            await proxy.wait()


async def start_nginx(folder: Path, port: int, inner: int, certificate: Path, key: Path) -> asyncio.subprocess.Process:
    """An nginx of our own, in the foreground, with our file and nothing of the machine's."""
    text = (CHECKOUT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for ours, here in {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "listen [::]:443 ssl;": "",
        "server_name hanmaru.example;": "server_name localhost;",
        "server 127.0.0.1:8080;": f"server 127.0.0.1:{inner};",
        "/etc/ssl/hanmaru.crt": str(certificate),
        "/etc/ssl/hanmaru.key": str(key),
        "proxy_read_timeout 60s;": f"proxy_read_timeout {READ_TIMEOUT_S}s;",
        "client_header_timeout 10s;": f"client_header_timeout {HEAD_TIMEOUT_S}s;",
    }.items():
        assert text.count(ours) == 1, ours
        text = text.replace(ours, here)
    (folder / "hanmaru.conf").write_text(text, encoding="utf-8")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\n  access_log off;\n{temporary}  include {folder}/hanmaru.conf;\n}}\n",
        encoding="utf-8",
    )
    assert NGINX is not None
    with (folder / "nginx.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            NGINX, "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr", stdout=log, stderr=log
        )
    async with asyncio.timeout(START_S):
        while True:
            assert process.returncode is None, (folder / "nginx.log").read_text(encoding="utf-8")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return process


def bearer(behind: Behind, role: str = "room", site: str | None = "suwon") -> dict[str, str]:
    booth = None if role == "technician" else "booth-1"
    return {"Authorization": f"Bearer {behind.served.link(role, booth, site).token}"}


async def cookie(behind: Behind, http: aiohttp.ClientSession, role: str = "room") -> dict[str, str]:
    """What a page sends along once it has exchanged its link."""
    async with http.post("/session", headers={**bearer(behind, role), "Origin": behind.origin}) as answer:
        assert answer.status == 200, await answer.text()
        set_cookie = answer.headers["Set-Cookie"]
        assert set_cookie.startswith("__Host-hanmaru-")
        assert all(word in set_cookie for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"))
        return {"Cookie": set_cookie.partition(";")[0], "Origin": behind.origin}


async def test_pages_come_through_with_their_headers_and_links_point_to_the_proxy(behind: Behind) -> None:
    assert all(link.url.startswith(f"{behind.origin}/") for link in behind.served.links)
    assert "ca.crt" not in behind.served.wrote()
    async with behind.browser() as http:
        for page in ("/", "/room", "/interpreter", "/room.js"):
            async with http.get(page) as answer:
                assert answer.status == 200
                assert answer.headers["Strict-Transport-Security"] == "max-age=86400"
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
                assert await answer.read()


async def test_a_link_becomes_a_cookie_and_the_cookie_a_seat(behind: Behind) -> None:
    async with behind.browser() as http:
        headers = await cookie(behind, http)
        async with http.ws_connect("/signal?seat=room.booth-1.suwon", headers=headers, protocols=PROTOCOLS) as socket:
            line = Line(socket)
            await line.say("hello")
            assert (await line.next("welcome"))["seat"] == "room.booth-1.suwon"


async def test_a_foreign_page_is_refused_at_both_doors(behind: Behind) -> None:
    async with behind.browser() as http:
        own = await cookie(behind, http)
        for origin in ("https://evil.example", "null", f"http://localhost:{behind.port}"):
            async with http.post("/session", headers={**bearer(behind), "Origin": origin}) as answer:
                assert (answer.status, (await answer.json())["code"]) == (403, "bad_origin")
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(
                    "/signal?seat=room.booth-1.suwon", headers={**own, "Origin": origin}, protocols=PROTOCOLS
                )
            assert refused.value.status == 403


async def test_a_guesser_is_locked_out_by_the_address_it_came_from_whatever_it_claims(behind: Behind) -> None:
    async with behind.browser("127.0.0.2") as guesser, behind.browser("127.0.0.3") as neighbour:
        status = 0
        for n in range(DISTINCT_TOKENS + 1):
            claimed = {
                "Authorization": f"Bearer guess-{n}",
                "X-Forwarded-For": f"192.0.2.{n}",
                "Forwarded": f"for=10.0.0.{n}",
            }
            async with guesser.post("/session", headers=claimed) as answer:
                status = answer.status
        assert status == 429
        async with neighbour.post("/session", headers={"Authorization": "Bearer guess"}) as answer:
            assert answer.status == 401
        async with neighbour.post("/session", headers=bearer(behind)) as answer:
            assert answer.status == 200


async def test_below_a_path_a_sentence_says_what_is_wanted(behind: Behind) -> None:
    async with behind.browser() as http, http.get("/hanmaru/room") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "path_prefix")


async def test_what_is_too_large_is_refused_by_us_with_a_code_and_far_beyond_that_by_the_proxy(behind: Behind) -> None:
    async with behind.browser() as http:
        for size, is_ours in ((100_000, True), (200_000, False)):
            async with http.post(
                "/whip/booth-1/suwon", headers={**bearer(behind), "Content-Type": "application/sdp"}, data=b"v" * size
            ) as answer:
                text = await answer.text()
                assert answer.status == 413
                assert text.startswith("{") is is_ours, text


async def test_a_client_that_dawdles_with_its_request_is_sent_away_by_the_proxy(behind: Behind) -> None:
    reader, writer = await asyncio.open_connection("localhost", behind.port, ssl=behind.tls)
    writer.write(b"GET /room HTTP/1.1\r\nHost: localhost\r\nX-Never: ")
    async with asyncio.timeout(HEAD_TIMEOUT_S + 3):
        answer = await reader.read()
    assert answer == b"" or b" 408 " in answer.splitlines()[0]
    writer.close()


async def test_figures_are_read_past_the_proxy_and_not_through_it(behind: Behind) -> None:
    async with behind.browser() as http:
        async with http.get("/metrics", headers=bearer(behind, "technician", None)) as answer:
            assert answer.status == 404
        async with http.get(f"http://127.0.0.1:{behind.served.environment['HANMARU_PORT']}/metrics") as answer:
            assert answer.status == 200
            assert "hanmaru_up" in await answer.text()


async def test_an_idle_websocket_outlives_the_proxys_patience_and_a_restart_brings_its_client_back(
    behind: Behind,
) -> None:
    async with behind.browser() as http:
        headers = await cookie(behind, http, "operator")
        address = "/signal?seat=operator.booth-1.suwon"
        async with http.ws_connect(address, headers=headers, protocols=PROTOCOLS) as socket:
            line = Line(socket)
            await line.say("hello")
            resume = (await line.next("welcome"))["resume"]
            reading = asyncio.create_task(line.next("ok", within_s=READ_TIMEOUT_S + 1 + PATIENCE_S))
            await asyncio.sleep(READ_TIMEOUT_S + 1)  # it answers pings, and says nothing
            await line.say("set", id="c1", site="suwon", framing="fit")
            assert (await reading)["id"] == "c1"

            stopping = asyncio.create_task(behind.served.stop())
            assert await line.next("goodbye")
            assert await line.close_code() == 1001
            await stopping
        with pytest.raises(aiohttp.WSServerHandshakeError) as away:
            await http.ws_connect(address, headers=headers, protocols=PROTOCOLS)
        assert away.value.status == 502  # to a page as good as no network: it tries again

        served = behind.served
        behind.served = await serve(
            Path(served.environment["HANMARU_STATE_DIR"]),
            port=int(served.environment["HANMARU_PORT"]),
            settings=behind.again,
        )
        async with http.ws_connect(address, headers=headers, protocols=PROTOCOLS) as socket:
            line = Line(socket)
            await line.say("reconnect", seat="operator.booth-1.suwon", resume=resume)
            assert (await line.next("welcome"))["seat"] == "operator.booth-1.suwon"
            booth = await line.next("booth")
            assert booth["sites"]["suwon"]["framing"] == "fit", json.dumps(booth)
