"""ICE candidates: the server sends packets only where a booth can be."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.candidates import allowed, announce, parse
from media.errors import CandidateError


def line(address: str, port: int = 50000, transport: str = "udp", tail: str = "") -> str:
    return f"candidate:1587478448 1 {transport} 2113937151 {address} {port} typ host{tail}"


def is_allowed(address: str, *, loopback: bool = False) -> bool:
    return allowed(parse(line(address)), loopback=loopback)


def test_a_candidate_of_chromium_is_read() -> None:
    candidate = parse(
        "candidate:842163049 1 udp 1677729535 203.0.113.9 46154 typ srflx"
        " raddr 192.168.1.20 rport 50000 generation 0 ufrag bCv3"
    )
    assert (candidate.transport, candidate.address, candidate.port) == ("udp", "203.0.113.9", 46154)
    assert (candidate.kind, candidate.component, candidate.priority) == ("srflx", 1, 1677729535)
    assert candidate.rest == " raddr 192.168.1.20 rport 50000 generation 0 ufrag bCv3"
    assert allowed(candidate, loopback=False)


@pytest.mark.parametrize(
    "address",
    ["192.168.1.20", "10.0.0.5", "172.16.3.3", "203.0.113.9", "8.8.8.8", "2001:db8::20", "fd12::1", "100.64.0.7"],
)
def test_ordinary_addresses_are_allowed(address: str) -> None:
    assert is_allowed(address)
    assert is_allowed(address, loopback=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])
def test_loopback_is_for_events_that_allow_it(address: str) -> None:
    assert not is_allowed(address)
    assert is_allowed(address, loopback=True)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "169.254.1.1", "fe80::1", "fe80::1%eth0", "fec0::1",
        "224.0.0.1", "239.255.255.250", "ff02::1", "255.255.255.255", "240.0.0.1",
        "0.1.2.3", "::ffff:0:0", "::", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254",
        "::ffff:169.254.169.254", "::ffff:0.1.2.3", "::ffff:224.0.0.1", "::169.254.169.254",
        "2002:a9fe:a9fe::1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe",
        "2001:0:4136:e378:8000:63bf:5601:5601",
    ],
)  # fmt: skip
def test_addresses_that_are_no_booth_are_never_contacted(address: str) -> None:
    assert not is_allowed(address)
    assert not is_allowed(address, loopback=True)


@pytest.mark.parametrize(
    "name",
    [
        "1f4b2c3d-0000-4000-8000-123456789abc.local",
        "localhost",
        "metadata.google.internal",
        "2130706433",
        "0x7f000001",
        "127.1",
        "0177.0.0.1",
    ],
)
def test_names_and_disguised_numbers_are_never_resolved(name: str) -> None:
    assert not is_allowed(name, loopback=True)


def test_only_udp_component_1_and_a_real_port_are_allowed() -> None:
    assert not allowed(parse(line("192.168.1.20", 9, "tcp", " tcptype active")), loopback=False)
    assert not allowed(parse(line("192.168.1.20", 0)), loopback=False)
    assert not allowed(parse("candidate:1 2 udp 1 192.168.1.20 50000 typ host"), loopback=False)
    assert allowed(parse(line("192.168.1.20", transport="UDP")), loopback=False)


@given(st.integers(0, 0xFFFFFFFF), st.booleans())
def test_a_mapped_address_is_judged_by_what_is_inside(number: int, loopback: bool) -> None:
    inner = IPv4Address(number)
    assert is_allowed(f"::ffff:{inner}", loopback=loopback) == is_allowed(str(inner), loopback=loopback)


@pytest.mark.parametrize(
    "text",
    [
        "", "candidate:", "hello", line("192.168.1.20", 65536), line("192.168.1.20") + "\r\na=x",
        line("192.168.1.20").replace("host", "elsewhere"), line("192.168.1.20").replace(" udp", ""),
        line("192.168.1.20") + " x" * 300, line("１９２.168.1.20"), line("a b"),
        "candidate:1 0 udp 1 192.168.1.20 50000 typ host", "candidate:1 1 udp 4294967296 192.168.1.20 50000 typ host",
    ],
)  # fmt: skip
def test_what_is_no_candidate_is_an_error_with_a_code(text: str) -> None:
    with pytest.raises(CandidateError) as caught:
        parse(text)
    assert caught.value.code == "bad_candidate"
    assert caught.value.message.endswith(".")


@given(st.text(max_size=80) | st.text(max_size=60).map(lambda text: "candidate:1 1 udp 1 " + text))
def test_any_text_is_a_candidate_or_an_error(text: str) -> None:
    try:
        allowed(parse(text), loopback=True)
    except CandidateError:
        return


ANSWER = (
    "v=0\r\nm=audio 43385 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 10.0.0.5\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
    "a=candidate:1 1 udp 2130706431 10.0.0.5 43385 typ host\r\n"
    "a=candidate:2 1 udp 2130706431 10.0.0.51 43386 typ host\r\n"
    "a=candidate:3 1 udp 1694498815 10.0.0.5 43385 typ srflx raddr 10.0.0.5 rport 43385\r\n"
)


def test_the_announced_address_is_offered_beside_the_local_one_behind_it_in_order_of_preference() -> None:
    local = "a=candidate:1 1 udp 2130706431 10.0.0.5 43385 typ host\r\n"
    announced = announce(ANSWER, (("10.0.0.5", "203.0.113.80"), ("10.0.0.5", "192.0.2.80"), ("10.0.0.9", "192.0.2.9")))
    assert announced == ANSWER.replace(
        local,
        local
        + "a=candidate:1n0 1 udp 2130706175 203.0.113.80 43385 typ host\r\n"
        + "a=candidate:1n1 1 udp 2130706175 192.0.2.80 43385 typ host\r\n",
    )
    assert announce(ANSWER, ()) == ANSWER


def test_an_announced_address_that_is_the_local_one_is_offered_once() -> None:
    assert announce(ANSWER, (("10.0.0.5", "10.0.0.5"),)) == ANSWER


def test_every_announced_candidate_is_one_that_a_peer_can_read() -> None:
    lines = [line for line in announce(ANSWER, (("10.0.0.5", "2001:db8::80"),)).splitlines() if "2001:db8" in line]
    assert [parse(line).address for line in lines] == ["2001:db8::80"]
