"""Offers that the server's own checks pass, and descriptions of others that are read right."""

from __future__ import annotations

import pytest

from bench.peer import way
from bench.sdp import Secrets, describe, mirrored, secrets
from media.sdp import check_offer

OURS = Secrets(
    "abcd", "p" * 24, ":".join(["AB"] * 32), "actpass", ("candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host",)
)


def test_an_offer_passes_the_checks_of_the_server() -> None:
    offer = describe([way("audio", "sendrecv", "0"), way("video", "sendrecv", "1")], OURS)
    check_offer(offer, "sendrecv", "sendrecv")


def test_what_is_said_is_read_again() -> None:
    assert secrets(describe([way("audio", "sendrecv", "0")], OURS)) == OURS


def test_a_description_without_a_fingerprint_is_refused() -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        secrets("a=ice-ufrag:abcd\r\na=ice-pwd:x\r\na=setup:active\r\n")


def test_an_offer_is_turned_round_line_by_line() -> None:
    offer = describe([way("video", "sendonly", "v"), way("audio", "recvonly", "a")], OURS)
    assert mirrored(offer) == [("video", "recvonly", "v", 96, 97, 2), ("audio", "sendonly", "a", 111, 0, 0)]
