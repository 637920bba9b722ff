"""Which addresses are offered, and whose datagrams are taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aioice.ice
import pytest
from aioice import stun

from media.engine.addresses import MOST_ADDRESSES, dropped, offering
from media.engine.simulated import LOOPBACK


def test_only_chosen_addresses_are_offered_and_only_within() -> None:
    with offering(("127.0.0.1", "::1")):
        assert aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=False) == ["127.0.0.1"]
        assert aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=True) == ["127.0.0.1", "::1"]
    assert "127.0.0.1" not in aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=False)


class Protocol(aioice.ice.StunProtocol):
    """The library's datagram protocol of a connection that knows one far address, and no transport."""

    def __init__(self, *, nominated: bool) -> None:
        self.taken: list[bytes] = []
        receiver: Any = SimpleNamespace(
            remote_candidates=[SimpleNamespace(host="127.0.0.1", port=4000)],
            data_received=self._take,
            _nominated={1: SimpleNamespace(remote_addr=("127.0.0.1", 4000))} if nominated else {},
        )
        super().__init__(receiver)
        self.local_candidate: Any = SimpleNamespace(component=1)

    def _take(self, data: bytes, component: int) -> None:
        self.taken.append(data)


@pytest.mark.parametrize("nominated", [False, True])
async def test_all_but_stun_is_taken_only_from_where_a_candidate_is(nominated: bool) -> None:
    protocol, before = Protocol(nominated=nominated), dropped["strangers"]
    for data, address in (
        (b"\x80media", ("127.0.0.1", 4000)),
        (b"\x80media", ("127.0.0.1", 4001)),
        (b"\x15alert", ("10.0.0.1", 4000)),
        (b"", ("127.0.0.1", 4000)),
    ):
        protocol.datagram_received(data, address)
    assert protocol.taken == [b"\x80media"]
    assert dropped["strangers"] == before + 3


async def test_stun_that_the_library_cannot_read_is_dropped_and_fills_no_log() -> None:
    """Whoever finds the port can send it, as often as he likes."""
    priority = (0x24, 2)  # of four bytes
    body = b"".join(number.to_bytes(2, "big") for number in (*priority, 0, 0))
    head = b"\x00\x01" + len(body).to_bytes(2, "big") + stun.COOKIE.to_bytes(4, "big") + bytes(12)
    before = dropped["strangers"]
    Protocol(nominated=True).datagram_received(head + body, ("10.0.0.1", 9))
    assert dropped["strangers"] == before + 1


def request(connection: aioice.ice.Connection, **more: int) -> bytes:
    """As its peer asks it."""
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes.update({"USERNAME": f"{connection.local_username}:them", **more})
    message.add_message_integrity(connection.local_password.encode())
    return bytes(message)


@asynccontextmanager
async def answering() -> AsyncIterator[aioice.ice.Connection]:
    """An end of ICE on loopback that knows nobody's address yet."""
    connection = aioice.ice.Connection(ice_controlling=False)
    try:
        with offering(LOOPBACK):
            await connection.gather_candidates()
        connection.remote_username, connection.remote_password = "them", "secret"
        connection._early_checks_done = True
        yield connection
    finally:
        await connection.close()


async def test_a_request_of_the_peer_that_lacks_what_belongs_in_it_is_dropped() -> None:
    async with answering() as ours:
        before = dropped["strangers"]
        ours._protocols[0].datagram_received(request(ours), ("127.0.0.1", 9))
        assert dropped["strangers"] == before + 1


async def test_a_peer_has_so_many_addresses_and_is_asked_for_no_more() -> None:
    async with answering() as ours:
        asked = request(ours, PRIORITY=1)
        for port in range(10_000, 10_000 + 3 * MOST_ADDRESSES):
            ours._protocols[0].datagram_received(asked, ("127.0.0.1", port))
        assert len(ours.remote_candidates) == len(ours._check_list) == MOST_ADDRESSES
