"""Debian packages are asked for by their exact command, and never without need."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from tools import debian
from tools.say import Stop


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose PATH holds nothing but the commands that a test writes."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(debian, "POLICY", tmp_path / "policy-rc.d")
    return tmp_path


def command(machine: Path, name: str, script: str) -> None:
    """Put a command on that machine."""
    (machine / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (machine / name).chmod(0o755)


def test_every_listed_package_has_a_step_that_asks_for_it() -> None:
    rows = [line for line in debian.LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert len(rows) == sum(len(debian.needed_for(step)) for step in ("set-up", "native", "sheet", "test", "bench"))
    assert "chromium" in debian.needed_for("test")


def test_without_root_the_exact_command_is_named(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command(machine, "dpkg-query", "exit 1")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Stop, match=r"sudo apt-get install --yes --no-install-recommends python3-venv"):
        debian.install("set-up")


def test_root_installs_what_is_missing_after_an_update(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command(machine, "dpkg-query", "exit 1")
    command(machine, "apt-get", f'echo "$@" >> {machine}/calls')
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    debian.install("set-up")
    calls = (machine / "calls").read_text(encoding="utf-8").splitlines()
    assert calls == ["update", "install --yes --no-install-recommends python3-venv"]


def test_no_service_starts_because_of_a_test_and_nothing_stays_behind(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = machine / "policy-rc.d"
    command(machine, "dpkg-query", "exit 1")
    command(machine, "apt-get", f"{policy}; echo $? >> {machine}/said")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    debian.install("set-up")
    assert (machine / "said").read_text(encoding="utf-8") == "101\n101\n"
    assert not policy.exists()
    command(machine, "policy-rc.d", "exit 104")
    debian.install("set-up")
    assert policy.exists(), "somebody else's policy"


def test_what_is_there_costs_nothing(machine: Path) -> None:
    command(machine, "dpkg-query", "printf installed")
    command(machine, "apt-get", "exit 1")
    debian.install("test")


def test_a_failing_apt_stops_with_the_command_that_failed(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command(machine, "dpkg-query", "exit 1")
    command(machine, "apt-get", "exit 100")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(Stop, match="`apt-get update` failed"):
        debian.install("set-up")


def test_another_system_is_told_what_debian_calls_it(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not list(machine.iterdir())
    debian.install("test")
    assert "not a Debian system" in capsys.readouterr().err


def test_ubuntu_is_told_where_a_browser_comes_from(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command(machine, "dpkg-query", "exit 1")
    command(machine, "apt-get", f'echo "$@" >> {machine}/calls')
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "ubuntu"})
    debian.install("test")
    assert "chromium" not in (machine / "calls").read_text(encoding="utf-8")
    command(machine, "google-chrome", "exit 0")
    debian.require_browser()
    assert capsys.readouterr().err.count("installing") == 1


def test_ubuntu_without_a_browser_stops_with_the_command(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command(machine, "dpkg-query", "exit 1")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(machine / "none"))
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "ubuntu"})
    monkeypatch.setattr(debian, "OWN_CHROMIUM", machine / "none")
    with pytest.raises(Stop, match="playwright install --with-deps chromium"):
        debian.require_browser()
