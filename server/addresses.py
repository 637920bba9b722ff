"""This machine's names and addresses: what certificates cover and what media candidates offer."""

from __future__ import annotations

import ipaddress
import socket

import ifaddr

from server.settings import Settings, SetupError

LOOPBACK = "127.0.0.1"


def local_addresses() -> tuple[str, ...]:
    """The addresses of this machine's networks, IPv4 first; neither loopback nor link-local ones."""
    found: set[ipaddress.IPv4Address | ipaddress.IPv6Address] = set()
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            address = ipaddress.ip_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0])
            if not (address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast):
                found.add(address)
    return tuple(str(address) for address in sorted(found, key=lambda address: (address.version, int(address))))


def media_addresses(settings: Settings) -> tuple[str, ...]:
    """The local addresses to offer for media: the settings', or the bound ones, or all when bound to all."""
    if settings.media_addresses:
        return settings.media_addresses
    if settings.binds_everywhere:
        return local_addresses() or (LOOPBACK,)
    return tuple(dict.fromkeys(address for host in settings.hosts for address in _addresses_of(host)))


def announced(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Which public address is offered beside which local one, as (local, public).

    Raises SetupError for a public address that no local one could stand behind.
    """
    offered = media_addresses(settings)
    pairs: dict[tuple[str, str], None] = {}
    for local, public in settings.announce:
        behind = [address for address in offered if (":" in address) == (":" in public)] if local is None else [local]
        if not behind or local not in (None, *offered):
            raise SetupError(
                f"HANMARU_ANNOUNCE names {public if local is None else f'{local}={public}'}, but media is offered on "
                f"{', '.join(offered) or 'no address'} only; see HANMARU_MEDIA_ADDRESSES."
            )
        pairs |= dict.fromkeys((address, public) for address in behind)
    return tuple(pairs)


def _addresses_of(host: str) -> tuple[str, ...]:
    if host == "localhost":
        return (LOOPBACK,)
    try:
        return (str(ipaddress.ip_address(host)),)
    except ValueError:
        return _resolved(host)


def _resolved(host: str) -> tuple[str, ...]:
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return ()  # serving will fail with a sentence of its own
    return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))


def own_names(settings: Settings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """DNS names and IP addresses by which browsers may reach this server."""
    names = {"localhost", socket.gethostname().lower()}
    addresses = {LOOPBACK, "::1", *local_addresses(), *settings.media_addresses}
    addresses |= {public for _, public in settings.announce}
    for host in (*settings.hosts, *(_host_of(origin) for origin in settings.public_origins)):
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            names.add(host.lower())
        else:
            if not address.is_unspecified:
                addresses.add(str(address))
    return tuple(sorted(name for name in names if _is_dns_name(name))), tuple(sorted(addresses))


def _host_of(origin: str) -> str:
    authority = origin.partition("://")[2]
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


def _is_dns_name(name: str) -> bool:
    labels = name.split(".")
    return len(name) <= 253 and all(
        0 < len(label) <= 63 and label.isascii() and label.replace("-", "").isalnum() for label in labels
    )
