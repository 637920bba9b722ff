"""The environment is read once, and everything wrong with it is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.settings import CHECKOUT, SettingsFaults, origin_of, read

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound here


def test_an_empty_environment_serves_the_hanoi_example_on_this_machine_alone() -> None:
    settings = read({})
    assert settings.event == CHECKOUT / "events" / "suwon-hanoi.toml"
    assert settings.event.is_file()
    assert (settings.host, settings.port) == ("127.0.0.1", 8443)
    assert settings.state_dir == CHECKOUT / ".hanmaru"
    assert settings.secret is None
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
            "HANMARU_ANNOUNCE": "203.0.113.9",
            "HANMARU_MEDIA_ADDRESSES": "10.0.0.1, fd00::1",
            "HANMARU_PUBLIC_ORIGINS": "https://Hanmaru.Example:443/, https://b.example:8443",
            "HANMARU_CERTIFICATE": str(tmp_path / "c.pem"),
            "HANMARU_KEY": str(tmp_path / "k.pem"),
        }
    )
    assert settings.event == tmp_path / "e.toml"
    assert settings.binds_everywhere
    assert not settings.binds_loopback
    assert settings.secret == "x" * 32
    assert settings.announce == "203.0.113.9"
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
