"""What passes by itself is what Python would have sent: the same packets, counts, answers and reports."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiortc.rtp import RTCP_RTPFB_NACK, RtcpRtpfbPacket

from media import loss
from media.engine import session
from media.engine.native import lib
from media.engine.native_desk import NativeVoice
from media.engine.port import read_paced
from media.h264 import begun
from media.rtp import RtpPacket
from tests.support.crossing import (
    CAMERA,
    FIRST_SEQUENCE,
    H264_SETS,
    H264_TYPE,
    PICTURE,
    SOUND,
    SPEAKER,
    Crossing,
    Film,
)

pytestmark = pytest.mark.skipif(lib is None, reason="the part in C is not built: set-up found no compiler")


@pytest.fixture
async def crossing(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Crossing]]:
    """Makes crossings; nothing is given up for lost and nothing reported by the clock, however slow the machine is."""
    monkeypatch.setattr(loss, "GIVE_UP_S", 1000.0)
    monkeypatch.setattr(session, "REPORT_EVERY_S", 1000.0)
    made: list[Crossing] = []

    def make(viewers: int = 2, *, fast: bool = True, host: str = "127.0.0.1", codec: str = "vp8") -> Crossing:
        made.append(Crossing(viewers, fast=fast, host=host, codec=codec))
        return made[-1]

    yield make
    for one in made:
        one.close()


def numbers(packets: list[RtpPacket]) -> list[int]:
    return [packet.sequence for packet in packets if packet.payload_type in (100, H264_TYPE)]


def content(packets: list[RtpPacket]) -> dict[tuple[int, int], tuple[bool, int, int, bytes]]:
    """What a viewer got, by type and number; when it was sent differs."""
    return {(one.payload_type, one.sequence): (one.marker, one.timestamp, one.ssrc, one.payload) for one in packets}


async def played(crossing: Crossing, seed: int) -> dict[str, Any]:
    """A stream with everything that a line does to it; what came of it."""
    chance = random.Random(seed)
    film = Film(crossing.far, long_ids=seed % 3 != 2)
    late: list[bytes] = []
    missing: list[int] = []
    for at in range(120):
        burst: list[bytes] = []
        for _ in range(chance.randrange(1, 4)):
            first = film.sequence
            key = at % 40 == 0 and not burst
            packets, body, rare = chance.randrange(1, 5), chance.randbytes(8), chance.random()
            if crossing.picture.codec == "h264":
                made = film.h264(packets, key=key, body=body, sets=at == 0 or rare < 0.5)
            else:
                made = film.picture(packets, key=key, body=body, plain=rare < 0.02 and seed % 3 != 2)
            if chance.random() < 0.05:
                made.append(film.packet(b"", marker=False, padding=chance.randrange(1, 200)))
            for offset, data in enumerate(made):
                fate = chance.random()
                if fate < 0.03 and not key:
                    missing.append(first + offset)
                elif fate < 0.05 and not key:
                    late.append(data)
                else:
                    burst += [data] * (2 if fate > 0.97 else 1)
        if chance.random() < 0.3:
            burst, late = burst + late, []
        if missing and chance.random() < 0.4:
            burst += [film.again(one) for one in missing]
            missing.clear()
        await crossing.bring(burst)
        crossing.receiving.poll(time.monotonic() + 0.02)
        if at % 10 == 0:
            await ask(crossing, 0, newest(crossing, 0, 5))
    await ask(crossing, 1, newest(crossing, 1, 100))
    crossing.session.tell()
    for viewer in crossing.viewers:
        viewer.sending.report(time.monotonic())
    await crossing.settle()
    return {
        "packets": [content(viewer.far.media) for viewer in crossing.viewers],
        "arrived": [len(viewer.far.media) for viewer in crossing.viewers],
        "missed": [viewer.sending.missed for viewer in crossing.viewers],
        "reports": [viewer.far.reports[-1][:2] for viewer in crossing.viewers],  # those before came by the clock
        "counts": crossing.receiving.counts,
        "dropped": crossing.receiving.dropped,
        "forwarded": crossing.showing.counts["forwarded"],
        "pictures": crossing.pictures,
        "asked": crossing.far.asked,
        "refused": crossing.wire.all_refused,
        "malformed": crossing.session.malformed,
        "received": crossing.wire.carried_bytes[0],
        "sent": [viewer.wire.carried_bytes[1] for viewer in crossing.viewers],
    }


def newest(crossing: Crossing, viewer: int, count: int) -> list[int]:
    """The greatest numbers that a viewer got."""
    got = numbers(crossing.viewers[viewer].far.media)
    return sorted(got, key=lambda number: (number - FIRST_SEQUENCE) & 0xFFFF)[-count:]


async def ask(crossing: Crossing, viewer: int, wanted: list[int]) -> None:
    """Have a viewer ask for these packets again."""
    nack = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=50, media_ssrc=11, lost=sorted(wanted))
    one = crossing.viewers[viewer]
    one.far.endpoint.sendto(one.far.outgoing.protect_rtcp(bytes(nack)), one.address)
    one.read()
    await crossing.settle()


@pytest.mark.parametrize("seed", range(9))
async def test_with_and_without_the_fast_path_everything_is_the_same(
    crossing: Callable[..., Crossing], seed: int
) -> None:
    fast, slow = crossing(fast=True), crossing(fast=False)
    quick, plain = await played(fast, seed), await played(slow, seed)
    for many, few in zip(quick.pop("packets"), plain.pop("packets"), strict=True):
        assert many.keys() == few.keys()
        assert {key: (many[key], few[key]) for key in few if many[key] != few[key]} == {}
    for what in plain:
        assert quick[what] == plain[what], what
    assert slow.passed == 0
    assert (fast.passed == 0) == (seed % 3 == 2), "PictureIDs of 7 bits are written anew, longer, by Python"
    if fast.passed:
        assert fast.passed > 0.5 * fast.receiving.counts[0]


@pytest.mark.parametrize("seed", range(6))
async def test_with_and_without_the_fast_path_everything_is_the_same_in_h264(
    crossing: Callable[..., Crossing], seed: int
) -> None:
    fast, slow = crossing(fast=True, codec="h264"), crossing(fast=False, codec="h264")
    quick, plain = await played(fast, seed), await played(slow, seed)
    assert quick == plain
    assert (slow.passed, fast.passed > 0.3 * fast.receiving.counts[0]) == (0, True)
    for viewer in fast.viewers:
        kinds = {packet.payload_type for packet in viewer.far.media}
        assert kinds == {H264_TYPE, H264_TYPE + 1}


async def test_of_h264_everything_passes_but_sets_and_beginnings(crossing: Callable[..., Crossing]) -> None:
    one = crossing(codec="h264")
    film = Film(one.far)
    for at in range(100):
        for data in film.h264(4, key=at % 50 == 0, sets=at == 0):
            await one.bring([data])
    one.session.tell()
    assert one.receiving.counts == (402, 0)
    assert one.passed == 402 - 2 - 2, "two sets, and the first fragments of two key frames"
    for viewer in one.viewers:
        got = [packet.sequence for packet in viewer.far.media]
        assert got == [FIRST_SEQUENCE + at for at in range(400 + 2)], "the sets stand before both key frames"
        again = viewer.far.media[201].payload, viewer.far.media[0].payload
        assert [begun(payload) for payload in again] == [list(H264_SETS)] * 2


async def test_what_passed_in_another_codec_is_sent_again_in_that(crossing: Callable[..., Crossing]) -> None:
    one = crossing(1, codec="h264")
    film = Film(one.far)
    await one.bring(film.h264(1, key=True))
    await one.bring(film.h264(3))
    wanted = newest(one, 0, 3)
    one.viewers[0].sending.send(one.viewers[0].far.media[-1].sequence + 1, 0, True, b"vp8", time.monotonic())
    outlet = one.viewers[0].sending.outlet()
    assert outlet is not None
    await ask(one, 0, [*wanted, wanted[-1] + 1])
    again = {packet.payload[:2]: packet.payload_type for packet in one.viewers[0].far.media if packet.payload_type % 2}
    assert again == {
        **{number.to_bytes(2, "big"): H264_TYPE + 1 for number in wanted},
        (wanted[-1] + 1).to_bytes(2, "big"): 101,
    }


async def test_a_clean_picture_passes_without_python_but_for_its_key_frames(crossing: Callable[..., Crossing]) -> None:
    one = crossing()
    film = Film(one.far)
    for at in range(100):
        for data in film.picture(4, key=at % 50 == 0):
            await one.bring([data])
    one.session.tell()
    assert one.receiving.counts == (400, 0)
    assert one.passed == 398
    for viewer in one.viewers:
        assert numbers(viewer.far.media) == [FIRST_SEQUENCE + at for at in range(400)]


async def test_what_passed_a_moment_ago_is_sent_again_at_once(crossing: Callable[..., Crossing]) -> None:
    one = crossing()
    film = Film(one.far)
    await one.bring(film.picture(1, key=True))
    await one.bring(film.picture(3, body=b"wanted"))
    assert one.passed == 0, "not noted yet"
    wanted = numbers(one.viewers[0].far.media)[-3:]
    await ask(one, 0, wanted)
    again = [packet for packet in one.viewers[0].far.media if packet.payload_type == 101]
    assert [packet.payload[:2] for packet in again] == [number.to_bytes(2, "big") for number in wanted]
    assert one.viewers[0].sending.missed == 0


async def test_a_late_packet_hides_none_of_those_that_passed_before_it(crossing: Callable[..., Crossing]) -> None:
    one = crossing()
    film = Film(one.far)
    await one.bring(film.picture(1, key=True))
    late, *rest = film.picture(6)
    await one.bring(rest)
    await one.bring(film.picture(6))
    await one.bring([late])
    await ask(one, 0, numbers(one.viewers[0].far.media)[-5:])
    assert one.viewers[0].sending.missed == 0


async def test_a_report_and_a_goodbye_count_what_has_just_passed(crossing: Callable[..., Crossing]) -> None:
    one = crossing()
    film = Film(one.far)
    await one.bring(film.picture(1, key=True))
    await one.bring(film.picture(2))
    viewer = one.viewers[0]
    viewer.sending.report(time.monotonic())
    await one.settle()
    assert viewer.far.reports[-1][0] == 3
    await one.bring(film.picture(2))
    viewer.sending.stop()
    await one.settle()
    assert viewer.far.reports[-1][0] == 5
    assert one.showing.counts["forwarded"] == 10


async def test_a_replay_another_address_another_type_and_another_stream_never_pass(
    crossing: Callable[..., Crossing],
) -> None:
    one = crossing(1)
    film = Film(one.far)
    first = [film.picture(1, key=True), film.picture(2)]
    for datagrams in first * 2:
        await one.bring(datagrams)
    sequence = film.sequence
    other = Film(one.far, sequence=sequence)
    (data,) = film.picture(1)
    stranger = Crossing(0, fast=False)
    stranger.far.endpoint.sendto(data, one.address)
    one.read()
    for kind, ssrc in ((50, CAMERA + 7), (50, CAMERA)):
        await one.bring([other.protected(kind, ssrc, sequence + 1, 0, True, b"\x11\x02\x00", 0)])
    stranger.close()
    one.session.tell()
    assert one.passed == 2
    assert one.strangers == 1
    assert one.wire.all_refused == 3, "the replays"
    assert len(one.viewers[0].far.media) == 3


async def test_sound_goes_to_its_voice_by_itself_and_what_nobody_noted_in_time_goes_the_long_way(
    crossing: Callable[..., Crossing],
) -> None:
    one, voice = crossing(0), NativeVoice()
    film = Film(one.far)
    made = [film.protected(SOUND, SPEAKER, at & 0xFFFF, 960 * at, False, b"\x7f" * 40, 0) for at in range(200)]
    await one.bring(made[:1])
    assert one.heard == [(0, b"\x7f" * 40)], "nobody has a voice for it yet"
    one.voice_of_c = voice.cdata
    await one.bring(made[1:2])
    assert len(one.heard) == 2, "which opens the way"
    one.transport.pace(True)

    def tick(datagrams: list[bytes]) -> None:
        for data in datagrams:
            one.far.endpoint.sendto(data, one.address)
        read_paced()

    tick(made[2:32])
    assert (len(one.heard), voice.cdata.playout.waiting) == (2, 30)
    tick(made[32:62])
    tick(made[62:72])
    assert [number for number, _ in one.heard[2:]] == list(range(66, 72)), "64 were not noted yet"
    one.voice_of_c = None
    one.session.tell()
    assert one.session.receivings["audio"].counts == (72, 0)
    assert one.last_sound_s > 0.0
    one.session.receivings["audio"].halt()
    tick(made[72:102])
    assert [number for number, _ in one.heard[8:]] == list(range(72, 102)), "each is seen again"


async def test_numbers_go_on_whoever_comes_and_goes(crossing: Callable[..., Crossing]) -> None:
    one = crossing()
    film = Film(one.far)

    async def film_some(pictures: int, *, key: bool) -> None:
        for at in range(pictures):
            await one.bring(film.picture(3, key=key and at == 0))

    await film_some(5, key=True)
    guest = one.join("V2")
    await film_some(5, key=False)
    assert guest.far.media == [], "it waits for a key frame"
    await film_some(5, key=True)
    again = one.join("V0")
    await film_some(5, key=True)
    one.showing.halt()
    gone = one.seats.pop("V1")[0]
    one.show()
    gone.close()
    await film_some(5, key=True)
    one.show(exact=True)
    await film_some(3, key=True)
    one.show()
    await film_some(5, key=True)
    film = Film(one.far, sequence=4000, ssrc=77)
    await film_some(7, key=True)
    one.session.tell()
    for viewer in one.viewers:
        got = numbers(viewer.far.media)
        assert got == [(FIRST_SEQUENCE + at) & 0xFFFF for at in range(len(got))]
        stamps = [packet.timestamp for packet in viewer.far.media]
        assert all((later - one_ & 0xFFFFFFFF) < 1 << 31 for one_, later in itertools.pairwise(stamps))
    assert len(numbers(again.far.media)) > 40
    assert one.passed > 60


async def test_a_connection_that_opens_many_streams_is_noted_all_the_same(crossing: Callable[..., Crossing]) -> None:
    one = crossing()
    film = Film(one.far)
    await one.bring(film.picture(1, key=True))
    await one.bring(film.picture(2))
    for ssrc in range(200, 210):
        await one.bring([film.protected(97, ssrc, 5, 0, False, b"", 0)])
    await one.bring(film.picture(2))
    one.session.tell()
    assert one.passed == 4


async def test_a_first_packet_that_cannot_be_read_ends_the_stream_before_it(crossing: Callable[..., Crossing]) -> None:
    one = crossing()
    film = Film(one.far)
    await one.bring(film.picture(1, key=True))
    await one.bring(film.picture(2))
    await one.bring([film.protected(PICTURE, 88, 9, 0, True, b"\x90", 0)])
    assert one.session.malformed == 1
    await one.bring(film.picture(2))
    one.session.tell()
    assert one.passed == 2


async def test_packets_pass_over_ipv6_too(crossing: Callable[..., Crossing]) -> None:
    try:
        one = crossing(host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    film = Film(one.far)
    await one.bring(film.picture(1, key=True))
    await one.bring(film.picture(3))
    one.session.tell()
    assert one.passed == 3
    assert [len(viewer.far.media) for viewer in one.viewers] == [4, 4]
