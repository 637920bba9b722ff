"""Behind the one port 443 Hanmaru knows who asks: our two nginx files together, as the head of one of them tells."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import aiohttp
import pytest

from server.lockout import DISTINCT_TOKENS
from server.settings import read
from server.tls import certificates
from tests.support.served import serve
from tests.support.weather import namespace, turn
from tests.support.weather.namespace import Namespace
from tests.support.weather.network import Network
from tests.support.weather.turn import nginx_443

WHY_NOT = namespace.why_not() or turn.why_not()
pytestmark = [pytest.mark.faults, pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))]

ORIGIN = "https://hanmaru.example"
PORT = 8080  # of Hanmaru, in a namespace of its own


async def statuses(srv: Namespace, room: Namespace, tls: ssl.SSLContext, tries: int) -> list[int]:
    """What a room is answered that tries so many tokens, all of them wrong."""
    found = []
    connector = aiohttp.TCPConnector(ssl=tls, socket_factory=room.socket)
    async with aiohttp.ClientSession(connector=connector) as http:
        for number in range(tries):
            headers = {"Host": "hanmaru.example", "Origin": ORIGIN, "Authorization": f"Bearer {room.place}{number}"}
            address = f"https://{srv.ipv4}/session"
            async with http.post(address, headers=headers, server_hostname="hanmaru.example") as answer:
                found.append(answer.status)
    return found


async def test_a_room_that_is_locked_out_behind_the_one_port_locks_out_nobody_else(
    network: Network, tmp_path: Path
) -> None:
    srv, room, other = await network.place("srv"), await network.place("room"), await network.place("other")
    made = certificates(
        read({"HANMARU_STATE_DIR": str(tmp_path / "tls"), "HANMARU_PUBLIC_ORIGINS": ORIGIN}), dt.datetime.now(dt.UTC)
    )
    tls = ssl.create_default_context(cafile=made.authority)
    settings = {"HANMARU_TLS": "off", "HANMARU_HOST": f"127.0.0.1,{srv.ipv4}", "HANMARU_PUBLIC_ORIGINS": ORIGIN}
    settings["HANMARU_TRUSTED_PROXIES"] = settings["HANMARU_HOST"]  # the second is where the test asks from
    served = await serve(tmp_path / "state", port=PORT, settings=settings, place=srv)
    try:
        async with nginx_443(srv, tmp_path / "nginx", certificate=made.certificate, key=made.key):
            refused = await statuses(srv, room, tls, DISTINCT_TOKENS + 1)
            assert refused == [401] * DISTINCT_TOKENS + [429]
            assert await statuses(srv, other, tls, 1) == [401]
    finally:
        await served.stop()
