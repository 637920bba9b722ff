"""The names below aiortc's public surface that the seam stands on: a change must be noticed here, loudly."""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import random
import re
from importlib.metadata import version
from types import ModuleType
from typing import Any

import pylibsrtp
import pytest
from aiortc import rtcpeerconnection, rtcrtptransceiver
from aiortc.rtcpeerconnection import RTCPeerConnection
from aiortc.rtcrtpparameters import (
    RTCRtcpParameters,
    RTCRtpCodecParameters,
    RTCRtpDecodingParameters,
    RTCRtpHeaderExtensionParameters,
    RTCRtpReceiveParameters,
    RTCRtpRtxParameters,
    RTCRtpSendParameters,
)
from aiortc.rtp import HeaderExtensionsMap, RtcpByePacket, RtcpPacket, RtcpPsfbPacket
from aiortc.rtp import RtpPacket as LibraryPacket

from media.engine import addresses, echo, seam, secured
from media.engine.receiving import Receiving
from media.engine.seam import PeerConnection, Receiver, Sender
from media.engine.secured import LONGEST_DATAGRAM, MOST_SSRCS, MOST_WAITING, SrtpWire
from media.engine.session import Incoming, RtpSession
from media.rtp import RtpPacket
from tests.support.slow import SeesAll

PLACES = [(module, place) for module in (seam, secured, addresses, echo) for place in module.TOUCHED]
STAND_INS = {"receiver": Receiver, "sender": Sender}


@pytest.mark.parametrize(("module", "place"), PLACES)
def test_every_touched_name_still_exists(module: ModuleType, place: str) -> None:
    try:
        thing: object = importlib.import_module(place)
        text = inspect.getsource(importlib.import_module(place))
    except ModuleNotFoundError:
        owner, _, name = place.rpartition(".")
        thing = getattr(importlib.import_module(owner), name)
        text = inspect.getsource(importlib.import_module(owner))
    for touched in module.TOUCHED[place]:
        bare = touched.partition("__")[2] if touched.startswith("_RTC") else touched
        assert hasattr(thing, touched) or f"self.{touched}" in text or f"self.__{bare}" in text, touched


@pytest.mark.parametrize("module", [seam, secured, addresses, echo])
def test_every_private_name_of_the_library_that_is_used_is_listed_and_no_other(module: ModuleType) -> None:
    tree = ast.parse(inspect.getsource(module))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    own = {
        name
        for node in classes
        for name in (
            *(one.name for one in ast.walk(node) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)),
            *(one.attr for one in private(node) if isinstance(one.ctx, ast.Store) and of_self(one)),
        )
    }
    used = {node.attr for node in private(tree) if not (of_self(node) and node.attr in own)}
    overridden = {name for name in own if name.startswith("_RTC")}
    listed = {name for names in module.TOUCHED.values() for name in names}
    assert used | overridden <= listed
    set_by_the_library = {"_track", "_enabled", "_set_rtcp_ssrc"}
    assert {name for name in listed if name.startswith("_")} <= used | overridden | set_by_the_library


def private(tree: ast.AST) -> list[ast.Attribute]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and re.match(r"_(?!_)", node.attr)]


def of_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def test_the_versions_are_those_that_were_read() -> None:
    assert version("aiortc").startswith("1.16.")
    assert version("aioice").startswith("0.13.")


@pytest.mark.parametrize("which", STAND_INS)
async def test_our_stand_ins_have_every_name_that_the_library_asks_them_for(which: str) -> None:
    source = inspect.getsource(rtcpeerconnection) + inspect.getsource(rtcrtptransceiver)
    asked = set(re.findall(rf"\b_{{0,2}}{which}\.(\w+)", source))
    assert len(asked) >= 5, "the library says it otherwise now"
    line: Any = Line()
    session = RtpSession(Taken())
    made: dict[str, object] = {
        "receiver": Receiver(line, picture_receiving(session), session, lambda _: line),
        "sender": Sender("video", line, session, lambda _: line),
    }
    for name in asked:
        assert hasattr(made[which], name), name


async def test_the_library_makes_transceivers_and_transports_through_the_names_we_override() -> None:
    source = inspect.getsource(RTCPeerConnection)
    assert source.count("self.__createTransceiver(") == 3
    assert source.count("self.__createDtlsTransport(") == 2
    connection = PeerConnection(Taken(), 2_000_000)
    transceiver = connection.addTransceiver("video", direction="sendrecv")
    receiver, sender = ours(transceiver.receiver), ours(transceiver.sender)
    assert (type(receiver), type(sender)) == (Receiver, Sender)
    assert receiver._rtcp_ssrc == sender._ssrc
    assert sender._stream_id == connection.addTransceiver("audio").sender._stream_id, "one stream: lips and sound"
    assert receiver._receiving.kind == "video"
    await connection.close()


def ours(thing: object) -> Any:
    return thing


class Taken(SeesAll, Incoming):
    """What the session handed on."""

    def __init__(self) -> None:
        self.packets: list[tuple[str, int, RtpPacket]] = []
        self.key_frames = 0

    def on_packet(self, codec: str, number: int, packet: RtpPacket, now: float) -> None:
        self.packets.append((codec, number & 0xFFFF, packet))

    def on_lost(self, number: int) -> None: ...

    def on_key_frame_wanted(self) -> None:
        self.key_frames += 1

    def on_bitrate(self, bits_per_s: int) -> None: ...

    def on_report(self, kind: str, ntp: int, timestamp: int, now: float) -> None: ...


class Line:
    """ICE and DTLS to nowhere: what the library would have taken, and what was sent, are kept."""

    state = "connected"

    def __init__(self, key: bytes | None = None) -> None:
        self.transport = self._connection = self  # all of the library's layers in one
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._nominated = {1: self}
        self.protocol, self.remote_addr = self, ("127.0.0.1", 9)
        self.sent: list[bytes] = []
        self._rx_srtp = None if key is None else srtp(key, pylibsrtp.Policy.SSRC_ANY_INBOUND)
        self._tx_srtp = None if key is None else srtp(key, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)

    def data_received(self, data: bytes, component: int) -> None:
        self._queue.put_nowait(data)

    def sendto(self, data: bytes, address: tuple[str, int]) -> None:
        self.sent.append(data)


def srtp(key: bytes, direction: int) -> pylibsrtp.Session:
    return pylibsrtp.Session(pylibsrtp.Policy(key=key, ssrc_type=direction))


def picture_receiving(session: RtpSession) -> Receiving:
    return Receiving("video", Taken(), session.poll_later, 2_000_000)


KEY = bytes(range(30))
MEDIA, REPEATED = 1, 2


async def wired() -> tuple[SrtpWire, Line, Taken, pylibsrtp.Session]:
    """A wire whose session takes VP8, and the far side's SRTP."""
    line, taken = Line(KEY), Taken()
    session = RtpSession(taken)
    transport: Any = line
    wire = SrtpWire(transport, session)
    receiving = Receiving("video", taken, session.poll_later, 2_000_000)
    receiver = Receiver(transport, receiving, session, lambda _: wire)
    receiver._set_rtcp_ssrc(9)
    codecs = [
        RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90_000, payloadType=96),
        RTCRtpCodecParameters(mimeType="video/rtx", clockRate=90_000, payloadType=97, parameters={"apt": 96}),
    ]
    encoding = RTCRtpDecodingParameters(ssrc=MEDIA, payloadType=96, rtx=RTCRtpRtxParameters(ssrc=REPEATED))
    await receiver.receive(RTCRtpReceiveParameters(codecs=codecs, encodings=[encoding]))
    return wire, line, taken, srtp(KEY, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)


def rtp(number: int, payload: bytes = b"\x10\x01picture", ssrc: int = MEDIA, payload_type: int = 96) -> bytes:
    return LibraryPacket(payload_type, 1, number & 0xFFFF, number * 3000, ssrc, payload).serialize()


async def test_what_is_protected_reaches_its_stream_at_once_and_the_librarys_queue_never() -> None:
    wire, line, taken, far = await wired()
    line.data_received(far.protect(rtp(5)), 1)
    line.data_received(far.protect(rtp(7)), 1)
    line.data_received(far.protect(rtp(9, b"\x00\x06" + b"\x10\x01again", REPEATED, 97)), 1)
    assert [(codec, number, packet.payload) for codec, number, packet in taken.packets] == [
        ("vp8", 5, b"\x10\x01picture"),
        ("vp8", 7, b"\x10\x01picture"),
        ("vp8", 6, b"\x10\x01again"),
    ]
    assert line._queue.empty()
    assert wire.refused == 0
    assert wire.received_bytes == sum(len(rtp(0)) + 10 for _ in range(2)) + len(rtp(0)) + 10


async def test_reports_reach_the_session_too() -> None:
    _, line, taken, far = await wired()
    line.data_received(far.protect_rtcp(bytes(RtcpPsfbPacket(fmt=4, ssrc=MEDIA, media_ssrc=0))), 1)
    assert taken.key_frames == 1


async def test_what_is_forged_damaged_or_comes_twice_is_refused_and_counted() -> None:
    wire, line, taken, far = await wired()
    good = far.protect(rtp(5))
    forged = srtp(bytes(30), pylibsrtp.Policy.SSRC_ANY_OUTBOUND).protect(rtp(6))
    for data in (good, good, forged, good[:-1] + bytes((good[-1] ^ 1,)), b"\x80", b"\x90" * 2000, b"\x81\xc9"):
        line.data_received(data, 1)
    assert len(taken.packets) == 1
    assert wire.refused == 6


async def test_random_datagrams_end_nothing() -> None:
    _, line, taken, far = await wired()
    chance = random.Random(3)
    for at in range(2000):
        data = bytes((chance.randrange(128, 192),)) + chance.randbytes(chance.randrange(1600))
        line.data_received(data, 1)
        inner = chance.randbytes(chance.randrange(40))
        line.data_received(far.protect(rtp(at, inner, chance.choice([MEDIA, REPEATED]), chance.choice([96, 97]))), 1)
        control = bytes((0x80 | chance.randrange(64), chance.randrange(192, 224), 0, len(inner) // 4))
        control += MEDIA.to_bytes(4, "big") + inner
        line.data_received(far.protect_rtcp(control + bytes(8)), 1)
    line.data_received(far.protect(rtp(5, ssrc=4242)), 1)
    assert taken.packets[-1][2].ssrc == 4242, "it goes on"


async def test_streams_are_bounded_before_libsrtp_keeps_them() -> None:
    wire, line, taken, far = await wired()
    for ssrc in range(100, 100 + 2 * MOST_SSRCS):
        line.data_received(far.protect(rtp(5, ssrc=ssrc)), 1)
    assert len(taken.packets) == MOST_SSRCS
    assert wire.refused == MOST_SSRCS
    line.data_received(far.protect(rtp(6, ssrc=100)), 1)
    assert len(taken.packets) == MOST_SSRCS + 1, "who is known goes on"


async def test_what_is_neither_dtls_nor_srtp_goes_nowhere() -> None:
    wire, line, _, _ = await wired()
    for first in (0, 3, 19, 64, 127, 192, 255):
        line.data_received(bytes((first,)) + b"junk", 1)
    assert line._queue.empty()
    assert wire.refused == 7


async def test_the_librarys_own_datagrams_go_to_it_and_never_pile_up() -> None:
    wire, line, taken, _ = await wired()
    for _ in range(3 * MOST_WAITING):
        line.data_received(b"\x16handshake", 1)
    assert line._queue.qsize() == MOST_WAITING
    assert wire.refused == 2 * MOST_WAITING
    assert taken.packets == []


async def test_before_and_after_the_connection_is_up_nothing_is_sent_and_nothing_raised() -> None:
    line = Line()
    transport: Any = line
    wire = SrtpWire(transport, RtpSession(Taken()))
    line.data_received(rtp(5), 1)
    assert wire.refused == 1
    wire.send_rtp(rtp(1))
    wire.send_rtcp(bytes(RtcpPsfbPacket(fmt=1, ssrc=1, media_ssrc=2)))
    line._tx_srtp = srtp(KEY, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
    line._nominated.clear()
    wire.send_rtp(rtp(2))
    assert line.sent == []


async def test_what_is_sent_can_be_read_by_the_far_side() -> None:
    wire, line, _, _ = await wired()
    far = srtp(KEY, pylibsrtp.Policy.SSRC_ANY_INBOUND)
    wire.send_rtp(rtp(5))
    wire.send_rtcp(bytes(RtcpPsfbPacket(fmt=1, ssrc=1, media_ssrc=2)))
    assert far.unprotect(line.sent[0]) == rtp(5)
    assert RtcpPacket.parse(far.unprotect_rtcp(line.sent[1]))[0] == RtcpPsfbPacket(fmt=1, ssrc=1, media_ssrc=2)
    assert wire.sent_bytes == sum(map(len, line.sent))


async def test_the_longest_packet_that_a_source_may_send_can_be_sent_on() -> None:
    wire, line, _, _ = await wired()
    longest = rtp(5, b"\x10" + bytes(LONGEST_DATAGRAM - 12 - 10 - 1))
    wire.send_rtp(longest)
    await asyncio.sleep(0)
    far = srtp(KEY, pylibsrtp.Policy.SSRC_ANY_INBOUND)
    assert far.unprotect(line.sent[0]) == longest
    wire.send_rtp(rtp(6, bytes(4000)))
    await asyncio.sleep(0)
    assert len(line.sent) == 1, "dropped, and nothing raised: the next viewer's packet leaves"
    assert wire.refused == 1


async def test_a_sender_writes_what_was_agreed_upon() -> None:
    line = Line(KEY)
    transport: Any = line
    session = RtpSession(Taken())
    wire = SrtpWire(transport, session)
    sender = Sender("video", transport, session, lambda _: wire)
    extensions = [
        RTCRtpHeaderExtensionParameters(id=4, uri=seam.MID),
        RTCRtpHeaderExtensionParameters(id=2, uri=seam.SEND_TIME),
    ]
    codecs = [
        RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90_000, payloadType=100),
        RTCRtpCodecParameters(mimeType="video/rtx", clockRate=90_000, payloadType=103, parameters={"apt": 102}),
        RTCRtpCodecParameters(mimeType="video/rtx", clockRate=90_000, payloadType=101, parameters={"apt": 100}),
    ]
    parameters = RTCRtpSendParameters(
        codecs=codecs, headerExtensions=extensions, muxId="1", rtcp=RTCRtcpParameters(cname="us")
    )
    sender.sending.send(1, 2, True, b"early", 1.0)
    await sender.send(parameters)
    sender.sending.send(7, 3000, True, b"picture", 2.5)
    sender.sending.repeat([7], 2.6)
    await asyncio.sleep(0)
    known = HeaderExtensionsMap()
    known.configure(parameters)
    far = srtp(KEY, pylibsrtp.Policy.SSRC_ANY_INBOUND)
    first, again = (LibraryPacket.parse(far.unprotect(data), known) for data in line.sent)
    assert (first.payload_type, first.ssrc, first.payload) == (100, sender._ssrc, b"picture")
    assert (first.extensions.mid, first.extensions.abs_send_time) == ("1", int(2.5 * (1 << 18)))
    assert (again.payload_type, again.ssrc, again.payload) == (101, sender._rtx_ssrc, b"\x00\x07picture")
    await sender.stop()
    goodbye = RtcpPacket.parse(far.unprotect_rtcp(line.sent[-1]))[-1]
    assert goodbye == RtcpByePacket(sources=[sender._ssrc])
    assert not sender.sending.live
