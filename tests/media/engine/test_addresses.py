"""Which addresses are offered, and whose datagrams are taken."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import aioice.ice
import pytest

from media.engine.addresses import dropped, offering


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
