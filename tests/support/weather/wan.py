"""The delay line: one process that carries IP packets between TUN devices of many namespaces, as its ways say.

`python -m tests.support.weather.wan SEED`: requests on standard input, one JSON object a line, each answered by a line.
It ends with its standard input, and takes the namespaces that it was told of with it.
"""

from __future__ import annotations

import heapq
import itertools
import json
import os
import select
import subprocess
import sys
import time
from collections import Counter
from typing import Any

from tests.support.weather.packets import destination, packed, source
from tests.support.weather.tunnel import open_tunnel
from tests.support.weather.way import Lane, Way

MTU_BYTES = 1500
AT_ONCE = 64  # packets of one device before the others get their turn
MOST_WAITING = 50_000  # 200 ms of a gigabit; the newest go
NICE = -15  # what the weather does must not depend on how busy its victims are


class Wan:
    """Devices, routes, lanes, and the packets that are on their way."""

    def __init__(self, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.devices: dict[int, str] = {}
        """Descriptor -> place."""
        self.places: set[str] = set()
        self._seed = seed
        self._routes: dict[bytes, int] = {}
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._order = itertools.count()

    def obey(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked, and answer."""
        match request["ask"]:
            case "join":
                self._join(request["place"], request["interface"], request["addresses"])
            case "leave":
                self._leave(request["place"])
            case "way":
                self._lane(request["from"], request["to"]).way = Way.understood(request["way"])
            case "count":
                lanes = {f"{one} {other}": lane.counts for (one, other), lane in self._lanes.items()}
                used = time.process_time()
                return {"lanes": lanes, "wan": self.counts, "processor_s": used}
            case unknown:
                return {"fault": f"no such request: {unknown}"}
        return {}

    def wait_s(self, now_s: float) -> float | None:
        """Until the next packet is due."""
        return max(0.0, self._waiting[0][0] - now_s) if self._waiting else None

    def read(self, device: int) -> None:
        """Take what comes out of a device."""
        for _ in range(AT_ONCE):
            try:
                packet = os.read(device, MTU_BYTES)
            except OSError:  # nothing more, or the device was taken down
                return
            self._take(device, packet, time.monotonic())

    def deliver(self, now_s: float) -> None:
        """Let out what is due."""
        while self._waiting and self._waiting[0][0] <= now_s:
            _, _, device, packet = heapq.heappop(self._waiting)
            self._write(device, packet)

    def _take(self, origin: int, packet: bytes, now_s: float) -> None:
        address = destination(packet)
        device = self._routes.get(address) if address else None
        if device is None:
            self.counts["unknown"] += 1  # multicast of IPv6, or a place that changed its address
            return
        if self._routes.get(source(packet)) != origin:
            self.counts["foreign"] += 1  # a socket of an address that is gone; providers drop it, too (BCP 38)
            return
        due_s = self._lane(self.devices[origin], self.devices[device]).enter(packet, now_s)
        if due_s is None:
            return
        if due_s <= now_s:
            self._write(device, packet)
        elif len(self._waiting) < MOST_WAITING:
            heapq.heappush(self._waiting, (due_s, next(self._order), device, packet))
        else:
            self.counts["too many waiting"] += 1

    def _write(self, device: int, packet: bytes) -> None:
        if device not in self.devices:
            self.counts["gone"] += 1
            return
        try:
            os.write(device, packet)
        except OSError:
            self.counts["unwritten"] += 1

    def _join(self, place: str, interface: str, addresses: list[str]) -> None:
        self._leave(place)
        device = open_tunnel(place, interface)
        self.devices[device] = place
        self.places.add(place)
        self._routes |= {packed(address): device for address in addresses}

    def _leave(self, place: str) -> None:
        for device in [one for one, other in self.devices.items() if other == place]:
            del self.devices[device]
            os.close(device)
            # The number may be another device's soon: what is on its way there is lost with the line.
            self._waiting = [each for each in self._waiting if each[2] != device]
            heapq.heapify(self._waiting)
            self._routes = {address: to for address, to in self._routes.items() if to != device}

    def _lane(self, one: str, other: str) -> Lane:
        lane = self._lanes.get((one, other))
        if lane is None:
            # By their names without the process' number, so that a seed means the same in every run.
            seed = f"{self._seed} {one.rpartition('-')[2]} {other.rpartition('-')[2]}"
            lane = self._lanes[one, other] = Lane(seed=int.from_bytes(seed.encode(), "big"))
        return lane


def run(wan: Wan) -> None:
    """Carry packets until standard input ends."""
    orders = sys.stdin.fileno()
    os.set_blocking(orders, False)
    said = b""
    while True:
        now_s = time.monotonic()
        wan.deliver(now_s)
        ready, _, _ = select.select([orders, *wan.devices], [], [], wan.wait_s(now_s))
        for descriptor in ready:
            if descriptor in wan.devices:
                wan.read(descriptor)
        if orders in ready:
            part = os.read(orders, 1 << 16)
            if not part:
                return
            *lines, said = (said + part).split(b"\n")
            for line in lines:
                try:
                    answer = wan.obey(json.loads(line))
                except OSError as fault:
                    answer = {"fault": str(fault)}
                sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


def main() -> None:
    """Run, then remove what there was."""
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    wan = Wan(int(sys.argv[1]))
    try:
        run(wan)
    finally:
        for place in wan.places:  # those are gone when everything went well
            subprocess.run(["ip", "netns", "delete", place], check=False, capture_output=True)


if __name__ == "__main__":
    main()
