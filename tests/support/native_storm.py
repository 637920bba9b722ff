"""Drives the part in C with whatever a network may bring, in a process of its own: LIBRARY SECONDS SEED."""

from __future__ import annotations

import random
import socket
import struct
import sys
import time
from typing import Any

import pylibsrtp
import pylibsrtp._binding as srtp
from cffi import FFI

from media.engine.native.build import HEADERS
from tests.support.sound_storm import Desk, Sources

KEY = bytes(range(30))
VIEWERS = 3


def session(direction: int) -> pylibsrtp.Session:
    return pylibsrtp.Session(pylibsrtp.Policy(key=KEY, ssrc_type=direction))


def bound() -> socket.socket:
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    endpoint.bind(("127.0.0.1", 0))
    return endpoint


class Storm:
    """A port with two flows and three outlets, and a peer that sends anything at all."""

    def __init__(self, library: str, seed: int) -> None:
        self.chance = random.Random(seed)
        self.ffi = FFI()
        self.ffi.cdef("\n".join(header.read_text(encoding="ascii") for header in HEADERS))
        self.lib: Any = self.ffi.dlopen(library)
        self.lib.fast_path(
            *(self._pointer(srtp.ffi.addressof(srtp.lib, n)) for n in ("srtp_unprotect", "srtp_protect"))
        )
        self.far, self.stranger = bound(), bound()
        self.protecting = session(pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        self.near, self.port = self.opened(self.far.getsockname())
        self.viewers = [self.opened(self.far.getsockname()) for _ in range(VIEWERS)]
        self.histories = [self.ffi.new("kept[]", self.lib.MOST_KEPT) for _ in self.viewers]
        self.outlets = [self.outlet(port, kept) for (_, port), kept in zip(self.viewers, self.histories, strict=True)]
        self.picture, self.sound = self.ffi.new("flow *"), self.ffi.new("flow *")
        self.desk = Desk(self.ffi, self.lib, self.chance, self.outlets)
        self.picture.picture, self.sound.heard = 1, self.desk.voices[0]
        for flow, kind in ((self.picture, 96), (self.sound, 111)):
            flow.ssrc, flow.payload_type, flow.open, flow.send_time_id = kind, kind, 1, 2
        for at, one in enumerate(self.outlets):
            self.picture.outlets[at] = one
        self.picture.outlets_count = VIEWERS
        self.port.flows[0], self.port.flows[3] = self.picture, self.sound
        self.lefts = self.ffi.new("left[]", self.lib.BATCH)
        self.came = self.ffi.new("int *")
        self.passed = self.left = 0
        self.numbers = {96: 65_000, 111: 65_000}  # they wrap soon
        self.sources = Sources(self.ffi, self.lib, self.chance)

    def _pointer(self, thing: Any) -> Any:
        return self.ffi.cast("void *", int(srtp.ffi.cast("intptr_t", thing)))

    def opened(self, peer: tuple[str, int]) -> tuple[socket.socket, Any]:
        endpoint, port = bound(), self.ffi.new("port *")
        port.fd = endpoint.fileno()
        sessions = session(pylibsrtp.Policy.SSRC_ANY_INBOUND), session(pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        self.held = [*getattr(self, "held", []), sessions]
        port.incoming, port.outgoing = (self._pointer(one._srtp[0]) for one in sessions)
        address = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(peer[1]), socket.inet_aton(peer[0]))
        self.ffi.memmove(port.peer, address, len(address))
        port.peer_bytes = len(address)
        return endpoint, port

    def outlet(self, port: Any, history: Any) -> Any:
        one = self.ffi.new("outlet *")
        one.port, one.history, one.first, one.payload_type = port, history, 0x90, 96
        one.extension_bytes, one.send_time_at, one.ssrc = 64, 5, self.chance.getrandbits(32)
        one.sequence_offset, one.shift, one.id_offset, one.level_offset = (
            self.chance.getrandbits(bits) for bits in (16, 32, 15, 8)
        )
        return one

    def packet(self) -> bytes:
        """Mostly the next one of a flow; of any length, and with any payload."""
        chance = self.chance
        picture = chance.random() < 0.7
        kind = 96 if picture else 111
        self.numbers[kind] += 1 if chance.random() < 0.95 else chance.randrange(-3, 9)
        number = self.numbers[kind] & 0xFFFF
        first = 0x80 | (chance.getrandbits(6) if chance.random() < 0.3 else 0)
        body = chance.randbytes(chance.randrange(1490 - 12))
        if chance.random() < 0.7:
            body = bytes((0x90, 0x80 | chance.getrandbits(7), 0x80 | chance.getrandbits(8))) + body
        elif chance.random() < 0.7:
            body = bytes((0x60 | chance.choice((1, 5, 6, 28, 28)), chance.getrandbits(8))) + body
        if first & 0x10:
            at = 4 * (first & 15)
            words = chance.choice((0, 1, 2, 5, chance.getrandbits(16)))
            body = body[:at].ljust(at) + struct.pack("!HH", chance.choice((0xBEDE, 0x1000)), words) + body
        whole = struct.pack("!BBHLL", first, kind | chance.getrandbits(1) << 7, number, chance.getrandbits(32), kind)
        return (whole + body)[: chance.choice((1490, chance.randrange(12, 1490)))]

    def send(self) -> None:
        chance = self.chance
        try:
            data = self.protecting.protect(self.packet()[:1340])
        except pylibsrtp.Error:  # a number of long ago, or a header that is none
            data = chance.randbytes(chance.randrange(2049))
        if chance.random() < 0.1:
            mutated = bytearray(data)
            for _ in range(chance.randrange(1, 4)):
                if mutated:
                    mutated[chance.randrange(len(data))] = chance.getrandbits(8)
            data = bytes(mutated)[: chance.randrange(len(data) + 1)]
        for _ in range(chance.choice((1, 1, 1, 1, 2))):
            chance.choice((self.far, self.far, self.far, self.stranger)).sendto(data, self.near.getsockname())

    def turn(self) -> None:
        chance = self.chance
        for _ in range(chance.randrange(1, 80)):
            self.send()
        for _ in range(4):
            count = self.lib.port_read(self.port, self.lefts, self.came)
            assert 0 <= count <= self.lib.BATCH
            self.left += count
            for at in range(count):
                assert len(self.ffi.buffer(self.lefts[at].data, self.lefts[at].bytes)[:]) <= self.lib.LARGEST
        for flow in (self.picture, self.sound):
            assert flow.passed_count <= self.lib.MOST_PASSED
            if chance.random() < 0.6:  # else it comes to be full
                self.passed += flow.passed_count
                flow.passed_count = 0
        for one in self.outlets:
            number = chance.getrandbits(16)
            found = self.lib.outlet_kept(one, number)
            assert found == self.ffi.NULL or (found.sequence == number and found.bytes <= 1500)
        for _ in range(chance.randrange(4)):
            packet = chance.randbytes(chance.randrange(2049))
            self.lib.port_put(chance.choice(self.viewers)[1], packet, len(packet))
        self.change()
        for _ in range(50):
            self.sources.turn()
        for _ in range(5):
            self.desk.turn(self.sources.payload(), self.desk.number + self.sources.seldom(0, 1, -1, 3, 500))

    def change(self) -> None:
        """What Python does between packets: a flow ends and opens, a viewer leaves and comes, with packets waiting."""
        chance, null = self.chance, self.ffi.NULL
        self.picture.picture = chance.choice((self.lib.VP8, self.lib.VP8, self.lib.H264))
        self.picture.open, self.sound.open = chance.random() < 0.95, chance.random() < 0.95
        self.picture.outlets_count = chance.choice((0, VIEWERS, VIEWERS, VIEWERS))
        self.picture.next = (self.numbers[96] + 1) & 0xFFFF
        at = chance.randrange(VIEWERS)
        endpoint, port = self.viewers[at]
        match chance.randrange(12):
            case 0:
                self.outlets[at].port = null
            case 1:
                self.outlets[at].port = port
            case 2:
                port.outgoing = null
            case 3:
                self.lib.ports_flush()
                port.fd, port.incoming, port.outgoing = -1, null, null
                endpoint.close()
                self.outlets[at].port = null
                self.viewers[at] = self.opened(self.far.getsockname())
                self.outlets[at].port = self.viewers[at][1]
            case 4:
                port.fd = -1
            case 5:
                port.fd = endpoint.fileno()
            case _:
                self.lib.ports_flush()
        for _ in range(200):
            try:
                self.far.recv(2048)
            except BlockingIOError:
                break


def main(library: str, seconds: str, seed: str) -> None:
    storm, until_s = Storm(library, int(seed)), time.process_time() + float(seconds)
    while time.process_time() < until_s:  # of the processor: as much work on a busy machine
        storm.turn()
    assert storm.passed > 50
    assert storm.left > 50
    assert len(storm.sources.seen) == len(("idle", "decode", "mend", "conceal", "pause"))


if __name__ == "__main__":
    main(*sys.argv[1:])
