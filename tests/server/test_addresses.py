"""Which addresses media is offered on, and which names the certificate has."""

from __future__ import annotations

import ipaddress

import pytest

from server.addresses import announced, local_addresses, media_addresses, own_names
from server.settings import SetupError, read

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound here


@pytest.mark.parametrize(
    ("environment", "addresses"),
    [
        ({}, ("127.0.0.1",)),
        ({"HANMARU_HOST": "localhost"}, ("127.0.0.1",)),
        ({"HANMARU_HOST": "::1"}, ("::1",)),
        ({"HANMARU_HOST": "10.1.2.3"}, ("10.1.2.3",)),
        ({"HANMARU_HOST": EVERYWHERE, "HANMARU_MEDIA_ADDRESSES": "10.0.0.5,10.0.0.6"}, ("10.0.0.5", "10.0.0.6")),
        ({"HANMARU_HOST": "no-such-host.invalid"}, ()),
        ({"HANMARU_HOST": "10.1.2.3, 10.2.2.3, fd00::5"}, ("10.1.2.3", "10.2.2.3", "fd00::5")),
    ],
)
def test_media_is_offered_where_the_server_is_bound_unless_told_otherwise(
    environment: dict[str, str], addresses: tuple[str, ...]
) -> None:
    assert media_addresses(read(environment)) == addresses


def test_a_server_bound_everywhere_offers_every_network_of_this_machine() -> None:
    offered = media_addresses(read({"HANMARU_HOST": EVERYWHERE}))
    assert offered == (local_addresses() or ("127.0.0.1",))
    for address in local_addresses():
        assert not ipaddress.ip_address(address).is_loopback
        assert not ipaddress.ip_address(address).is_link_local


@pytest.mark.parametrize(
    ("announce", "pairs"),
    [
        ("", ()),
        ("203.0.113.9", (("10.0.0.5", "203.0.113.9"), ("10.1.0.5", "203.0.113.9"))),
        ("10.1.0.5=203.0.113.9", (("10.1.0.5", "203.0.113.9"),)),
        ("10.0.0.5=192.0.2.7,10.0.0.5=203.0.113.9", (("10.0.0.5", "192.0.2.7"), ("10.0.0.5", "203.0.113.9"))),
        ("2001:db8::9", (("fd00::5", "2001:db8::9"),)),
    ],
)
def test_a_public_address_stands_beside_the_local_ones_of_its_family_or_the_one_that_is_named(
    announce: str, pairs: tuple[tuple[str, str], ...]
) -> None:
    networks = "10.0.0.5,10.1.0.5,fd00::5"
    assert announced(read({"HANMARU_MEDIA_ADDRESSES": networks, "HANMARU_ANNOUNCE": announce})) == pairs


@pytest.mark.parametrize("announce", ["2001:db8::9", "10.9.9.9=203.0.113.9"])
def test_a_public_address_that_no_local_one_stands_behind_is_refused_with_a_sentence(announce: str) -> None:
    with pytest.raises(SetupError, match=r"but media is offered on 10\.0\.0\.5 only"):
        announced(read({"HANMARU_HOST": "10.0.0.5", "HANMARU_ANNOUNCE": announce}))


def test_the_certificate_covers_every_way_to_reach_the_server() -> None:
    names, addresses = own_names(
        read(
            {
                "HANMARU_HOST": EVERYWHERE,
                "HANMARU_ANNOUNCE": "203.0.113.9",
                "HANMARU_PUBLIC_ORIGINS": "https://hall.example,https://[2001:db8::7]:8443",
            }
        )
    )
    assert {"localhost", "hall.example"} <= set(names)
    assert {"127.0.0.1", "::1", "203.0.113.9", "2001:db8::7", *local_addresses()} <= set(addresses)
    assert EVERYWHERE not in addresses
