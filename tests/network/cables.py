"""A small internet for tests: machines in network namespaces of their own behind one router, on cables that can be cut."""

from __future__ import annotations

import os
import shutil
import subprocess
from types import TracebackType

import pytest

ROUTER = "net"
COMMAND_S = 10.0  # each takes some milliseconds

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None, reason="network namespaces need root and the command `ip`"
)


class Cables:
    """Machines by name; each has 10.77.<n>.2 and reaches all others through the router. Use it in a `with`.

    Raises subprocess.CalledProcessError where namespaces cannot be made; what was made is removed then, too.
    """

    def __init__(self, *machines: str) -> None:
        self._networks = {machine: number for number, machine in enumerate(machines)}
        self._moves = 0

    def __enter__(self) -> Cables:
        try:
            self._make(ROUTER)
            _run("ip", "netns", "exec", self._space(ROUTER), "sysctl", "-qw", "net.ipv4.ip_forward=1")
            for machine, number in self._networks.items():
                self._make(machine)
                self._lay(machine, number)
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def inside(self, machine: str) -> tuple[str, ...]:
        """What a command line begins with that is to run on that machine."""
        return ("ip", "netns", "exec", self._space(machine))

    def address(self, machine: str) -> str:
        """The address that a machine has now."""
        return f"10.77.{self._networks[machine]}.2"

    def silence(self, machine: str) -> None:
        """Drop every packet from and to a machine somewhere on the way: it is told nothing."""
        for way in self._ways(machine):
            _run("ip", "-n", self._space(ROUTER), "rule", "add", *way, "blackhole")

    def restore(self, machine: str) -> None:
        """Let packets pass again."""
        for way in self._ways(machine):
            _run("ip", "-n", self._space(ROUTER), "rule", "del", *way, "blackhole")

    def unplug(self, machine: str) -> None:
        """Pull the cable at its far end: the machine's interface loses its carrier."""
        _run("ip", "-n", self._space(ROUTER), "link", "set", self._port(machine), "down")

    def plug(self, machine: str) -> None:
        """Put the cable in again."""
        _run("ip", "-n", self._space(ROUTER), "link", "set", self._port(machine), "up")

    def move(self, machine: str) -> None:
        """Give a machine another interface with another address, and take the one it had away."""
        before = self._networks[machine]
        self._moves += 1
        _run("ip", "-n", self._space(machine), "link", "del", f"eth{before}")
        self._networks[machine] = 100 + self._moves
        self._lay(machine, self._networks[machine])

    def _space(self, machine: str) -> str:
        return f"hm-{os.getpid()}-{machine}"

    def _port(self, machine: str) -> str:
        return f"port{self._networks[machine]}"

    def _ways(self, machine: str) -> tuple[tuple[str, ...], ...]:
        return ("iif", self._port(machine)), ("to", f"10.77.{self._networks[machine]}.0/24")

    def _make(self, machine: str) -> None:
        _run("ip", "netns", "add", self._space(machine))
        _run("ip", "-n", self._space(machine), "link", "set", "lo", "up")

    def _lay(self, machine: str, number: int) -> None:
        space, router = self._space(machine), self._space(ROUTER)
        here, there = f"eth{number}", f"port{number}"
        _run("ip", "-n", space, "link", "add", here, "type", "veth", "peer", "name", there, "netns", router)
        for where, name, host in ((router, there, 1), (space, here, 2)):
            _run("ip", "-n", where, "address", "add", f"10.77.{number}.{host}/24", "dev", name)
            _run("ip", "-n", where, "link", "set", name, "up")
        _run("ip", "-n", space, "route", "add", "default", "via", f"10.77.{number}.1")

    def _remove(self) -> None:
        for machine in (*self._networks, ROUTER):
            subprocess.run(
                ("ip", "netns", "del", self._space(machine)), check=False, capture_output=True, timeout=COMMAND_S
            )


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=COMMAND_S)
