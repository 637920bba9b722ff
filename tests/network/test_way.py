"""What a packet meets on a lane, in time that is made up."""

from __future__ import annotations

import itertools

import pytest

from bench.line import Impairment
from tests.support.weather.packets import destination, packed
from tests.support.weather.way import CUT, OPEN, Lane, Way

TCP, UDP = 6, 17


def packet(protocol: int = UDP, size: int = 1000, ports: tuple[int, int] = (40_000, 443), version: int = 4) -> bytes:
    """An IP packet to 10.77.0.1 or fd77::1."""
    if version == 4:
        head = bytes((0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol)) + b"\0" * 6 + packed("10.77.0.1")
    else:
        head = bytes((0x60, 0, 0, 0, 0, 0, protocol, 64)) + b"\0" * 16 + packed("fd77::1")
    return (head + b"".join(port.to_bytes(2, "big") for port in ports)).ljust(size, b"\0")


def test_addresses_are_found_in_both_families() -> None:
    assert destination(packet()) == packed("10.77.0.1")
    assert destination(packet(version=6)) == packed("fd77::1")
    assert destination(b"") is None
    assert destination(packet()[:19]) is None


def test_an_open_way_takes_no_time() -> None:
    lane = Lane()
    assert lane.enter(packet(), 5.0) == 5.0
    assert lane.counts == {"passed": 1, "bytes": 1000}


def test_a_cut_way_passes_nothing_until_it_is_mended() -> None:
    lane = Lane(CUT)
    assert lane.enter(packet(), 5.0) is None
    lane.way = OPEN
    assert lane.enter(packet(), 6.0) == 6.0
    assert lane.counts["cut"] == 1


def test_loss_is_what_was_asked_for() -> None:
    lane = Lane(Way(Impairment(loss=0.03)), seed=7)
    fates = [lane.enter(packet(), 0.0) for _ in range(40_000)]
    assert fates.count(None) / len(fates) == pytest.approx(0.03, abs=0.003)
    assert lane.counts["lost"] == fates.count(None)


def test_jitter_keeps_the_order_unless_it_is_to_break_it() -> None:
    jitter = Impairment(delay_s=0.04, jitter_s=0.03)
    kept, broken = Lane(Way(jitter), seed=1), Lane(Way(jitter, reorders=True), seed=1)
    sent = [number * 0.005 for number in range(2000)]
    for lane, ordered in ((kept, True), (broken, False)):
        out = [lane.enter(packet(), at_s) or 0.0 for at_s in sent]
        assert (out == sorted(out)) is ordered
        assert all(0.04 <= late - at_s <= 0.07 + 1e-9 for at_s, late in zip(sent, out, strict=True))


def test_rate_spaces_packets_and_a_full_queue_drops_the_newest() -> None:
    lane = Lane(Way(rate_bits_per_s=400_000, queue_bytes=10_000))
    out = [at_s for _ in range(20) if (at_s := lane.enter(packet(), 0.0)) is not None]
    assert len(out) == 10
    assert lane.counts["overflowed"] == 10
    assert [later - sooner for sooner, later in itertools.pairwise(out)] == pytest.approx([0.02] * 9)
    assert lane.enter(packet(), 10.0) == pytest.approx(10.02)


def test_udp_and_foreign_ports_are_forbidden_by_name() -> None:
    no_udp, only_https = Lane(Way(drop_udp=True)), Lane(Way(only_tcp_ports=(443,)))
    for version in (4, 6):
        assert no_udp.enter(packet(UDP, version=version), 0.0) is None
        assert no_udp.enter(packet(TCP, version=version), 0.0) is not None
        assert only_https.enter(packet(TCP, version=version), 0.0) is not None
        assert only_https.enter(packet(TCP, ports=(443, 40_000), version=version), 0.0) is not None
        assert only_https.enter(packet(TCP, ports=(40_000, 8443), version=version), 0.0) is None
        assert only_https.enter(packet(UDP, version=version), 0.0) is None


def test_a_way_is_understood_as_it_was_spoken() -> None:
    way = Way(Impairment(0.1, 2, 0.03, 0.04), 400_000, 5000, cut=True, drop_udp=True, only_tcp_ports=(443,))
    assert Way.understood(way.spoken()) == way
