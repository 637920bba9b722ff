"""One camera and its viewers over real sockets and real SRTP, with the fast path or without."""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from types import SimpleNamespace
from typing import Any

import pylibsrtp
from aiortc.rtp import RtcpPacket, RtcpRtpfbPacket, RtcpSrPacket

from media.engine.door import View
from media.engine.flow import Outlet, Passage
from media.engine.picture import PictureLine
from media.engine.port import Port
from media.engine.receiving import Format, Receiving
from media.engine.screen import Screen
from media.engine.secured import SrtpWire
from media.engine.sending import Agreed, Sending
from media.engine.session import RtpSession
from media.engine.showing import Showing
from media.engine.transcoding import Transcoding
from media.picture_in import PictureIn
from media.rtp import HeaderWriter, RtpPacket, parse

KEY = bytes(range(30))
PICTURE, AGAIN, SOUND = 96, 97, 111
CAMERA, REPEATED, SPEAKER, OURS = 1, 2, 3, 9
H264_SETS = (
    bytes.fromhex("6742c00dda05021a10000003001000000303c8f142aa"),
    bytes.fromhex("68ce0fc8"),
)  # by x264, 320x256
H264_TYPE = 102
"""As which a viewer takes H.264; 103 sent again."""
SEND_TIME_ID = 2
FIRST_SEQUENCE, FIRST_TIMESTAMP = 32_000, (1 << 32) - 50_000


def srtp(direction: int) -> pylibsrtp.Session:
    return pylibsrtp.Session(pylibsrtp.Policy(key=KEY, ssrc_type=direction))


def bound(host: str = "127.0.0.1") -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    endpoint = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    endpoint.bind((host, 0))
    return endpoint


class Slow:
    """A transport of the loop's kind: it writes, and somebody else reads."""

    def __init__(self, endpoint: socket.socket) -> None:
        self.endpoint = endpoint

    def sendto(self, data: bytes, address: tuple[str, int]) -> None:
        self.endpoint.sendto(data, address)

    def close(self) -> None:
        self.endpoint.close()


class Far:
    """A peer's end: a socket and its SRTP."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.endpoint = bound(host)
        self.address: tuple[str, int] = self.endpoint.getsockname()[:2]
        self.outgoing = srtp(pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        self._incoming = srtp(pylibsrtp.Policy.SSRC_ANY_INBOUND)
        self.media: list[RtpPacket] = []
        self.control: list[Any] = []

    def read(self) -> None:
        while True:
            try:
                data = self.endpoint.recv(2048)
            except BlockingIOError:
                return
            if 192 <= data[1] <= 223:
                self.control += RtcpPacket.parse(self._incoming.unprotect_rtcp(data))
            else:
                self.media.append(parse(self._incoming.unprotect(data), SEND_TIME_ID))

    @property
    def asked(self) -> set[int]:
        """The numbers that were asked for again."""
        return {one & 0xFFFF for nack in self.control if isinstance(nack, RtcpRtpfbPacket) for one in nack.lost}

    @property
    def reports(self) -> list[tuple[int, int, int]]:
        return [
            (one.sender_info.packet_count, one.sender_info.octet_count, one.sender_info.rtp_timestamp)
            for one in self.control
            if isinstance(one, RtcpSrPacket)
        ]


class Connection:
    """Our end of one: socket, wire and session; `read` takes what has come, `fast` in C."""

    def __init__(self, incoming: Any, far: Far, *, fast: bool) -> None:
        self.far = far
        self.endpoint = bound(far.address[0])
        self.address: tuple[str, int] = self.endpoint.getsockname()[:2]
        known: Any = SimpleNamespace(
            datagram_received=self._datagram, connection_lost=lambda _: None, error_received=lambda _: None
        )
        self.transport: Any = Port(self.endpoint, known) if fast else Slow(self.endpoint)
        protocol = SimpleNamespace(transport=self.transport)
        self.ice: Any = SimpleNamespace(
            data_received=lambda _data, _component: None,
            _queue=asyncio.Queue(),
            _nominated={1: SimpleNamespace(protocol=protocol, remote_addr=far.address)},
        )
        library: Any = SimpleNamespace(
            transport=SimpleNamespace(_connection=self.ice),
            _rx_srtp=srtp(pylibsrtp.Policy.SSRC_ANY_INBOUND),
            _tx_srtp=srtp(pylibsrtp.Policy.SSRC_ANY_OUTBOUND),
        )
        self.session = RtpSession(incoming)
        self.wire = SrtpWire(library, self.session)
        self.strangers = 0

    def _datagram(self, data: bytes, address: tuple[str, int]) -> None:
        if address == self.far.address:
            self.ice.data_received(data, 1)
        else:
            self.strangers += 1

    def read(self) -> None:
        if isinstance(self.transport, Port):
            for _ in range(8):
                self.transport.read()
            return
        while True:
            try:
                data, address = self.endpoint.recvfrom(2048)
            except BlockingIOError:
                return
            self._datagram(data, address[:2])

    def close(self) -> None:
        self.session.close()
        self.transport.close()
        self.far.endpoint.close()


class Viewer(Connection):
    """Who is shown the picture."""

    def __init__(self, *, fast: bool, host: str = "127.0.0.1") -> None:
        super().__init__(self, Far(host), fast=fast)
        self.key_frames_wanted = 0
        self.sending = Sending()
        self.sending.first_sequence, self.sending.first_timestamp = FIRST_SEQUENCE, FIRST_TIMESTAMP
        self.sending._again_sequence = 100
        header = HeaderWriter("1", 4, SEND_TIME_ID)
        self.session.send(self.sending, self.wire, Agreed(100, 101, 11, 12, "us", header, {100: 101, H264_TYPE: 103}))
        self.screen = Screen(self.sending, {H264_TYPE: "42e01f"})

    def on_key_frame_wanted(self) -> None:
        self.key_frames_wanted += 1


class Crossing(Connection):
    """The camera's connection, and what leads its picture to the viewers."""

    def __init__(self, viewers: int = 2, *, fast: bool, host: str = "127.0.0.1", codec: str = "vp8") -> None:
        super().__init__(self, Far(host), fast=fast)
        self.passed = 0
        """Packets that went on without Python."""
        self.heard: list[tuple[int, bytes]] = []
        """Packets of sound that Python saw."""
        self.voice_of_c: Any = None
        self.last_sound_s = 0.0
        self._in = PictureIn(codec)
        self._fast, self._host = fast, host
        self.receiving = Receiving("video", self, lambda _receiving, _delay_s: None, 2_000_000)
        formats = {PICTURE: Format(codec, 90_000), AGAIN: Format("rtx", 90_000, PICTURE)}
        self.session.receive(self.receiving, self.wire, OURS, formats, {REPEATED: CAMERA}, SEND_TIME_ID)
        sound = Receiving("audio", self, lambda _receiving, _delay_s: None, 2_000_000)
        self.session.receive(sound, self.wire, OURS + 1, {SOUND: Format("opus", 48_000)}, {}, SEND_TIME_ID)
        self.seats: dict[str, list[Viewer]] = {}
        self.showing = Showing(
            "A",
            PictureLine(lambda _viewers, _frame: None, lambda: None, Transcoding(cores=1.0)),
            lambda s: [v.screen for v in self.seats[s]],
        )
        for at in range(viewers):
            self.seats[f"V{at}"] = [Viewer(fast=fast, host=host)]
        self.showing.film(self)
        self.show()

    def show(self, *, exact: bool = False) -> None:
        self.showing.show({seat: View(seat, "A", 640, 512, "fill", exact=exact) for seat in self.seats})

    def join(self, seat: str) -> Viewer:
        self.seats.setdefault(seat, []).append(Viewer(fast=self._fast, host=self._host))
        self.show()
        return self.seats[seat][-1]

    @property
    def viewers(self) -> list[Viewer]:
        return [viewer for seat in self.seats.values() for viewer in seat]

    async def bring(self, datagrams: list[bytes]) -> None:
        """Have these arrive, and all that follows from them leave."""
        for data in datagrams:
            self.far.endpoint.sendto(data, self.address)
        self.read()
        await self.settle()

    async def settle(self) -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for one in (self, *self.viewers):
            one.far.read()

    def close(self) -> None:
        for viewer in self.viewers:
            viewer.close()
        self.showing.close()
        super().close()

    # What the session tells

    def on_packet(self, codec: str, number: int, packet: RtpPacket, now: float) -> None:
        if codec == "opus":
            self.heard.append((number, packet.payload))
            return
        read = self._in.read(number, packet.timestamp, packet.marker, packet.payload)
        self.showing.packet(read, now)
        if read.key:
            self.receiving.key_frame_began()

    def on_passage(self, passage: Passage, number: int) -> None:
        self.passed += len(passage.packets)
        self._in.passed(number, passage.packets[-1].timestamp, sum(row.marker for row in passage.packets))
        self.showing.passage(passage, number)

    def outlets(self) -> list[Outlet] | None:
        return self.showing.outlets()

    def on_sounds(self, at: float) -> None:
        self.last_sound_s = at

    def voice(self) -> Any | None:
        return self.voice_of_c

    def on_lost(self, number: int) -> None: ...

    def on_report(self, kind: str, ntp: int, timestamp: int, now: float) -> None: ...

    # As a camera

    @property
    def picture(self) -> PictureIn:
        return self._in

    @property
    def pictures(self) -> int:
        return self._in.pictures

    def assemble(self, wanted: bool) -> None:
        if wanted:
            self.halt()

    def halt(self) -> None:
        self.receiving.halt()

    def ask_key_frame(self) -> None:
        self.receiving.want_key_frame(time.monotonic())

    def ramp(self) -> None: ...

    def cap(self, bits_per_s: int | None) -> None: ...

    def captured(self, _kind: str, _timestamp: int, now: float) -> float:
        return now


class Film:
    """Packets of a camera: 320x180, one or more packets a picture; protected when they are made, as they are sent."""

    def __init__(self, far: Far, *, sequence: int = 65_500, ssrc: int = CAMERA, long_ids: bool = True) -> None:
        self._far, self._ssrc, self._long_ids = far, ssrc, long_ids
        self.sequence, self.timestamp, self.picture_id, self.level = sequence, (1 << 32) - 40_000, 32_750, 250
        self._again = itertools.count(65_530)
        self.sent: dict[int, tuple[bool, int, bytes]] = {}

    def picture(self, packets: int, *, key: bool = False, body: bytes = b"", plain: bool = False) -> list[bytes]:
        """The datagrams of one picture; `plain`: without PictureID and TL0PICIDX."""
        made = []
        for at in range(packets):
            if plain:
                payload = b"\x00" if at else b"\x10"
            else:
                number = 0x8000 | self.picture_id & 0x7FFF
                identity = number.to_bytes(2, "big") if self._long_ids else bytes((self.picture_id & 0x7F,))
                payload = (b"\x80\xc0" if at else b"\x90\xc0") + identity + bytes((self.level & 0xFF,))
            opening = b"\x10\x02\x00\x9d\x01\x2a\x40\x01\xb4\x00" if key else b"\x11\x02\x00"
            payload += (b"" if at else opening) + body + at.to_bytes(1, "big")
            made.append(self.packet(payload, marker=at == packets - 1))
        self.timestamp, self.picture_id, self.level = self.timestamp + 3000, self.picture_id + 1, self.level + 1
        return made

    def h264(self, packets: int, *, key: bool = False, body: bytes = b"", sets: bool = True) -> list[bytes]:
        """The datagrams of one picture in H.264: whole slices, or fragments of one, and sets before a key frame."""
        payloads = list(H264_SETS) if key and sets else []
        header = b"\x65\x88\x80" if key else b"\x41\x9a\x02"
        if packets % 2:
            payloads += [header + body + bytes((at,)) for at in range(packets)]
        else:
            kinds = [header[0] & 31 | (0x80 if at == 0 else 0x40 if at == packets - 1 else 0) for at in range(packets)]
            payloads += [bytes((0x7C, kind)) + header[1:] + body + bytes((at,)) for at, kind in enumerate(kinds)]
        last = len(payloads) - 1
        made = [self.packet(payload, marker=at == last) for at, payload in enumerate(payloads)]
        self.timestamp += 3000
        return made

    def packet(self, payload: bytes, *, marker: bool, padding: int = 0) -> bytes:
        self.sent[self.sequence & 0xFFFF] = marker, self.timestamp & 0xFFFFFFFF, payload
        data = self.protected(PICTURE, self._ssrc, self.sequence, self.timestamp, marker, payload, padding)
        self.sequence += 1
        return data

    def again(self, sequence: int) -> bytes:
        marker, timestamp, payload = self.sent[sequence & 0xFFFF]
        whole = (sequence & 0xFFFF).to_bytes(2, "big") + payload
        return self.protected(AGAIN, REPEATED, next(self._again), timestamp, marker, whole, 0)

    def protected(
        self, kind: int, ssrc: int, sequence: int, timestamp: int, marker: bool, payload: bytes, padding: int
    ) -> bytes:
        header = HeaderWriter("0", 4, SEND_TIME_ID)
        packet = header.packet(kind, marker, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc, payload, time.monotonic())
        if padding:
            packet = bytes((packet[0] | 0x20,)) + packet[1:] + bytes(padding - 1) + bytes((padding,))
        return bytes(self._far.outgoing.protect(packet))
