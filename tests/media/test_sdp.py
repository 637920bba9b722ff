"""Offers are checked before the engine sees them, and answers are tuned without touching anything else."""

from __future__ import annotations

import difflib
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.errors import OfferError
from media.sdp import check_offer, filter_candidates, tune_answer


def read(name: str) -> str:
    """A real description, with the line ends of the wire."""
    text = (Path(__file__).parent / "sdp" / f"{name}.sdp").read_text(encoding="utf-8")
    return text.replace("\n", "\r\n")


CHROMIUM, AIORTC, ANSWER = read("chromium-offer"), read("aiortc-offer"), read("aiortc-answer")
PICTURE = "x-google-start-bitrate=2000;x-google-min-bitrate=600;x-google-max-bitrate=2500"
SOUND = "minptime=10;useinbandfec=1;maxaveragebitrate=48000;stereo=0;usedtx=0"


def part(sdp: str, kind: str) -> str:
    """The m-section of one kind alone, after the session's lines."""
    session, *media = sdp.split("m=")
    return session + "".join("m=" + section for section in media if section.startswith(kind))


def refusal(sdp: str, audio: str | None = "sendrecv", video: str | None = "sendrecv") -> str:
    with pytest.raises(OfferError) as caught:
        check_offer(sdp, audio, video)
    assert caught.value.code == "bad_offer"
    assert caught.value.message.endswith(".")
    return caught.value.message


def changes(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.split("\r\n"), after.split("\r\n"))
    return [line for line in lines if line[0] in "+-"]


@pytest.mark.parametrize("offer", [CHROMIUM, AIORTC])
def test_real_offers_pass(offer: str) -> None:
    check_offer(offer, "sendrecv", "sendrecv")
    check_offer(part(offer, "audio"), "sendrecv", None)
    check_offer(part(offer, "video").replace("a=sendrecv", "a=recvonly"), None, "recvonly")


@pytest.mark.parametrize("offer", [CHROMIUM, AIORTC])
def test_the_offer_must_hold_exactly_the_expected_media(offer: str) -> None:
    assert "video" in refusal(offer, "sendrecv", None)
    assert "audio" in refusal(offer, None, "sendrecv")
    assert "exactly one video" in refusal(part(offer, "audio"))
    assert "exactly one audio" in refusal(part(offer, "video"))
    assert "must be recvonly" in refusal(offer, "sendrecv", "recvonly")
    assert "exactly one video" in refusal(offer + part(offer, "video").split("\r\n", 5)[-1])


def test_a_data_channel_is_refused() -> None:
    data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=sctp-port:5000\r\n"
    assert "application" in refusal(CHROMIUM + data)


def test_too_large_too_many_lines_and_too_many_candidates_are_refused() -> None:
    assert "64 KiB" in refusal(CHROMIUM + "a=x:" + "y" * 65536 + "\r\n")
    assert "64 KiB" in refusal(CHROMIUM + "a=x:" + "가" * 22000 + "\r\n")
    assert "at most 8" in refusal(part(CHROMIUM, "audio") * 9)
    assert "1000 lines" in refusal(CHROMIUM + "a=x\r\n" * 1000)
    candidate = "a=candidate:1 1 udp 1 192.168.1.20 50000 typ host\r\n"
    check_offer(CHROMIUM + candidate * 28, "sendrecv", "sendrecv")
    assert "at most 32" in refusal(CHROMIUM + candidate * 29)


@pytest.mark.parametrize("offer", [CHROMIUM, AIORTC])
@pytest.mark.parametrize("name", ["ice-ufrag", "ice-pwd", "fingerprint:sha-256", "setup", "mid", "rtcp-mux", "rtpmap"])
def test_what_the_transport_needs_must_be_there(offer: str, name: str) -> None:
    refusal("".join(line for line in offer.splitlines(keepends=True) if not line.startswith(f"a={name}")))


def test_credentials_may_stand_once_for_the_whole_session() -> None:
    names = ("a=ice-ufrag", "a=ice-pwd", "a=fingerprint:sha-256", "a=setup")
    lines = CHROMIUM.splitlines(keepends=True)
    shared = [next(line for line in lines if line.startswith(name)) for name in names]
    rest = [line for line in lines if not line.startswith(names)]
    check_offer("".join(rest[:4] + shared + rest[4:]), "sendrecv", "sendrecv")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("opus/48000/2", "speex/48000/2"),
        ("a=rtpmap:111 opus", "a=rtpmap:112 opus"),
        ("m=video 47521", "m=video 0"),
        ("m=audio 37974", "m=audio 99999"),
        ("UDP/TLS/RTP/SAVPF 111", "RTP/AVP 111"),
        ("SAVPF 111 63", "SAVPF 111 300"),
        ("SAVPF 111 63", "SAVPF 111 x"),
        ("a=mid:1", "a=mid:0"),
        ("a=setup:actpass", "a=setup:maybe"),
        ("a=ice-pwd:8v3I", "a=ice-pwd:\u00e9v3I"),
        ("a=extmap:1 ", "a=extmap:one "),
        ("a=rtcp:9 ", "a=rtcp:nine "),
        ("a=fmtp:111 ", "a=fmtp:77 "),
        ("minptime=10", "minptime=ten"),
        ("apt=96", "apt="),
        ("apt=96", "apt=96 97"),
        ("a=ssrc:2377392107 ", "a=ssrc:-1 "),
        ("a=sendrecv", "a=sendrecv\r\na=sendonly"),
        ("c=IN IP4 192", "c=IN IP4 host 192"),
        ("s=-", "no line of SDP"),
        ("s=-", "s=\x00"),
        ("s=-", "s=-\x0bm=audio 1 RTP/AVP 0"),
        ("s=-", "s=-\ra=x"),
        ("s=-", "s=\ud800"),
        ("v=0", "v=1"),
        ("v=0", "v=0/"),
    ],
)
def test_a_damaged_offer_is_refused(old: str, new: str) -> None:
    assert old in CHROMIUM
    refusal(CHROMIUM.replace(old, new, 1))


@pytest.mark.parametrize(
    "text", ["", "v=0", "hello", "v=0\r\n" * 5000, "\x00" * 100, "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"]
)
def test_garbage_is_refused(text: str) -> None:
    refusal(text)


@given(st.integers(0, 1 << 30))
@settings(max_examples=200, deadline=None)
def test_fuzzed_offers_are_taken_or_refused_and_nothing_else(seed: int) -> None:
    rng = random.Random(seed)
    lines = rng.choice([CHROMIUM, AIORTC]).split("\r\n")
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(lines))
        line = lines[at]
        cut = rng.randint(0, len(line))
        junk = "".join(
            chr(rng.choice([0, 9, 13, 32, 47, 58, 0xD800, rng.randrange(0x250)])) for _ in range(rng.randint(0, 5))
        )
        lines[at] = rng.choice([line[:cut], line[:cut] + junk + line[cut:], junk, line + "\r\n" + line])
    fuzzed = "\r\n".join(lines)
    filter_candidates(fuzzed, loopback=False)
    tune_answer(fuzzed, 1, 1, 1)
    try:
        check_offer(fuzzed, "sendrecv", "sendrecv")
    except OfferError:
        return


def test_candidates_that_must_not_be_contacted_are_taken_out_and_counted() -> None:
    bad = (
        "a=candidate:1 1 udp 1 127.0.0.1 50000 typ host\r\n"
        "a=candidate:1 1 tcp 1 192.168.1.20 9 typ host tcptype active\r\n"
        "a=candidate:1 1 udp 1 3fe1c1d2.local 50000 typ host\r\na=candidate:broken\r\n"
    )
    assert filter_candidates(CHROMIUM + bad, loopback=False) == (CHROMIUM, 4)
    kept, dropped = filter_candidates(CHROMIUM + bad, loopback=True)
    assert dropped == 3
    assert kept == CHROMIUM + bad[: bad.index("\n") + 1]


def test_an_answer_of_aiortc_gains_parameters_and_changes_nothing_else() -> None:
    tuned = tune_answer(ANSWER, 2000, 600, 2500)
    fmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id="
    assert [line for line in changes(ANSWER, tuned) if line.startswith("+")] == [
        f"+ a=fmtp:96 {SOUND}",
        f"+ a=fmtp:97 {PICTURE}",
        f"+ a=fmtp:99 {fmtp}42001f;{PICTURE}",
        f"+ a=fmtp:101 {fmtp}42e01f;{PICTURE}",
    ]
    assert [line for line in changes(ANSWER, tuned) if line.startswith("-")] == [
        f"- a=fmtp:99 {fmtp}42001f",
        f"- a=fmtp:101 {fmtp}42e01f",
    ]


def test_parameters_that_stand_there_already_are_replaced_and_others_kept() -> None:
    tuned = tune_answer(CHROMIUM, 2000, 600, 2500)
    assert f"a=fmtp:111 {SOUND}\r\n" in tuned
    assert tuned.count("a=fmtp:111 ") == 1
    assert tune_answer(tuned, 2000, 600, 2500) == tuned
    assert "a=fmtp:97 apt=96\r\n" in tuned


def test_numbers_of_one_section_do_not_leak_into_another() -> None:
    sdp = "v=0\r\nm=audio 9 X 96\r\na=rtpmap:96 PCMU/8000\r\nm=video 9 X 96\r\na=rtpmap:96 VP8/90000\r\n"
    assert tune_answer(sdp, 2000, 600, 2500) == sdp + f"a=fmtp:96 {PICTURE}\r\n"


def test_line_ends_are_kept_as_they_are() -> None:
    assert tune_answer("m=video 9 X 96\na=rtpmap:96 VP8/90000", 2000, 600, 2500).split("\n")[0] == "m=video 9 X 96"
    assert filter_candidates("v=0\nm=audio 9 X 0\n\n", loopback=False)[0] == "v=0\nm=audio 9 X 0\n\n"
