"""The names below aiortc's public surface that the seam stands on: a change must be noticed here, loudly."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import random
import time
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import aioice.ice
import pytest
from aiortc.rtcdtlstransport import RtpRouter
from aiortc.rtcpeerconnection import RTCPeerConnection
from aiortc.rtcrtpparameters import (
    RTCRtpCodecParameters,
    RTCRtpDecodingParameters,
    RTCRtpReceiveParameters,
    RTCRtpRtxParameters,
)
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtp import RtpPacket, unpack_remb_fci

from media.engine import seam
from media.engine.seam import MOST_STREAMS, TOUCHED, Incoming, Receiver, offering


@pytest.mark.parametrize("place", TOUCHED)
def test_every_touched_name_still_exists(place: str) -> None:
    try:
        thing: object = importlib.import_module(place)
        text = inspect.getsource(importlib.import_module(place))
    except ModuleNotFoundError:
        module, _, name = place.rpartition(".")
        thing = getattr(importlib.import_module(module), name)
        text = inspect.getsource(importlib.import_module(module))
    for touched in TOUCHED[place]:
        bare = touched.partition("__")[2] if touched.startswith("_RTC") else touched
        assert hasattr(thing, touched) or f"self.{touched}" in text or f"self.__{bare}" in text, touched


def test_the_versions_are_those_that_were_read() -> None:
    assert version("aiortc").startswith("1.16.")
    assert version("aioice").startswith("0.13.")


def test_our_receiver_has_every_name_that_the_library_calls() -> None:
    public = {name for name in vars(RTCRtpReceiver) if not name.startswith("_")} - {"getSynchronizationSources"}
    private = {"_handle_disconnect", "_handle_rtcp_packet", "_handle_rtp_packet", "_set_rtcp_ssrc"}
    for name in public | private:
        assert hasattr(Receiver, name), name


def test_the_library_makes_transceivers_through_the_name_we_override() -> None:
    source = inspect.getsource(RTCPeerConnection)
    assert source.count("self.__createTransceiver(") == 3
    assert source.count("self.__createDtlsTransport(") == 2


def test_only_chosen_addresses_are_offered_and_only_within() -> None:
    with offering(("127.0.0.1", "::1")):
        assert aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=False) == ["127.0.0.1"]
        assert aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=True) == ["127.0.0.1", "::1"]
    assert "127.0.0.1" not in aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=False)


MEDIA, REPEATED, OURS = 1, 2, 9


class Line:
    """A transport to nowhere, which keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.reported = asyncio.Event()
        self._rtp_router = RtpRouter()

    async def _send_rtp(self, data: bytes) -> None:
        self.sent.append(data)
        if data[1] == 201:  # a receiver report
            self.reported.set()

    def _register_rtp_receiver(self, receiver: Any, parameters: Any) -> None: ...

    def _unregister_rtp_receiver(self, receiver: Any) -> None: ...


class Taken(Incoming):
    """What came out of the receiver."""

    def __init__(self) -> None:
        self.pictures: list[tuple[int, bytes, bool]] = []

    def on_picture(
        self, sequence: int, timestamp: int, marker: bool, payload: bytes, begins: bool | None, key: bool
    ) -> None:
        self.pictures.append((sequence, payload, key))


async def receiving(codec: str = "VP8") -> tuple[Receiver, Line, Taken]:
    line, taken = Line(), Taken()
    transport: Any = line
    receiver = Receiver("video", transport, taken, 2_000_000)
    receiver._set_rtcp_ssrc(OURS)
    media = RTCRtpCodecParameters(mimeType=f"video/{codec}", clockRate=90_000, payloadType=96)
    rtx = RTCRtpCodecParameters(mimeType="video/rtx", clockRate=90_000, payloadType=97, parameters={"apt": 96})
    encoding = RTCRtpDecodingParameters(ssrc=MEDIA, payloadType=96, rtx=RTCRtpRtxParameters(ssrc=REPEATED))
    await receiver.receive(RTCRtpReceiveParameters(codecs=[media, rtx], encodings=[encoding]))
    return receiver, line, taken


def packet(number: int, payload: bytes, ssrc: int = MEDIA, payload_type: int = 96) -> RtpPacket:
    made = RtpPacket(payload_type=payload_type, sequence_number=number & 0xFFFF, timestamp=number * 3000, ssrc=ssrc)
    made.payload = payload
    made.extensions.abs_send_time = number * 2621 & 0xFFFFFF  # 10 ms apart
    return made


async def test_whatever_a_packet_holds_the_receiver_goes_on_and_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seam, "REPORT_EVERY_S", 0.01)
    chance, (receiver, line, taken) = random.Random(7), await receiving()
    counted = (0, 0)
    for number in range(3000):
        noise = packet(
            chance.choice([number, chance.randrange(1 << 16)]),
            chance.randbytes(chance.randrange(12)),
            ssrc=chance.choice([MEDIA, REPEATED, chance.randrange(1 << 32)]),
            payload_type=chance.choice([96, 97, 98]),
        )
        noise.timestamp = chance.randrange(1 << 32)
        if noise.payload_type != 98:  # one that was never offered is not routed
            line._rtp_router.ssrc_table[noise.ssrc] = receiver
        await receiver._handle_rtp_packet(noise, 0)
        before, counted = counted, receiver.counts()
        assert counted[0] >= before[0], "what a forgotten stream counted stays counted"
    assert len(receiver._streams) <= MOST_STREAMS
    assert len(line._rtp_router.ssrc_table) <= MOST_STREAMS
    line.reported.clear()
    async with asyncio.timeout(5):
        await line.reported.wait()
    await receiver._handle_rtp_packet(packet(1, b"\x10\x00key"), 0)
    assert taken.pictures[-1] == (1, b"\x00key", True)
    await receiver.stop()


async def test_padding_and_what_is_repeated_keep_their_place_in_the_stream() -> None:
    receiver, _, taken = await receiving()
    await receiver._handle_rtp_packet(packet(5, b""), 0)
    await receiver._handle_rtp_packet(packet(9, b"\x00\x07\x10\x01delta", ssrc=REPEATED, payload_type=97), 0)
    await receiver._handle_rtp_packet(packet(10, b"\x00", ssrc=REPEATED, payload_type=97), 0)
    assert taken.pictures == [(5, b"", False), (7, b"\x01delta", False)]
    await receiver.stop()


async def test_h264_comes_as_a_decoder_takes_it_repeated_or_not() -> None:
    receiver, _, taken = await receiving("H264")
    await receiver._handle_rtp_packet(packet(5, b"\x65picture"), 0)
    await receiver._handle_rtp_packet(packet(9, b"\x00\x07\x7c\x81part", ssrc=REPEATED, payload_type=97), 0)
    await receiver._handle_rtp_packet(packet(10, b"\x7c"), 0)
    start = b"\x00\x00\x00\x01"
    assert taken.pictures == [(5, start + b"\x65picture", True), (7, start + b"\x61part", False)]
    await receiver.stop()


async def test_neither_a_long_pause_nor_a_step_of_the_clock_holds_up_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1000.0
    monkeypatch.setattr(seam, "time", SimpleNamespace(monotonic=lambda: now_s))
    receiver, line, _ = await receiving()

    async def send(start: int, end: int) -> float:
        nonlocal now_s
        began_s = time.thread_time()
        for number in range(start, end):
            now_s += 0.01
            await receiver._handle_rtp_packet(packet(number, b"\x00\x01" * 500), wall_ms + number * 10)
        return time.thread_time() - began_s

    wall_ms = 0
    usual_s = await send(0, 100)
    wall_ms = 3_600_000
    assert await send(100, 200) < usual_s + 0.1, "an hour of the wall clock"
    now_s += 3600.0
    line.sent.clear()
    assert await send(200, 700) < 5 * usual_s + 0.1, "an hour of silence"
    assert max(unpack_remb_fci(data[12:])[0] for data in line.sent) >= 2_000_000, "floored as at the beginning"
    await receiver.stop()
