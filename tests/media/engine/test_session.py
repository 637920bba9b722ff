"""What a datagram brings is led to its stream, whatever it holds, and all streams report in time."""

from __future__ import annotations

import asyncio
import random

import pytest
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
    pack_remb_fci,
)
from aiortc.rtp import RtpPacket as LibraryPacket

from media.engine import session as session_module
from media.engine.receiving import Format, Receiving
from media.engine.sending import Agreed, Sending
from media.engine.session import Incoming, RtpSession
from media.rtp import HeaderWriter, RtpPacket
from tests.support.slow import SeesAll, Slow

SOUND, PICTURE, SOUND_OUT, PICTURE_OUT = 1, 2, 11, 12


class Connection(SeesAll, Incoming, Slow):
    """Both ends of a session: what it hands on, and what it sends."""

    def __init__(self) -> None:
        self.packets: list[tuple[str, int]] = []
        self.told: list[object] = []
        self.rtp: list[bytes] = []
        self.rtcp: list[object] = []
        self.reported = asyncio.Event()
        self.session = RtpSession(self)
        for kind, formats in (
            ("audio", {111: Format("opus", 48_000)}),
            ("video", {96: Format("vp8", 90_000), 97: Format("rtx", 90_000, 96)}),
        ):
            receiving = Receiving(kind, self, self.session.poll_later, 2_000_000)
            self.session.receive(receiving, self, PICTURE_OUT, formats, {}, 3)
        self.sendings = {ssrc: Sending() for ssrc in (SOUND_OUT, PICTURE_OUT)}
        for ssrc, sending in self.sendings.items():
            self.session.send(sending, self, Agreed(96, 0, ssrc, 0, "us", HeaderWriter()))

    def on_packet(self, codec: str, number: int, packet: RtpPacket, now: float) -> None:
        self.packets.append((codec, number & 0xFFFF))

    def on_lost(self, number: int) -> None:
        self.told.append(("lost", number & 0xFFFF))

    def on_key_frame_wanted(self) -> None:
        self.told.append("key frame")

    def on_bitrate(self, bits_per_s: int) -> None:
        self.told.append(bits_per_s)

    def on_report(self, kind: str, ntp: int, timestamp: int, now: float) -> None:
        self.told.append((kind, ntp, timestamp))

    def send_rtp(self, packet: bytes) -> None:
        self.rtp.append(packet)

    def send_rtcp(self, packet: bytes) -> None:
        self.rtcp += RtcpPacket.parse(packet)
        self.reported.set()

    def media(self, ssrc: int, payload_type: int, sequence: int) -> None:
        self.session.rtp(LibraryPacket(payload_type, 1, sequence, 0, ssrc, b"payload").serialize(), 1.0)

    def control(self, *packets: object) -> None:
        self.session.rtcp(b"".join(bytes(packet) for packet in packets), 1.0)  # type: ignore[call-overload]


async def test_packets_are_led_to_their_kind_by_their_type() -> None:
    connection = Connection()
    connection.media(SOUND, 111, 5)
    connection.media(PICTURE, 96, 6)
    connection.media(PICTURE, 50, 7)
    assert connection.packets == [("opus", 5), ("vp8", 6)]
    assert connection.session.malformed == 0
    connection.session.rtp(b"\x80short", 1.0)
    assert connection.session.malformed == 1
    connection.session.close()


async def test_a_viewers_wishes_reach_those_they_are_for() -> None:
    connection = Connection()
    sending = connection.sendings[PICTURE_OUT]
    for sequence in range(5):
        sending.send(sequence, 0, True, b"part", 1.0)
    nack = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=9, media_ssrc=PICTURE_OUT)
    nack.lost = [2, 3]
    connection.control(nack)
    assert [LibraryPacket.parse(packet).sequence_number for packet in connection.rtp[5:]] == [2, 3]
    connection.control(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=9, media_ssrc=PICTURE_OUT))
    connection.control(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=9, media_ssrc=4711))
    connection.control(RtcpPsfbPacket(fmt=RTCP_PSFB_FIR, ssrc=9, media_ssrc=0, fci=bytes(8)))
    assert connection.told == ["key frame", "key frame"]
    connection.told.clear()
    for ssrcs in ([PICTURE_OUT], [4711], [4711, SOUND_OUT]):
        fci = pack_remb_fci(1_000_000, ssrcs)
        connection.control(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=9, media_ssrc=0, fci=fci))
    assert connection.told == [1_000_000, 1_000_000]
    connection.session.close()


async def test_a_report_of_the_media_is_told_and_its_echo_gives_the_round_trip() -> None:
    connection = Connection()
    connection.media(SOUND, 111, 5)
    sending = connection.sendings[SOUND_OUT]
    sending.send(1, 0, True, b"sound", 0.9)
    sending.stamp(0, 0.9)
    sending.report(0.9)
    said = connection.rtcp[0]
    assert isinstance(said, RtcpSrPacket)
    echo = RtcpReceiverInfo(SOUND_OUT, 0, 0, 0, 0, said.sender_info.ntp_timestamp >> 16 & 0xFFFFFFFF, 0)
    for ssrc in (SOUND, 4711):
        connection.control(RtcpSrPacket(ssrc, RtcpSenderInfo(77 << 32, 5000, 1, 1), reports=[echo]))
    assert connection.told == [("audio", 77 << 32, 5000)]
    assert connection.session.round_trip_s == pytest.approx(0.1)
    connection.control(RtcpRrPacket(ssrc=4711, reports=[RtcpReceiverInfo(4711, 0, 0, 0, 0, 1, 0)]))
    assert connection.session.round_trip_s == pytest.approx(0.1)
    connection.session.close()


async def test_random_packets_end_nothing() -> None:
    connection, chance = Connection(), random.Random(5)
    for _ in range(3000):
        noise = chance.randbytes(chance.randrange(60))
        connection.session.rtp(noise, 1.0)
        connection.session.rtp(bytes((0x90, chance.choice([96, 97, 111]))) + noise, 1.0)
        kind, length = chance.choice([200, 201, 202, 203, 205, 206, 207]), len(noise) // 4
        noise = noise[: 4 * length]
        connection.session.rtcp(bytes((0x80 | chance.randrange(32), kind, 0, length)) + noise, 1.0)
        remb = b"REMB" + noise
        connection.session.rtcp(bytes((0x8F, 206, 0, 3 + length)) + bytes(8) + remb, 1.0)
    assert connection.session.malformed > 1000
    connection.packets.clear()
    connection.media(4711, 96, 5)
    assert connection.packets == [("vp8", 5)]
    connection.session.close()


async def test_streams_report_in_time_and_look_for_what_they_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "REPORT_EVERY_S", 0.01)
    connection = Connection()
    connection.session.rtp(LibraryPacket(96, 1, 5, 0, PICTURE, b"p").serialize(), asyncio.get_running_loop().time())
    connection.session.rtp(LibraryPacket(96, 1, 7, 0, PICTURE, b"p").serialize(), asyncio.get_running_loop().time())
    connection.sendings[PICTURE_OUT].stamp(1, 1.0)
    async with asyncio.timeout(5):
        while not {type(packet) for packet in connection.rtcp} >= {RtcpSrPacket, RtcpRrPacket, RtcpRtpfbPacket}:
            connection.reported.clear()
            await connection.reported.wait()
    connection.session.close()


async def test_one_look_is_pending_however_many_wishes_for_a_key_frame_come() -> None:
    connection = Connection()
    connection.media(PICTURE, 96, 5)
    receiving, pending = connection.session.receivings["video"], []
    for step in range(50):
        receiving.want_key_frame(1.0 + step / 100)
        pending.append(connection.session._polls["video"])
    assert [timer for timer in set(pending) if not timer.cancelled()] == [pending[-1]]
    connection.session.close()
    assert pending[-1].cancelled()


async def test_a_session_that_is_closed_has_no_timers_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "REPORT_EVERY_S", 0.01)
    connection = Connection()
    connection.media(PICTURE, 96, 5)
    connection.media(PICTURE, 96, 7)
    connection.session.close()
    connection.media(PICTURE, 96, 9)
    connection.rtcp.clear()
    for sending in connection.sendings.values():
        sending.stamp(1, 1.0)
    connection.reported.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await connection.reported.wait()
    assert connection.rtcp == []


async def test_a_message_that_nobody_knows_keeps_nothing_behind_it_from_being_heard() -> None:
    connection = Connection()
    unknown = RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=9, media_ssrc=0, fci=b"LNTF" + bytes(8))
    connection.control(unknown, RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=9, media_ssrc=PICTURE_OUT))
    assert connection.told == ["key frame"]
    assert connection.session.malformed == 0
    connection.session.close()
