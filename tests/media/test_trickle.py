"""Fragments of SDP with candidates (RFC 8840): read whole, or refused with a sentence."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.errors import CandidateError
from media.trickle import Fragment, read_fragment, ufrags

HOST = "candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host"
RFC = f"""a=ice-ufrag:EsAw
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
m=audio 9 UDP/TLS/RTP/SAVPF 0
a=mid:0
a={HOST}
a=end-of-candidates
"""


def test_a_fragment_names_its_session_and_its_candidates() -> None:
    assert read_fragment(RFC.replace("\n", "\r\n")) == Fragment("EsAw", (("0", HOST), ("0", "")))


def test_a_fragment_may_hold_bare_candidates() -> None:
    assert read_fragment(f"a={HOST}") == Fragment(None, ((None, HOST),))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\r\n",
        "garbage",
        "a=candidate:nonsense",
        "a=candidate:1 1 udp 1 192.0.2.7 99999 typ host",
        f"a={HOST}\n" * 33,
        "a=mid:0\n" * 300,
        "a=ice-ufrag:x\x00",
    ],
)
def test_what_is_no_fragment_is_refused(text: str) -> None:
    with pytest.raises(CandidateError):
        read_fragment(text)


@given(st.text(max_size=400))
def test_reading_is_total(text: str) -> None:
    with suppress(CandidateError):
        assert isinstance(read_fragment(text), Fragment)


def test_the_user_names_of_an_offer_may_stand_anywhere() -> None:
    offer = "v=0\r\na=ice-ufrag:one\r\nm=audio 9 x 0\r\na=ice-ufrag:two\r\na=mid:0\r\n"
    assert ufrags(offer) == {"one", "two"}
