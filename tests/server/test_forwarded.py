"""Behind a proxy: who asks is whom a trusted proxy names, and what anybody else claims counts for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path

import pytest

from server.forwarded import UNKNOWN, Client, address_of, client_of
from server.lockout import DISTINCT_TOKENS
from tests.support.hall import LINKS, SUWON, Hall, hall

PROXIES = tuple(map(ip_network, ("127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48")))
PUBLIC = "https://hanmaru.example"


class Headers:
    """What a request brought, in order."""

    def __init__(self, *lines: tuple[str, str]) -> None:
        self._lines = lines

    def getall(self, key: str, default: Sequence[str]) -> Sequence[str]:
        return [value for name, value in self._lines if name == key] or default


def client(peer: str, *headers: tuple[str, str]) -> Client:
    return client_of(peer, Headers(*headers), PROXIES)


@pytest.mark.parametrize(
    ("hops", "address"),
    [
        (["192.0.2.7"], "192.0.2.7"),
        (["6.6.6.6, 192.0.2.7"], "192.0.2.7"),  # what the client wrote itself stands left
        (["6.6.6.6", "192.0.2.7, 10.1.1.1"], "192.0.2.7"),  # two lines are one list; 10.1.1.1 is ours
        (["192.0.2.7:4711"], "192.0.2.7"),
        (["[2001:db8:2::7]:4711"], "2001:db8:2::7"),
        (["2001:db8:2::7, 2001:db8:1::1"], "2001:db8:2::7"),
        (["::ffff:192.0.2.7"], "192.0.2.7"),
        (["10.2.2.2, 10.1.1.1"], "10.2.2.2"),
        (["192.0.2.7, unknown"], UNKNOWN),
        (["192.0.2.7, <script>"], UNKNOWN),
        ([], "127.0.0.1"),
        ([" , ,"], "127.0.0.1"),
    ],
)
def test_the_address_is_the_rightmost_one_that_is_no_proxy_of_ours(hops: list[str], address: str) -> None:
    assert client("127.0.0.1", *(("X-Forwarded-For", hop) for hop in hops)).address == address


def test_what_others_claim_is_ignored() -> None:
    claimed = [("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "bank.example")]
    assert client("192.0.2.66", *claimed) == Client("192.0.2.66")
    assert client_of("127.0.0.1", Headers(*claimed), ()) == Client("127.0.0.1")


def test_scheme_and_host_are_what_the_nearest_proxy_says() -> None:
    said = [("X-Forwarded-Proto", "http, HTTPS"), ("X-Forwarded-Host", "evil.example, hanmaru.example:8443")]
    assert client("10.0.0.1", *said) == Client("10.0.0.1", "https", "hanmaru.example:8443")


@pytest.mark.parametrize("host", ["a b", "user@x", "x/y", "x:port", ""])
def test_what_is_no_scheme_and_no_host_is_not_taken(host: str) -> None:
    assert client("127.0.0.1", ("X-Forwarded-Proto", "gopher"), ("X-Forwarded-Host", host)) == Client("127.0.0.1")


def test_forwarded_is_not_read_because_a_proxy_that_writes_the_other_one_hands_it_on() -> None:
    assert client("127.0.0.1", ("Forwarded", "for=192.0.2.7;proto=https")) == Client("127.0.0.1")


def test_a_flood_of_hops_is_cut() -> None:
    hops = ", ".join(["6.6.6.6", *["10.0.0.1"] * 100])
    assert client("127.0.0.1", ("X-Forwarded-For", hops)).address == "10.0.0.1"


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "1.2.3.4.5", "[", "unix:"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert address_of(text) is None


async def guess(at: Hall, address: str, times: int) -> int:
    status = 0
    for n in range(times):
        headers = {"Authorization": f"Bearer guess-{address}-{n}", "X-Forwarded-For": address}
        status = (await at.client.post("/session", headers=headers)).status
    return status


async def test_the_lock_out_counts_the_client_behind_the_proxy_and_nobody_beside_it(tmp_path: Path) -> None:
    async with hall(tmp_path, TRUSTED_PROXIES="127.0.0.1") as at:
        assert await guess(at, "192.0.2.7", DISTINCT_TOKENS + 1) == 429
        assert await guess(at, "192.0.2.8", 1) == 401


async def test_a_spoofed_address_helps_no_guesser_when_no_proxy_is_trusted(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        for n in range(DISTINCT_TOKENS):
            await guess(at, f"192.0.2.{n}", 1)
        assert await guess(at, "198.51.100.1", 1) == 429


@pytest.mark.parametrize(("trusted", "status"), [("127.0.0.1", 200), ("192.0.2.1", 403)])
async def test_an_origin_is_measured_against_the_host_that_a_trusted_proxy_was_asked_for(
    tmp_path: Path, trusted: str, status: int
) -> None:
    headers = {
        "Authorization": f"Bearer {LINKS[SUWON]}",
        "Origin": PUBLIC,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "hanmaru.example",
    }
    async with hall(tmp_path, TRUSTED_PROXIES=trusted) as at:
        assert (await at.client.post("/session", headers=headers)).status == status
        foreign = {**headers, "Origin": "https://evil.example"}
        assert (await at.client.post("/session", headers=foreign)).status == 403


async def test_a_websocket_opens_through_a_trusted_proxy(tmp_path: Path) -> None:
    headers = {
        "Authorization": f"Bearer {LINKS[SUWON]}",
        "Origin": PUBLIC,
        "X-Forwarded-For": "192.0.2.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "hanmaru.example",
    }
    async with (
        hall(tmp_path, TRUSTED_PROXIES="127.0.0.1") as at,
        at.client.ws_connect("/signal", protocols=("hanmaru.v1",), headers=headers) as socket,
    ):
        await socket.send_json({"type": "hello"})
        assert (await socket.receive_json())["type"] == "welcome"


@pytest.mark.parametrize("path", ["/hanmaru/room", "/a/b/interpreter", "/hanmaru/signal"])
async def test_below_a_path_a_sentence_says_that_a_host_name_is_wanted(tmp_path: Path, path: str) -> None:
    async with hall(tmp_path) as at:
        for answer in (
            await at.client.get(path),
            await at.client.get("/room", headers={"X-Forwarded-Prefix": "/hanmaru"}),
        ):
            said = await answer.json()
            assert (answer.status, said["code"]) == (404, "path_prefix")
            assert "host name of its own" in said["message"]
        posted = await at.client.post("/hanmaru/session")
        assert (posted.status, (await posted.json())["code"]) == (404, "path_prefix")
        page = await at.client.get(path, headers={"Accept": "text/html"})
        assert "호스트 이름" in await page.text()
        assert (await at.client.get("/room", headers={"X-Forwarded-Prefix": "/"})).status == 200


async def test_plain_http_is_for_this_machine_and_the_proxy_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hall(tmp_path, TLS="off", PUBLIC_ORIGINS=PUBLIC, TRUSTED_PROXIES="10.0.0.1") as at:
        assert (await at.client.get("/healthz")).status == 200
        monkeypatch.setattr("aiohttp.web.BaseRequest.remote", "192.0.2.9")
        refused = await at.client.get("/healthz")
        assert (refused.status, (await refused.json())["code"]) == (403, "no_proxy")
