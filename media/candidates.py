"""ICE candidates: which of the peer's may be contacted, and which address of ours is announced."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from media.errors import CandidateError

NO_CONNECTION = "There is no connection that this candidate could belong to."
MOST_CANDIDATES = 32  # per description or connection: a machine with many networks has a dozen
LONGEST_CANDIDATE = 512  # characters
ANNOUNCED_BELOW = 1 << 8  # one step of local preference (RFC 8445 section 5.1.2.1)

# RFC 8839 section 5.1; the tail (raddr, rport, extensions) is kept as it is.
_GRAMMAR = re.compile(
    r"(?:a=)?candidate:(?P<foundation>[A-Za-z0-9+/=_-]{1,64}) (?P<component>\d{1,3}) (?P<transport>[A-Za-z0-9-]{1,8})"
    r" (?P<priority>\d{1,10}) (?P<address>[A-Za-z0-9.:%_-]{1,253}) (?P<port>\d{1,5})"
    r" typ (?P<kind>host|srflx|prflx|relay)(?P<rest>(?: \S+)*)\s*",
    re.ASCII,
)

# Addresses on which clouds answer with credentials; the first is link-local and refused as such.
_METADATA = tuple(ip_network(text) for text in ("100.100.100.200", "192.0.0.0/24", "fd00:ec2::/32", "fd20:ce::254"))
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")  # v4-compatible, long deprecated (RFC 4291 section 2.5.5.1)
_THIS_NETWORK = ip_network("0.0.0.0/8")

Announced = Sequence[tuple[str, str]]
"""Public addresses, each with the local one that it stands for: (local, public)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One transport address that a peer says it can be reached at."""

    foundation: str
    component: int
    transport: str
    """In lower case: udp or tcp."""
    priority: int
    address: str
    """An IP literal or a name (mDNS)."""
    port: int
    kind: str
    """host, srflx, prflx or relay."""
    rest: str
    """Everything after the kind, as it was written."""


def parse(text: str) -> Candidate:
    """Read `candidate:...` (with or without `a=`). Raises CandidateError."""
    match = _GRAMMAR.fullmatch(text) if len(text) <= LONGEST_CANDIDATE else None
    if match is None:
        raise CandidateError("This is not an ICE candidate line.")
    port, priority, component = (int(match[name]) for name in ("port", "priority", "component"))
    if port > 65535 or priority >= 1 << 32 or not 1 <= component <= 256:
        raise CandidateError("A number in this ICE candidate is out of range.")
    return Candidate(
        foundation=match["foundation"],
        component=component,
        transport=match["transport"].lower(),
        priority=priority,
        address=match["address"],
        port=port,
        kind=match["kind"],
        rest=match["rest"],
    )


def allowed(candidate: Candidate, *, loopback: bool) -> bool:
    """Whether the server may send connectivity checks there: UDP to a plain unicast address, names are never resolved.

    Private networks are where booths live; loopback only when the event allows it.
    """
    if candidate.transport != "udp" or candidate.port == 0 or candidate.component != 1:
        return False
    try:
        address = ip_address(candidate.address)
    except ValueError:
        return False
    return _contactable(address, loopback=loopback)


def _contactable(address: IPv4Address | IPv6Address, *, loopback: bool) -> bool:
    if isinstance(address, IPv6Address):
        if address.is_loopback:
            return loopback
        inner = _inside(address)
        if inner is not None:
            return _contactable(inner, loopback=loopback)
        if address.is_site_local:
            return False
    elif address in _THIS_NETWORK:
        return False
    if address.is_loopback:
        return loopback
    if address.is_unspecified or address.is_multicast or address.is_link_local or address.is_reserved:
        return False
    return not any(address in network for network in _METADATA)


def _inside(address: IPv6Address) -> IPv4Address | None:
    """Return the v4 address that packets to this v6 address end up at, if there is one."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _COMPATIBLE or any(address in network for network in _NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def announce(sdp: str, public: Announced) -> str:
    """Return an answer that offers, beside each local address of `public`, the public one too.

    The router in front forwards the same port. Who is in the server's own network, a relay among them, goes on finding
    it without passing that router. An announced address has a lower priority and a foundation of its own
    (RFC 8445 sections 5.1.1.3 and 5.1.2): it is another way.
    """
    return "".join(_announced(line, public) for line in re.split(r"(?<=\n)", sdp))


def _announced(line: str, public: Announced) -> str:
    words = line.split(" ")
    if not line.startswith("a=candidate:") or len(words) < 8 or words[7].rstrip() != "host":
        return line
    lines = [line]
    for number, (local, address) in enumerate(public):
        if local == words[4] != address:
            foundation = f"a=candidate:{words[0].rpartition(':')[2]}n{number}"
            priority = str(max(1, int(words[3]) - ANNOUNCED_BELOW))
            lines.append(" ".join([foundation, *words[1:3], priority, address, *words[5:]]))
    return "".join(lines)
