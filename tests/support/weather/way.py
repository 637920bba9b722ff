"""One direction of a line between two places: what a packet meets there, and when it comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bench.line import CLEAN, Impairment, Line
from tests.support.weather.packets import is_udp, tcp_ports

HOME_ROUTER_BYTES = 64_000  # 1.3 s at 400 kb/s: what consumer routers are blamed for


@dataclass(frozen=True, slots=True)
class Way:
    """The weather in one direction. As a default nothing is lost, held up or forbidden.

    `impairment`: loss, delay and jitter; packets keep their order, as they do where jitter comes from queues, unless
    it `reorders`. `rate_bits_per_s`: how fast packets leave, after a queue of at most `queue_bytes`, whose newest go.
    `cut`: nothing passes. `drop_udp`: no UDP does. `only_tcp_ports`: nothing but TCP from or to these ports.
    """

    impairment: Impairment = CLEAN
    rate_bits_per_s: float | None = None
    queue_bytes: int = HOME_ROUTER_BYTES
    cut: bool = False
    drop_udp: bool = False
    only_tcp_ports: tuple[int, ...] = ()
    reorders: bool = False

    def spoken(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def understood(cls, said: Mapping[str, Any]) -> Way:
        """What `spoken` said."""
        ports = tuple(said["only_tcp_ports"])
        return cls(**{**said, "impairment": Impairment(**said["impairment"]), "only_tcp_ports": ports})


OPEN = Way()
CUT = Way(cut=True)


class Lane:
    """A way with its queue and its dice. Change `way` at any time; a packet's fate is drawn when it enters."""

    def __init__(self, way: Way = OPEN, seed: int = 0) -> None:
        self.counts: Counter[str] = Counter()
        """Packets: passed, lost, cut, forbidden, overflowed; and `bytes` that passed."""
        self._line = Line(way.impairment, seed)
        self._way = way
        self._free_s = 0.0
        """When the last bit of what is in the queue leaves it."""
        self._last_s = 0.0
        """When the last packet came out, or will."""

    @property
    def way(self) -> Way:
        return self._way

    @way.setter
    def way(self, way: Way) -> None:
        self._way, self._line.impairment = way, way.impairment
        self._free_s = 0.0  # a router that is set up anew has an empty queue

    def enter(self, packet: bytes, now_s: float) -> float | None:
        """When this IP packet comes out, on the clock of `now_s`; None: never."""
        way = self._way
        why = "cut" if way.cut else "forbidden" if self._forbids(packet) else ""
        fate_s = None if why else self._line.fate()
        if fate_s is None:
            self.counts[why or "lost"] += 1
            return None
        if way.rate_bits_per_s is not None:
            waiting_s = max(0.0, self._free_s - now_s)
            if waiting_s * way.rate_bits_per_s / 8 + len(packet) > way.queue_bytes:
                self.counts["overflowed"] += 1
                return None
            self._free_s = now_s + waiting_s + len(packet) * 8 / way.rate_bits_per_s
            fate_s += self._free_s - now_s
        out_s = now_s + fate_s
        if not way.reorders:
            out_s = self._last_s = max(out_s, self._last_s)
        self.counts["passed"] += 1
        self.counts["bytes"] += len(packet)
        return out_s

    def _forbids(self, packet: bytes) -> bool:
        way = self._way
        if way.drop_udp and is_udp(packet):
            return True
        return bool(way.only_tcp_ports) and not set(way.only_tcp_ports) & set(tcp_ports(packet))
