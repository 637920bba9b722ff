"""Behind a reverse proxy: who asks, and how they wrote our name, as a proxy says whom we trust; and nobody else.

The address is the rightmost of `X-Forwarded-For` that is no trusted proxy: what stands left of it was written by
whoever that is (https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-For#selecting_an_ip_address).
`Forwarded` (RFC 7239) is not read: a proxy that writes the one header hands on the other as the client sent it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from server.doors import body
from server.keys import SETTINGS
from server.settings import Network, origin_of

UNKNOWN = "unknown"
"""The address of whoever comes through a trusted proxy that names none: all of them count as one."""
MARKS = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")
"""Whoever sends one of these speaks for somebody else."""
MOST_HOPS = 32
HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Headers(Protocol):
    """Names and values, where a name may come more than once."""

    def getall(self, key: str, default: Sequence[str]) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks, and by what scheme and host; None: as the request itself says."""

    address: str
    scheme: str | None = None
    host: str | None = None


def client_of(peer: str, headers: Headers, trusted: Iterable[Network]) -> Client:
    """The client behind a request that came from `peer`, an IP address."""
    trusted = tuple(trusted)
    if not is_among(address_of(peer), trusted):
        return Client(peer)
    schemes, hosts = _listed(headers, "X-Forwarded-Proto"), _listed(headers, "X-Forwarded-Host")
    scheme = schemes[-1].lower() if schemes and schemes[-1].lower() in {"http", "https"} else None
    host = hosts[-1] if hosts and HOST.fullmatch(hosts[-1]) and origin_of(f"https://{hosts[-1]}") else None
    return Client(_behind(peer, _listed(headers, "X-Forwarded-For"), trusted), scheme, host)


def address_of(text: str) -> Address | None:
    """An address as proxies write it (a port after it, brackets, a zone, IPv4 in IPv6); None for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_among(address: Address | None, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of the networks."""
    return address is not None and any(address in network for network in networks)


def is_plain(request: web.Request) -> bool:
    """Whether the request's address is its sender's: nobody stands between, or only proxies that we trust."""
    return _comes_by_proxy(request) or not any(mark in request.headers for mark in MARKS)


@web.middleware
async def forwarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give handlers the client's address, scheme and host; refuse what no proxy should send here.

    404 `path_prefix` for a proxy that serves us below a path, 403 `no_proxy` for plain HTTP that comes past the proxy.
    """
    settings = request.app[SETTINGS]
    if any(prefix.strip("/") for prefix in _listed(request.headers, "X-Forwarded-Prefix")):
        return _refused(404, "path_prefix", "Hanmaru wants a host name of its own; it does not live below a path.")
    peer = address_of(request.remote or "")
    if _comes_by_proxy(request):
        client = client_of(request.remote or "", request.headers, settings.trusted_proxies)
        request = request.clone(
            remote=client.address, scheme=client.scheme or request.scheme, host=client.host or request.host
        )
    elif not settings.tls and (peer is None or not peer.is_loopback):
        return _refused(403, "no_proxy", "This server takes plain HTTP from its proxy only: ask there, by https.")
    return await handler(request)


def _comes_by_proxy(request: web.Request) -> bool:
    transport = request.transport
    peer = None if transport is None else transport.get_extra_info("peername")
    return isinstance(peer, tuple) and is_among(address_of(str(peer[0])), request.app[SETTINGS].trusted_proxies)


def _behind(peer: str, hops: Sequence[str], trusted: Iterable[Network]) -> str:
    """The rightmost hop that is not trusted; when all are, the first of them; without any, the peer."""
    nearest = peer
    for hop in reversed(hops[-MOST_HOPS:]):
        address = address_of(hop)
        if address is None:
            return UNKNOWN
        nearest = str(address)
        if not is_among(address, trusted):
            break
    return nearest


def _listed(headers: Headers, name: str) -> list[str]:
    """The values of a list header, in order, however many lines it has (RFC 9110 section 5.3)."""
    return [value for line in headers.getall(name, ()) for part in line.split(",") if (value := part.strip())]


def _refused(status: int, code: str, message: str) -> web.Response:
    return web.Response(
        status=status,
        text=body(code, message),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
