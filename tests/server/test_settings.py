"""The environment is read once, and everything wrong with it is told at once."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from server.relay import Relay
from server.settings import CHECKOUT, SettingsFaults, origin_of, read

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound here


def test_an_empty_environment_serves_the_hanoi_example_on_this_machine_alone() -> None:
    settings = read({})
    assert settings.event == CHECKOUT / "events" / "default.toml"
    assert settings.event.is_file()
    assert (settings.hosts, settings.port) == (("127.0.0.1",), 8443)
    assert settings.state_dir == CHECKOUT / ".hanmaru"
    assert settings.secret is None
    assert settings.transcode_cores is None
    assert settings.binds_loopback
    assert settings.origin == "https://localhost:8443"


def test_every_variable_counts(tmp_path: Path) -> None:
    settings = read(
        {
            "HANMARU_EVENT": str(tmp_path / "e.toml"),
            "HANMARU_HOST": EVERYWHERE,
            "HANMARU_PORT": "443",
            "HANMARU_STATE_DIR": str(tmp_path),
            "HANMARU_SECRET": "x" * 32,
            "HANMARU_ANNOUNCE": "203.0.113.9, 10.0.0.1=192.0.2.7",
            "HANMARU_TURN": "turn:turn.example:3478?transport=udp, turns:[fd00::1]:443",
            "HANMARU_TURN_SECRET": "t" * 32,
            "HANMARU_TURN_S": "7200",
            "HANMARU_MEDIA_ADDRESSES": "10.0.0.1, fd00::1",
            "HANMARU_PUBLIC_ORIGINS": "https://Hanmaru.Example:443/, https://b.example:8443",
            "HANMARU_CERTIFICATE": str(tmp_path / "c.pem"),
            "HANMARU_KEY": str(tmp_path / "k.pem"),
            "HANMARU_TRANSCODE_CORES": "2.5",
        }
    )
    assert settings.event == tmp_path / "e.toml"
    assert settings.binds_everywhere
    assert not settings.binds_loopback
    assert settings.secret == "x" * 32
    assert settings.announce == ((None, "203.0.113.9"), ("10.0.0.1", "192.0.2.7"))
    assert settings.relay == Relay(("turn:turn.example:3478?transport=udp", "turns:[fd00::1]:443"), "t" * 32, 7200)
    assert settings.transcode_cores == 2.5
    assert settings.media_addresses == ("10.0.0.1", "fd00::1")
    assert settings.public_origins == ("https://hanmaru.example", "https://b.example:8443")
    assert settings.origin == "https://hanmaru.example"
    assert settings.origin_here == "https://localhost"
    assert (settings.certificate, settings.key) == (tmp_path / "c.pem", tmp_path / "k.pem")


@pytest.mark.parametrize(
    ("host", "port", "origin"),
    [
        (EVERYWHERE, "8443", "https://localhost:8443"),
        ("10.1.2.3", "8443", "https://10.1.2.3:8443"),
        ("::1", "9000", "https://localhost:9000"),
        ("fd00::5", "9000", "https://[fd00::5]:9000"),
        ("hall.local", "443", "https://hall.local"),
        (f"{EVERYWHERE},::", "8443", "https://localhost:8443"),
        ("10.1.2.3,10.2.2.3", "8443", "https://10.1.2.3:8443"),
        ("10.1.2.3,127.0.0.1", "8443", "https://localhost:8443"),
    ],
)
def test_links_point_to_a_name_that_a_browser_reaches(host: str, port: str, origin: str) -> None:
    assert read({"HANMARU_HOST": host, "HANMARU_PORT": port}).origin == origin


def test_everything_wrong_is_told_at_once_and_a_secret_is_never_shown() -> None:
    with pytest.raises(SettingsFaults) as refused:
        read(
            {
                "HANMARU_PORT": "https",
                "HANMARU_SECRET": "hunter2",
                "HANMARU_ANNOUNCE": "example.org",
                "HANMARU_MEDIA_ADDRESSES": "10.0.0.300",
                "HANMARU_PUBLIC_ORIGINS": "http://plain.example",
                "HANMARU_KEY": "/x",
            }
        )
    text = str(refused.value)
    assert len(refused.value.sentences) == 6
    for name in ("PORT", "SECRET", "ANNOUNCE", "MEDIA_ADDRESSES", "PUBLIC_ORIGINS", "KEY"):
        assert f"HANMARU_{name}" in text
    assert "hunter2" not in text


def test_behind_a_proxy_plain_http_is_served_where_it_is_safe_and_links_point_to_the_proxy() -> None:
    plain = {"HANMARU_TLS": "off", "HANMARU_PORT": "8080", "HANMARU_PUBLIC_ORIGINS": "https://hanmaru.example"}
    settings = read(plain)
    assert not settings.tls
    assert settings.origin == "https://hanmaru.example"
    assert settings.origin_here == "http://localhost:8080"
    settings = read({**plain, "HANMARU_HOST": EVERYWHERE, "HANMARU_TRUSTED_PROXIES": "10.0.0.1, fd00::/8"})
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.1/32", "fd00::/8"]
    assert read({}).trusted_proxies == ()


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"HANMARU_TLS": "off", "HANMARU_HOST": EVERYWHERE, "HANMARU_PUBLIC_ORIGINS": "https://a.example"}, "bind to"),
        ({"HANMARU_TLS": "off"}, "what browsers type"),
        (
            {
                "HANMARU_TLS": "off",
                "HANMARU_PUBLIC_ORIGINS": "https://a.example",
                "HANMARU_CERTIFICATE": "c.pem",
                "HANMARU_KEY": "k.pem",
            },
            "has no use",
        ),
        ({"HANMARU_TLS": "maybe"}, "on or off"),
        ({"HANMARU_ANNOUNCE": "hall=192.0.2.7"}, "10.0.0.5=192.0.2.7"),
        ({"HANMARU_ANNOUNCE": ",".join(f"192.0.2.{n}" for n in range(9))}, "at most 8"),
        ({"HANMARU_TURN": "turn:turn.example"}, "belong together"),
        ({"HANMARU_TURN_SECRET": "t" * 32}, "belong together"),
        ({"HANMARU_TURN": "stun:turn.example", "HANMARU_TURN_SECRET": "t" * 32}, "turns:HOST:443"),
        ({"HANMARU_TURN": ",".join(["turn:a.example"] * 7), "HANMARU_TURN_SECRET": "t" * 32}, "at most 6"),
        ({"HANMARU_TURN": "turn:a.example", "HANMARU_TURN_SECRET": "short"}, "at least 32"),
        ({"HANMARU_TURN_S": "60"}, "from 600 to 86400"),
        ({"HANMARU_TRUSTED_PROXIES": "proxy.example"}, "addresses or networks"),
        ({"HANMARU_METRICS": "everybody"}, "addresses or networks"),
        ({"HANMARU_TRANSCODE_CORES": "-1"}, "processor cores"),
        ({"HANMARU_TRANSCODE_CORES": "nan"}, "processor cores"),
        ({"HANMARU_PUBLIC_ORIGINS": "https://a.example/hanmaru"}, "a host name of its own"),
    ],
)
def test_what_is_not_safe_or_cannot_work_is_refused_with_a_sentence(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsFaults) as refused:
        read(environment)
    (said,) = refused.value.sentences
    assert sentence in said


def test_figures_are_for_private_networks_unless_somebody_says_otherwise() -> None:
    for word, networks in {"off": None, "token": (), "192.0.2.0/24": (ip_network("192.0.2.0/24"),)}.items():
        assert read({"HANMARU_METRICS": word}).metrics == networks
    private = read({}).metrics
    assert private == read({"HANMARU_METRICS": "private"}).metrics
    assert private is not None
    for address, is_private in {"10.1.2.3": True, "127.0.0.1": True, "203.0.113.9": False, "172.32.0.1": False}.items():
        assert any(ip_address(address) in network for network in private) is is_private


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://A.Example", "https://a.example"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:80", "http://a.example"),
        ("https://[::1]:8443", "https://[::1]:8443"),
        ("null", None),
        ("https://a.example/path", None),
        ("https://user@a.example", None),
        ("https://a.example:port", None),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_an_origin_has_one_spelling_or_is_none(text: str, origin: str | None) -> None:
    assert origin_of(text) == origin
