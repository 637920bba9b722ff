"""Offers of equipment: bundles, DTLS roles and H.264 formats, in the library's words and back again."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.equipment import (
    LIBRARY_FORMAT,
    LIBRARY_FORMATS,
    Format,
    answered,
    beside,
    h264_format,
    multiplexed,
    only,
    passive,
    unbundled,
    viewable,
)
from media.errors import OfferError
from media.parameter_sets import size
from media.sdp import check_offer


def read(name: str) -> str:
    """A real description, with the line ends of the wire."""
    text = (Path(__file__).parent / "sdp" / f"{name}.sdp").read_text(encoding="utf-8")
    return text.replace("\n", "\r\n")


CHROMIUM, OBS, GSTREAMER = read("chromium-offer"), read("obs-offer"), read("gstreamer-offer")


def with_formats(*formats: str) -> str:
    """OBS's offer with other H.264 formats: the parameters of one payload type after the other, from 100 on."""
    start, end = OBS.index("a=rtpmap:96"), OBS.index("a=setup", OBS.index("a=rtpmap:96"))
    lines = [
        f"a=rtpmap:{number} H264/90000\r\n" + (f"a=fmtp:{number} {parameters}\r\n" if parameters else "")
        for number, parameters in enumerate(formats, 100)
    ]
    numbers = " ".join(str(100 + at) for at in range(len(formats)))
    return OBS[:start].replace("SAVPF 96", f"SAVPF {numbers}") + "".join(lines) + OBS[end:]


def chosen(offer: str) -> Format:
    found = h264_format(offer)
    assert found is not None
    return found


@pytest.mark.parametrize("offer", [OBS, GSTREAMER])
def test_real_offers_of_equipment_pass(offer: str) -> None:
    check_offer(unbundled(offer), "sendonly", "sendonly")
    prepared = only(passive(unbundled(offer)), chosen(offer))
    check_offer(prepared, "sendonly", "sendonly")
    assert prepared.count("a=setup:active\r\n") == 2
    assert "actpass" not in prepared
    assert f"a=fmtp:96 {LIBRARY_FORMAT}\r\n" in prepared
    assert prepared.count("a=fmtp:96 ") == 1


def test_a_room_must_offer_vp8_whatever_else_it_has() -> None:
    with pytest.raises(OfferError, match=r"must offer VP8\."):
        check_offer(OBS.replace("sendonly", "sendrecv"), "sendrecv", "sendrecv")
    with pytest.raises(OfferError, match="must offer VP8 or H264"):
        check_offer(OBS.replace("H264/", "H265/"), "sendonly", "sendonly")


def test_an_offer_with_vp8_is_answered_with_vp8() -> None:
    assert h264_format(CHROMIUM) is None
    assert h264_format(OBS.split("m=video")[0]) is None


def test_a_line_that_is_bundle_only_gets_port_and_transport_of_its_bundle() -> None:
    bare = GSTREAMER[: GSTREAMER.index("m=audio")] + "".join(
        line + "\r\n"
        for line in GSTREAMER[GSTREAMER.index("m=audio") :].split("\r\n")[:-1]
        if not line.startswith(("a=setup", "a=ice-", "a=rtcp-mux", "a=fingerprint"))
    )
    with pytest.raises(OfferError):
        check_offer(bare, "sendonly", "sendonly")
    check_offer(unbundled(bare), "sendonly", "sendonly")
    assert unbundled(CHROMIUM) == CHROMIUM
    rejected = GSTREAMER.replace("a=bundle-only\r\n", "")
    assert unbundled(rejected) == rejected
    with pytest.raises(OfferError, match="rejects its own audio"):
        check_offer(rejected, "sendonly", "sendonly")


def test_whole_packets_and_fragments_are_preferred_to_whole_packets_only() -> None:
    none, whole, all_kinds = "profile-level-id=42e01f", "packetization-mode=0", "packetization-mode=1"
    assert chosen(with_formats(none, all_kinds, whole)).payload == "101"
    assert chosen(with_formats(none, whole)).payload == "100"
    assert chosen(with_formats("")).parameters == {}
    for unreadable in ("packetization-mode=2", "profile-level-id=high;packetization-mode=1"):
        assert chosen(with_formats(unreadable, "")).payload == "101"
        with pytest.raises(OfferError, match="packetization mode 0 or 1"):
            h264_format(with_formats(unreadable))


def test_the_retransmissions_of_a_format_stay_with_it() -> None:
    offer = CHROMIUM.replace("VP8/90000", "VP7/90000").replace("a=sendrecv", "a=sendonly")
    found = chosen(offer)
    prepared = only(offer, found)
    check_offer(prepared, "sendonly", "sendonly")
    video = prepared[prepared.index("m=video") :]
    assert found.repair is not None
    assert video.split("\r\n")[0].endswith(f"SAVPF {found.payload} {found.repair}")
    assert f"a=fmtp:{found.repair} apt={found.payload}\r\n" in video
    assert video.count("a=rtpmap:") == 2


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        (
            "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1",
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        ),
        ("profile-level-id=4D0032; sprop-parameter-sets=Zw==,aA==", "profile-level-id=4D0032"),
        ("packetization-mode=1;profile-level-id=640c1f;", "packetization-mode=1;profile-level-id=640c1f"),
        ("packetization-mode=0", "packetization-mode=0"),
    ],
)
def test_the_answer_says_the_offers_own_words(offered: str, said: str) -> None:
    answer = (
        "m=video 9 UDP/TLS/RTP/SAVPF 100\r\na=rtpmap:100 H264/90000\r\na=fmtp:100 level-asymmetry-allowed=1;\r\na=x\r\n"
    )
    told = answered(answer, chosen(with_formats(offered)))
    assert told == answer.replace("level-asymmetry-allowed=1;", said)


def test_parameters_that_were_not_offered_are_not_answered() -> None:
    answer = "a=rtpmap:100 H264/90000\r\na=fmtp:100 packetization-mode=1;profile-level-id=42e01f\r\na=x\r\n"
    assert answered(answer, chosen(with_formats(""))) == "a=rtpmap:100 H264/90000\r\na=x\r\n"


def test_every_line_of_an_answer_says_that_rtcp_has_no_port_of_its_own() -> None:
    answer = read("aiortc-answer")
    said = multiplexed(answer)
    assert said.count("a=rtcp-mux\r\na=rtcp-mux-only\r\n") == said.count("\nm=") == 2
    assert said.replace("a=rtcp-mux-only\r\n", "") == answer


def test_parameter_sets_of_the_offer_are_read() -> None:
    first, second = chosen(GSTREAMER).sets
    assert size(first) == (320, 256)
    assert second == bytes.fromhex("68ce0fc8")
    assert chosen(OBS).sets == ()
    assert Format("96", None, {"sprop-parameter-sets": "a,===,"}).sets == ()


@given(st.integers(0, 1 << 30))
@settings(max_examples=150, deadline=None)
def test_fuzzed_offers_are_understood_or_refused_and_nothing_else(seed: int) -> None:
    rng = random.Random(seed)
    lines = rng.choice([OBS, GSTREAMER]).split("\r\n")
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(lines))
        line, cut = lines[at], rng.randint(0, len(lines[at]))
        junk = "".join(
            chr(rng.choice([0, 9, 13, 32, 47, 58, 61, rng.randrange(0x250)])) for _ in range(rng.randint(0, 5))
        )
        lines[at] = rng.choice([line[:cut], line[:cut] + junk + line[cut:], junk, line + "\r\n" + line])
    offer = unbundled("\r\n".join(lines))
    try:
        check_offer(offer, "sendonly", "sendonly")
        found = h264_format(passive(offer))
    except OfferError:
        return
    if found is not None:
        prepared = only(offer, found)
        check_offer(prepared, "sendonly", "sendonly")
        answered(prepared, found)
        assert all(isinstance(unit, bytes) for unit in found.sets)


def test_a_viewer_is_sent_constrained_baseline_and_the_format_that_takes_most_in_its_own_words() -> None:
    formats = viewable(CHROMIUM)
    assert [(one.payload, one.repair, one.profile) for one in formats] == [
        ("108", "109", "42e01f"),
        ("116", "117", "4d001f"),
    ]
    offer = beside(CHROMIUM, formats)
    check_offer(offer, "sendrecv", "sendrecv")
    video = offer[offer.index("m=video") :]
    assert [line for line in video.split("\r\n") if "H264/" in line] == [
        "a=rtpmap:108 H264/90000",
        "a=rtpmap:116 H264/90000",
    ]
    assert "a=rtpmap:96 VP8/90000" in video
    for one, words in zip(formats, LIBRARY_FORMATS, strict=True):
        assert video.count(f"a=fmtp:{one.payload} ") == 1
        assert f"a=fmtp:{one.payload} {words}\r\n" in video
    assert answered(offer, *formats).count("profile-level-id=4d001f") == 1


def test_who_offers_no_h264_that_can_be_sent_is_left_alone() -> None:
    assert viewable(OBS.split("m=video")[0]) == ()
    assert beside(OBS.split("m=video")[0], ()) == OBS.split("m=video")[0]
    plain = CHROMIUM.replace("packetization-mode=1", "packetization-mode=0")
    assert viewable(plain) == ()
    assert "H264" not in beside(plain, ())
    assert [one.profile for one in viewable(with_formats("packetization-mode=1;profile-level-id=64001f"))] == ["64001f"]
    assert viewable(with_formats("packetization-mode=1;profile-level-id=f4001f")) == ()
