"""A network namespace: a machine of its own as far as the network goes, with one line to the world."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import shutil
import socket
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.weather.tunnel import NAMESPACES, inside

NAME = re.compile(r"hm-(\d+)-[a-z0-9]+")


def why_not() -> str | None:
    """Why there can be no namespaces here; None: there can."""
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists() or shutil.which("ip") is None:
        return "needs root, /dev/net/tun and ip"
    return None


networks = itertools.count()
"""Numbers for those of this process."""


@dataclass(slots=True)
class Namespace:
    """`place` is its short name, `number` its part of the address: 10.77.<number>.x and fd77:<number>::x.

    `network` tells those of one network from those of another of this process.
    """

    place: str
    number: int
    network: int = 0
    interfaces: int = field(default=0, init=False)
    """How many it has had; the newest is the one that is there."""

    @property
    def name(self) -> str:
        """As `ip netns` knows it: no other process has the same."""
        return f"hm-{os.getpid()}-{self.network}{self.place}"

    @property
    def interface(self) -> str:
        """The newest one's name."""
        return f"wan{self.interfaces - 1}"

    @property
    def ipv4(self) -> str:
        return f"10.77.{self.number}.{self.interfaces}"

    @property
    def ipv6(self) -> str:
        return f"fd77:{self.number:x}::{self.interfaces:x}"

    @property
    def prefix(self) -> tuple[str, ...]:
        """What a command line begins with to be run in here."""
        return ("ip", "netns", "exec", self.name)

    async def make(self) -> None:
        """Begin with nothing but loopback."""
        await ran("ip", "netns", "add", self.name)
        await ran("ip", "-n", self.name, "link", "set", "lo", "up")

    async def set_up(self) -> None:
        """Give the newest interface its addresses, and send everything through it."""
        for address, bits in ((self.ipv4, 32), (self.ipv6, 128)):
            await ran("ip", "-n", self.name, "address", "add", f"{address}/{bits}", "dev", self.interface)
        await self.plug()

    async def plug(self) -> None:
        """Up, with a way out."""
        await ran("ip", "-n", self.name, "link", "set", self.interface, "up", "txqueuelen", "2000")
        for family, address in (("-4", self.ipv4), ("-6", self.ipv6)):
            where = ("default", "dev", self.interface, "src", address)
            await ran("ip", "-n", self.name, family, "route", "replace", *where)

    async def unplug(self) -> None:
        """The cable is out: programs in here are told, unlike when the line is cut further away."""
        await ran("ip", "-n", self.name, "link", "set", self.interface, "down")
        # The kernel takes IPv6 addresses away with the link; they come back with it here.
        await ran("ip", "-n", self.name, "address", "replace", f"{self.ipv6}/128", "dev", self.interface, "nodad")

    async def remove(self) -> None:
        """Processes that are still in there keep the network, but nobody finds it any more."""
        if (NAMESPACES / self.name).exists():
            await ran("ip", "netns", "delete", self.name)

    def inside(self) -> AbstractContextManager[None]:
        """Context manager: sockets that this thread opens are in here; no await in the block."""
        return inside(self.name)

    def socket(self, address: Any) -> socket.socket:
        """A socket in here for an entry of `getaddrinfo`, as aiohttp's connector asks for one."""
        family, kind, protocol, *_ = address
        with self.inside():
            made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


async def ran(*command: str) -> str:
    """Run to the end: what it printed. Raises RuntimeError with what it complained of."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, complaint = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {complaint.decode().strip()}")
    return out.decode()


async def sweep() -> None:
    """Remove namespaces of ours whose process is gone: killed together with the delay line, it could not."""
    for name in _orphans():
        await ran("ip", "netns", "delete", name)


def _orphans() -> list[str]:
    names = [path.name for path in NAMESPACES.iterdir()] if NAMESPACES.exists() else []
    made = [found for name in names if (found := NAME.fullmatch(name))]
    return [found[0] for found in made if not Path(f"/proc/{found[1]}").exists()]
