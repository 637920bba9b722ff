"""Places joined by cables, where the shape of the networks is the point and not the weather."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.weather.namespace import Namespace, networks, ran, sweep


@asynccontextmanager
async def places(*names: str) -> AsyncIterator[tuple[Namespace, ...]]:
    """Namespaces without any line yet, gone with the block."""
    await sweep()
    network = next(networks)
    made = [Namespace(name, number, network) for number, name in enumerate(names, start=1)]
    try:
        for place in made:
            await place.make()
            place.interfaces = 1
        yield tuple(made)
    finally:
        for place in made:
            await place.remove()


async def cable(one: Namespace, address: str, other: Namespace, far: str) -> None:
    """A cable between two places, with an address (`10.0.0.1/24`) at each end. It goes with either of them."""
    ends = ((one, f"to-{other.place}", address), (other, f"to-{one.place}", far))
    pair = (("netns", place.name) for place, _, _ in ends)
    near, distant = pair
    await ran("ip", "link", "add", ends[0][1], *near, "type", "veth", "peer", "name", ends[1][1], *distant)
    for place, interface, own in ends:
        await ran("ip", "-n", place.name, "address", "add", own, "dev", interface, "nodad")
        await ran("ip", "-n", place.name, "link", "set", interface, "up")


async def route(place: Namespace, via: str) -> None:
    """Everything that is not next door goes there."""
    await ran("ip", "-n", place.name, "route", "add", "default", "via", via)


async def hides(router: Namespace, outside: str, behind: Namespace) -> None:
    """`router` answers on its address `outside` with what is `behind` it, port by port; nothing else gets through."""
    await ran(*router.prefix, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
    rules = (
        "add table ip nat",
        "add chain ip nat coming { type nat hook prerouting priority -100; }",
        f"add rule ip nat coming ip daddr {outside} dnat to {behind.ipv4}",
        "add table ip filter",
        "add chain ip filter through { type filter hook forward priority 0; policy drop; }",
        "add rule ip filter through ct status dnat accept",
        "add rule ip filter through ct state established,related accept",
    )
    await ran(*router.prefix, "nft", "; ".join(rules))
