"""The relay takes who has a credential of ours while that is good, and carries to Hanmaru and nowhere else."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from aioice import stun
from aioice.turn import TurnClientUdpProtocol

from server.relay import Relay, ice_servers
from server.settings import read
from server.tls import certificates
from signaling.seats import Role, Seat
from tests.support.weather import namespace, turn
from tests.support.weather.namespace import Namespace
from tests.support.weather.network import Network
from tests.support.weather.turn import SECRET, TURN_PORT, Turn, turnserver

WHY_NOT = namespace.why_not() or turn.why_not()
pytestmark = [pytest.mark.faults, pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))]

SUWON = Seat(Role.ROOM, "booth-1", "suwon")
UNAUTHORIZED, FORBIDDEN, MISMATCH, QUOTA_REACHED = 401, 403, 437, 486
SEATS_QUOTA = 32  # user-quota of deploy/turnserver.conf
SHORT_S = 2


@pytest_asyncio.fixture
async def there(network: Network, tmp_path: Path) -> AsyncIterator[tuple[Turn, Namespace]]:
    """A relay that carries to a place `srv`, and a place `room` that would use it."""
    srv, room, relay = await network.place("srv"), await network.place("room"), await network.place("turn")
    made = certificates(read({"HANMARU_STATE_DIR": str(tmp_path / "tls")}), dt.datetime.now(dt.UTC))
    async with turnserver(relay, tmp_path / "turn", made.certificate, made.key, to=srv) as running:
        yield running, room


@asynccontextmanager
async def client(relay: Relay, room: Namespace, turn: Turn, ago_s: float = 0) -> AsyncIterator[TurnClientUdpProtocol]:
    """A native client in the room, with a credential that was made so long ago."""
    now = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=ago_s)
    (server,) = ice_servers(relay, SUWON, now)
    address = (turn.host, TURN_PORT)

    def protocol() -> TurnClientUdpProtocol:
        return TurnClientUdpProtocol(address, server.username, server.credential, 600, 500)

    made = room.socket((socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDP))
    made.connect(address)
    transport, speaking = await asyncio.get_running_loop().create_datagram_endpoint(protocol, sock=made)
    try:
        yield speaking
    finally:
        if speaking.refresh_task is not None:
            speaking.refresh_task.cancel()
        transport.close()


async def refused(asking: Awaitable[object]) -> int | None:
    """The code that a request is refused with; 0: it is not."""
    try:
        await asking
    except stun.TransactionFailed as failure:
        return failure.response.error_code
    return 0


async def test_a_credential_of_ours_is_taken_and_relays_to_hanmaru(there: tuple[Turn, Namespace]) -> None:
    turn, room = there
    async with client(turn.relay(), room, turn) as speaking:
        relayed, _ = await speaking.connect()
        assert relayed == turn.host
        await speaking.channel_bind(0x4000, ("10.77.1.1", 5000))


@pytest.mark.parametrize(
    ("secret", "ago_s"), [("another secret, of another relay, not ours", 0.0), (SECRET, 5 * 3600.0)]
)
async def test_a_foreign_or_expired_credential_is_refused(
    there: tuple[Turn, Namespace], secret: str, ago_s: float
) -> None:
    turn, room = there
    async with client(replace(turn.relay(), secret=secret), room, turn, ago_s) as speaking:
        assert await refused(speaking.connect()) == UNAUTHORIZED


@pytest.mark.parametrize(
    "peer",
    ["10.77.2.1", "10.77.3.1", "127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "224.0.0.1", "8.8.8.8"],
)
async def test_whoever_is_not_hanmaru_is_out_of_reach(there: tuple[Turn, Namespace], peer: str) -> None:
    turn, room = there
    async with client(turn.relay(), room, turn) as speaking:
        await speaking.connect()
        assert await refused(speaking.channel_bind(0x4000, (peer, 5000))) == FORBIDDEN


async def test_what_was_opened_in_time_outlives_its_credential_and_nothing_new_is_opened(
    there: tuple[Turn, Namespace],
) -> None:
    turn, room = there
    relay = replace(turn.relay(), lifetime_s=SHORT_S)
    async with client(relay, room, turn) as speaking:
        await speaking.connect()
        await asyncio.sleep(SHORT_S + 1)  # the relay has the wall clock, which nobody can turn
        again = stun.Message(message_method=stun.Method.REFRESH, message_class=stun.Class.REQUEST)
        again.attributes["LIFETIME"] = 600
        answer, _ = await speaking.request_with_retry(again)
        assert answer.attributes["LIFETIME"] == 600
        await speaking.channel_bind(0x4001, ("10.77.1.1", 5001))
    async with client(relay, room, turn, SHORT_S + 1) as late:
        assert await refused(late.connect()) == UNAUTHORIZED


async def test_one_seat_cannot_take_the_whole_relay(there: tuple[Turn, Namespace]) -> None:
    turn, room = there
    relay = turn.relay()
    codes: list[int | None] = []
    while len(codes) <= SEATS_QUOTA:
        async with client(relay, room, turn) as speaking:  # left without a word, as by a page that is closed
            code = await refused(speaking.connect())
        if code != MISMATCH:  # the port of one that was left, again
            codes.append(code)
    assert codes == [0] * SEATS_QUOTA + [QUOTA_REACHED]
