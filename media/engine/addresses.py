"""Where Hanmaru touches aioice below its public surface: which addresses are offered, and whose datagrams are taken.

Every private name used here stands in `TOUCHED`; a test fails loudly when one changes. Versions are pinned in
pyproject.toml.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import aioice.ice

from media.engine.echo import heard
from media.engine.port import take_over

TOUCHED = {
    "aioice.ice": ("get_host_addresses",),
    "aioice.ice.StunProtocol": ("datagram_received", "receiver"),
    "aioice.ice.Connection": (
        "remote_candidates",
        "data_received",
        "_nominated",
        "_protocols",
        "stun_server",
        "get_component_candidates",
    ),
}

COMPONENT = 1
"""RTP, with RTCP on the same (RFC 5761)."""
LAST_STUN_BYTE = 3  # RFC 7983 section 7
MOST_ADDRESSES = 128
"""Of a peer: four times what it may name. The library takes each that a request comes from for one of them (RFC 8445
section 7.3.1.3), asks something there, and keeps it for the life of the connection."""

_offered_addresses: ContextVar[tuple[str, ...] | None] = ContextVar("offered_addresses", default=None)
_library_addresses = aioice.ice.get_host_addresses


def _host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    chosen = _offered_addresses.get()
    if chosen is None:
        return _library_addresses(use_ipv4, use_ipv6)
    return [address for address in chosen if (":" in address and use_ipv6) or (":" not in address and use_ipv4)]


aioice.ice.get_host_addresses = _host_addresses

_library_datagram = aioice.ice.StunProtocol.datagram_received
dropped: Counter[str] = Counter(strangers=0)
"""Datagrams of this process that were dropped because of where they came from, or as STUN that nobody can read."""


def _datagram(protocol: aioice.ice.StunProtocol, data: Any, address: tuple[Any, ...]) -> None:
    """Take STUN from anywhere, which aioice authenticates, and all else only from where a candidate of the peer is.

    Without this an empty datagram from anybody ends a call, and a plaintext alert its handshake (CVE-2023-51443).
    """
    if data and data[0] <= LAST_STUN_BYTE:
        if data[0] and heard(data):  # the first byte of a request is 0
            return
        if len(protocol.receiver.remote_candidates) >= MOST_ADDRESSES and not _is_known(protocol, address[:2]):
            dropped["strangers"] += 1
            return
        try:
            _library_datagram(protocol, data, address)
        except (struct.error, KeyError):  # it trusts the lengths that it reads, and that all is there
            dropped["strangers"] += 1
    elif data and _is_known(protocol, address[:2]):
        protocol.receiver.data_received(data, COMPONENT)  # the library would try to read it as STUN first
    else:
        dropped["strangers"] += 1


def _is_known(protocol: aioice.ice.StunProtocol, address: tuple[Any, ...]) -> bool:
    connection = protocol.receiver
    pair = connection._nominated.get(COMPONENT)
    if pair is not None and pair.remote_addr == address:  # by far the most
        return True
    return any((peer.host, peer.port) == address for peer in connection.remote_candidates)


aioice.ice.StunProtocol.datagram_received = _datagram  # type: ignore[assignment, method-assign]


_library_candidates = aioice.ice.Connection.get_component_candidates


async def _candidates(
    connection: aioice.ice.Connection,
    component: int,
    addresses: list[str],
    timeout: int = 5,  # noqa: ASYNC109 (the library's)
) -> list[aioice.Candidate]:
    """Gather candidates, and read their sockets by the fast path from then on."""
    found = await _library_candidates(connection, component, addresses, timeout)
    if _offered_addresses.get() is not None and connection.stun_server is None:
        for protocol in connection._protocols:
            take_over(protocol)
    return found


aioice.ice.Connection.get_component_candidates = _candidates  # type: ignore[assignment, method-assign]


@contextmanager
def offering(addresses: tuple[str, ...]) -> Iterator[None]:
    """Within: connections of this task gather exactly these local addresses (aioice itself never offers loopback)."""
    token = _offered_addresses.set(addresses)
    try:
        yield
    finally:
        _offered_addresses.reset(token)
