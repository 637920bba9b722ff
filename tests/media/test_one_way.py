"""Offers of equipment: which kinds they hold, and how lines that go both ways are narrowed."""

from __future__ import annotations

import pytest

from media.one_way import offered_kinds, one_way

SESSION = "v=0\r\ns=-\r\n"
AUDIO = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
VIDEO = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n"


@pytest.mark.parametrize(
    ("sdp", "kinds"),
    [
        (SESSION + AUDIO + VIDEO, {"audio", "video"}),
        (SESSION + VIDEO, {"video"}),
        (SESSION + "m=application 9 DTLS/SCTP 5000\r\n", set()),
        ("a=m=audio 9\r\n", set()),
        ("", set()),
    ],
)
def test_the_kinds_of_an_offer_are_those_it_has_a_line_for(sdp: str, kinds: set[str]) -> None:
    assert offered_kinds(sdp) == kinds


def test_a_line_that_goes_both_ways_or_says_nothing_is_narrowed() -> None:
    offer = SESSION + AUDIO + "a=sendrecv\r\n" + VIDEO
    assert one_way(offer, "sendonly") == SESSION + AUDIO + "a=sendonly\r\n" + VIDEO + "a=sendonly\r\n"


@pytest.mark.parametrize("way", ["sendonly", "recvonly", "inactive"])
def test_a_line_that_names_its_way_stays(way: str) -> None:
    offer = f"{SESSION}{AUDIO}a={way}\r\na=rtcp-mux\r\n"
    assert one_way(offer, "sendonly") == offer


def test_what_has_no_media_stays() -> None:
    assert one_way("v=0", "sendonly") == "v=0"
    assert one_way("", "sendonly") == ""
