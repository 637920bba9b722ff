"""Which addresses media is offered on, and which names the certificate has."""

from __future__ import annotations

import ipaddress

import pytest

from server.addresses import local_addresses, media_addresses, own_names
from server.settings import read

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
