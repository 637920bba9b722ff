"""A socket that is read in C: what may pass is what Python would say continues the stream, and all else comes here."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pylibsrtp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media.engine import port as port_module
from media.engine.flow import NO_TIME, Flow, Outlet
from media.engine.native import ffi, lib, session_of
from media.engine.port import TELL_AT, Port, _address, _sockaddr, flush, read_paced, take_over
from media.errors import MediaError
from media.h264 import begun, kind_of
from media.picture_in import PictureIn
from media.rtp import HeaderWriter, RtpPacket, parse
from media.vp8_rtp import describe
from tests.support.crossing import H264_SETS, Crossing, Far, Film, bound, srtp

NOBODY: Any = SimpleNamespace()
ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.skipif(lib is None, reason="the part in C is not built: set-up found no compiler")


class Known(asyncio.DatagramProtocol):
    """What aioice has over a socket."""

    def __init__(self) -> None:
        self.came: list[tuple[bytes, tuple[str, int]]] = []
        self.lost = False
        self.faulty = False

    def datagram_received(self, data: bytes, address: tuple[str | Any, int]) -> None:
        self.came.append((data, address))
        if self.faulty:
            raise ValueError("not to be read")

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


async def test_what_is_nobodys_comes_to_the_protocol_with_its_address() -> None:
    known = Known()
    port, far = Port(bound(), known), bound()
    for size in (0, 1, 11, 12, 1200, 2048):
        far.sendto(bytes((0x80,)) * size, port.get_extra_info("sockname"))
    port.read()
    assert [(len(data), address) for data, address in known.came] == [
        (size, far.getsockname()) for size in (0, 1, 11, 12, 1200, 2048)
    ]
    port.close()
    far.close()


async def test_a_datagram_that_raises_takes_no_other_with_it() -> None:
    known, faults = Known(), []
    known.faulty = True
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))
    port, far = Port(bound(), known), bound()
    for _ in range(3):
        far.sendto(b"\x80", port.get_extra_info("sockname"))
    port.read()
    assert len(known.came) == len(faults) == 3
    port.close()
    far.close()


async def test_a_passage_that_cannot_be_noted_stops_no_clock_and_no_other_port() -> None:
    def raises() -> None:
        raise ValueError("not to be noted")

    faults: list[Exception] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))
    protocols, far = (Known(), Known()), bound()
    ports = [Port(bound(), known) for known in protocols]
    flow = Flow(False, raises)
    ports[0].lead([flow])
    flow.cdata.passed_count = TELL_AT
    for port in ports:
        port.pace(True)
        far.sendto(b"\x80", port.get_extra_info("sockname"))
    read_paced()
    assert [len(known.came) for known in protocols] == [1, 1]
    assert [str(fault) for fault in faults] == ["not to be noted"]
    for port in ports:
        port.close()
    far.close()


async def test_closing_sends_what_waits_and_says_so_once() -> None:
    known, far = Known(), Far()
    port = Port(bound(), known)
    port.secure(NOBODY, srtp(2), srtp(pylibsrtp.Policy.SSRC_ANY_OUTBOUND), far.address)
    packets = [HeaderWriter().packet(96, False, at, 0, 1, b"x", 0.0) for at in range(70)]
    assert all(port.put(packet) for packet in packets)
    port.close()
    port.close()
    far.read()
    assert [packet.sequence for packet in far.media] == list(range(70))
    assert not port.put(packets[0])
    assert port.is_closing()
    port.read()
    port.sendto(b"x", far.address)
    del port
    gc.collect()
    flush()
    await asyncio.sleep(0)
    assert known.lost
    far.endpoint.close()


async def test_a_packet_too_long_or_too_short_is_refused() -> None:
    port, far = Port(bound(), Known()), Far()
    port.secure(NOBODY, srtp(2), srtp(pylibsrtp.Policy.SSRC_ANY_OUTBOUND), far.address)
    assert not port.put(b"\x80" * 11)
    assert not port.put(b"\x80" * 4000)
    assert port.cdata.refused == 2
    port.close()
    far.endpoint.close()


def test_addresses_are_read_as_they_were_written() -> None:
    for address in (("127.0.0.1", 9), ("::1", 65_535), ("2001:db8::5", 1)):
        assert _address(_sockaddr(address)) == address


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_sockets_are_given_back() -> None:
    known = Known()
    before = open_files()
    for _ in range(50):
        _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(lambda: known, ("127.0.0.1", 0))
        transport = _
        stun: Any = SimpleNamespace(
            local_candidate=SimpleNamespace(type="host", host="127.0.0.1", port=0),
            transport=transport,
            connection_lost=protocol.connection_lost,
        )
        take_over(stun)
        assert isinstance(stun.transport, Port)
        assert stun.local_candidate.port == stun.transport.get_extra_info("sockname")[1]
        stun.transport.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert open_files() <= before + 2


async def test_where_no_socket_can_be_had_the_loops_own_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    stun: Any = SimpleNamespace(
        local_candidate=SimpleNamespace(type="host", host="192.0.2.1", port=7), transport="the loop's own"
    )
    before = open_files()
    take_over(stun)
    assert (stun.transport, stun.local_candidate.port) == ("the loop's own", 7)
    assert open_files() == before
    monkeypatch.setattr(port_module, "lib", None)
    take_over(stun)
    assert stun.transport == "the loop's own"


async def test_another_pair_that_is_nominated_takes_everything_over() -> None:
    crossing = Crossing(2, fast=True)
    film = Film(crossing.far)
    await crossing.bring(film.picture(1, key=True))
    await crossing.bring(film.picture(2))
    viewer = crossing.viewers[0]
    known, far = Known(), viewer.far
    other, elsewhere = Port(bound(), known), bound()
    viewer.ice._nominated[1] = SimpleNamespace(
        protocol=SimpleNamespace(transport=other), remote_addr=elsewhere.getsockname()
    )
    viewer.wire.pace(False)  # where all passes by itself nobody notices it but the connection's watch
    await crossing.bring(film.picture(2))
    await crossing.bring(film.picture(2))
    flush()
    assert len(far.media) == 3
    for _ in range(4):
        elsewhere.recv(2048)
    assert viewer.wire.carried_bytes == crossing.viewers[1].wire.carried_bytes
    assert len(crossing.viewers[1].far.media) == 7
    other.close()
    elsewhere.close()
    crossing.close()


UNITS = st.builds(
    lambda kind, about, body: bytes((0x60 | kind, about)) + body,
    st.sampled_from([1, 1, 5, 6, 7, 8, 9, 24, 28, 28, 28, 28]),
    st.one_of(st.integers(0, 255), st.sampled_from([0x81, 0x01, 0x41, 0x85, 0x05, 0x45, 0x87, 0x06])),
    st.binary(max_size=12),
)


@st.composite
def packets(draw: st.DrawFn) -> bytes:
    """RTP of our stream, whole or nearly, with a VP8 or H.264 payload or any."""
    first = 0x80 | draw(st.sampled_from([0, 0, 0, 0x10, 0x20, 0x30, 0x01, 0x1F]))
    extension = b""
    if first & 0x10:
        body = draw(st.binary(max_size=24))
        body += bytes(-len(body) % 4)
        profile = draw(st.sampled_from([b"\xbe\xde", b"\x10\x00"]))
        extension = profile + (len(body) // 4).to_bytes(2, "big") + body
    payload = draw(
        st.one_of(st.binary(max_size=12), st.binary(max_size=40).map(lambda b: b"\x90\xc0\x80\x01\x05" + b), UNITS)
    )
    header = bytes((first, 96 | draw(st.sampled_from([0, 0x80])), 0, 0)) + draw(st.binary(min_size=4, max_size=4))
    return header + (1).to_bytes(4, "big") + bytes(4 * (first & 15)) + extension + payload


class Reader:
    """A port with a flow of one outlet, and who sends to it: for many packets, each the next."""

    def __init__(self) -> None:
        self.far, self.near, self.viewer = bound(), bound(), bound()
        self.outgoing, sessions = srtp(pylibsrtp.Policy.SSRC_ANY_OUTBOUND), (srtp(2), srtp(3))
        self.cdata = ffi.new("port *")
        self.cdata.fd = self.near.fileno()
        address = _sockaddr(self.far.getsockname())
        ffi.memmove(self.cdata.peer, address, len(address))
        self.cdata.peer_bytes = len(address)
        self.cdata.incoming, self.cdata.outgoing = (session_of(one) for one in sessions)
        self.sessions, self.number = sessions, 0
        self.flow = Flow(True, lambda: None)
        self.outlet = Outlet(self.cdata, 96, 7, HeaderWriter())
        self.cdata.flows[0] = self.flow.cdata
        self.lefts = ffi.new("left[]", lib.BATCH)
        self.came = ffi.new("int *")

    def read(self, packet: bytes, codec: str = "vp8") -> list[Any] | None:
        """What passed; None where the packet was left."""
        self.number = (self.number + 1) & 0xFFFF
        packet = packet[:2] + self.number.to_bytes(2, "big") + packet[4:]
        self.flow.open(1, 96, 2, self.number, [self.outlet], codec=codec)
        self.far.sendto(self.outgoing.protect(packet), self.near.getsockname())
        left = lib.port_read(self.cdata, self.lefts, self.came)
        passage = self.flow.passage()
        if not passage.packets:
            assert left == 1
            assert ffi.buffer(self.lefts[0].data, self.lefts[0].bytes)[:] == packet
            return None
        assert left == 0
        kept = self.outlet.kept(self.number)
        assert kept is not None
        [row] = passage.packets
        send_time = None if row.send_time == NO_TIME else row.send_time
        seen = RtpPacket(96, bool(row.marker), row.sequence, row.timestamp, passage.ssrc, b"", send_time, row.octets)
        return [seen, passage.picture_id, passage.level, kept[3]]


def sendable(packet: bytes) -> bool:
    """Whether SRTP takes it: of some the header says more than there is."""
    try:
        srtp(pylibsrtp.Policy.SSRC_ANY_OUTBOUND).protect(packet)
    except pylibsrtp.Error:
        return False
    return True


def test_what_passes_is_what_python_reads_as_a_continuation() -> None:
    reader = Reader()
    passed = 0

    @settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
    @given(packets())
    def same(packet: bytes) -> None:
        nonlocal passed
        if not sendable(packet):
            return
        found = reader.read(packet)
        try:
            whole = parse(packet[:2] + reader.number.to_bytes(2, "big") + packet[4:], 2)
            about = describe(whole.payload) if whole.payload else None
        except (ValueError, MediaError):
            assert found is None
            return
        simple = about is not None and not about.key and about.id_bytes != 1 and about.body < len(whole.payload)
        assert (found is not None) == simple
        if found is not None and about is not None:
            passed += 1
            one, picture_id, level, kept = found
            payload, whole.payload = whole.payload, b""
            assert one == whole
            assert picture_id == (about.picture_id if about.id_at else None)
            assert level == (payload[about.level_at] if about.level_at else None)
            assert kept == payload

    same()
    assert passed > 100


def continues(payload: bytes) -> bool:
    """Whether an H.264 payload is one slice, or what stands beside one, that no decoder could begin with."""
    try:
        kinds = [kind_of(unit) for unit in begun(payload)]
    except MediaError:
        return False
    return len(payload) > 2 and (
        (kinds in ([1], [6]) and kind_of(payload) in (1, 6))
        or (kind_of(payload) == 28 and (kinds == [1] or (kinds == [] and payload[1] & 31 in (1, 5))))
    )


def test_what_passes_of_h264_is_what_python_finds_no_beginning_and_no_sets_in() -> None:
    reader, passed = Reader(), 0

    @settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
    @given(packets())
    def same(packet: bytes) -> None:
        nonlocal passed
        if not sendable(packet):
            return
        found = reader.read(packet, "h264")
        try:
            whole = parse(packet[:2] + reader.number.to_bytes(2, "big") + packet[4:], 2)
        except ValueError:
            assert found is None
            return
        assert (found is not None) == continues(whole.payload)
        if found is not None:
            passed += 1
            assert PictureIn("h264", H264_SETS).read(1, 0, True, whole.payload).sets is None
            payload, whole.payload = whole.payload, b""
            assert found == [whole, None, None, payload]

    same()
    assert passed > 100


def test_without_the_library_everything_can_be_imported_and_python_does_it_all() -> None:
    text = (
        "import sys; sys.prefix = '/nowhere';"  # where the library would be
        "import media.engine.local, media.engine.port as port; assert port.lib is None; port.flush()"
    )
    subprocess.run([sys.executable, "-c", text], cwd=ROOT, check=True, timeout=60)
