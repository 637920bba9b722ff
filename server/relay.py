"""Credentials for the relay: each seat gets its own, made from a secret shared with coturn and good for some hours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime

from signaling.seats import Seat
from signaling.welcome import IceServer

LIFETIME_S = 4 * 3600
"""What is not told otherwise: a clock that jumps by an hour leaves enough."""
LIFETIMES_S = (600, 24 * 3600)
"""Shorter: a page that waits for its camera comes too late. Longer: a link's own life."""
MOST_ADDRESSES = 6  # browsers ask all of them on each of their networks, and grow slow
SEAT_LETTERS = 16  # 64 bits

# RFC 7065 section 3.1; a host is a name, an IPv4 address, or an IPv6 address in brackets.
_GRAMMAR = re.compile(
    r"(?P<scheme>turns?):(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>\d{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Relay:
    """Where the relay is, as `turn:` and `turns:` addresses, and what it shares with us."""

    addresses: tuple[str, ...]
    secret: str = field(repr=False)
    lifetime_s: int = LIFETIME_S


def is_address(text: str) -> bool:
    """Whether a browser takes it for a relay over UDP, TCP or TLS: `turns:` over UDP is DTLS, which none speaks."""
    match = _GRAMMAR.fullmatch(text)
    if match is None or not 0 < int(match["port"] or "1") <= 65535:
        return False
    return (match["scheme"], match["transport"]) != ("turns", "udp")


def ice_servers(relay: Relay | None, seat: Seat, now: datetime) -> tuple[IceServer, ...]:
    """The relay with credentials for one seat; `now` is aware. Nothing where there is no relay.

    User name and password as coturn's `use-auth-secret` wants them (draft-uberti-behave-turn-rest-00 section 2.2):
    `<end of validity, seconds since 1970>:<any name>`, and the base64 of its HMAC-SHA1. The name is a digest: the
    relay counts its quotas by it, and learns neither booth nor person.
    """
    if relay is None:
        return ()
    name = hashlib.sha256(str(seat).encode()).hexdigest()[:SEAT_LETTERS]
    username = f"{int(now.timestamp()) + relay.lifetime_s}:{name}"
    digest = hmac.digest(relay.secret.encode(), username.encode(), "sha1")
    return (IceServer(relay.addresses, username, base64.b64encode(digest).decode()),)


def link_header(servers: tuple[IceServer, ...]) -> str:
    """The value of a `Link` header that tells equipment of them (RFC 9725 section 4.6)."""
    return ", ".join(
        f'<{url}>; rel="ice-server"; username="{server.username}"; credential="{server.credential}"; '
        'credential-type="password"'
        for server in servers
        for url in server.urls
    )
