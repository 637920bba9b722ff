"""Debian packages: which ones a step needs, which are missing, and how they come."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.say import Stop, say

LIST = Path(__file__).with_name("debian.txt")
POLICY = Path("/usr/sbin/policy-rc.d")
OWN_CHROMIUM = Path("/usr/lib/chromium/chromium")
SNAP_CHROMIUM = (
    "Ubuntu's own Chromium is a snap, which no test can drive. Install Google Chrome's .deb, or run\n"
    "   .venv/bin/python -m playwright install --with-deps chromium\n"
    "   and then `make test` again."
)


def needed_for(step: str) -> list[str]:
    """Names of the packages that debian.txt lists for a step."""
    rows = [line.partition("#")[0].split() for line in LIST.read_text(encoding="utf-8").splitlines()]
    return [row[1] for row in rows if row and row[0] == step]


def install(*steps: str) -> None:
    """Bring what is missing for these steps; raise Stop with the exact command where we may not."""
    wanted = [name for step in steps for name in needed_for(step)]
    if shutil.which("dpkg-query") is None:
        say(f"not a Debian system: going on without a look at {', '.join(wanted)}, as Debian calls them")
        return
    missing = [name for name in wanted if not _installed(name)]
    if "chromium" in missing and _is_ubuntu():
        missing.remove("chromium")
    if not missing:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        by_hand = f"sudo apt-get update && sudo {' '.join(command)}"
        raise Stop(f"only root may install the Debian packages that are missing. Run\n   {by_hand}")
    say(f"installing Debian packages: {' '.join(missing)}" + (" (some minutes)" if "chromium" in missing else ""))
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with starting_no_services():
        for each in (["apt-get", "update"], command):
            if subprocess.run(each, env=environment, check=False).returncode != 0:
                raise Stop(f"`{' '.join(each)}` failed; its last lines above say why")


@contextmanager
def starting_no_services() -> Iterator[None]:
    """Within: a package that is a service (nginx, prometheus) is not started; a policy that is there already stays.

    See policy-rc.d in https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt.
    """
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def require_browser() -> None:
    """Raise Stop on Ubuntu without a browser that tests can drive: there it does not come through apt."""
    if shutil.which("dpkg-query") and _is_ubuntu() and not browser_found():
        raise Stop(SNAP_CHROMIUM)


def browser_found() -> bool:
    """Whether a browser that tests can drive stands on this machine: one of its own or Playwright's."""
    if shutil.which("google-chrome") or OWN_CHROMIUM.exists():
        return True
    downloaded = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    return any(downloaded.glob("chromium-*"))


def _installed(name: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat", "${db:Status-Status}", name]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout == "installed"


def _is_ubuntu() -> bool:
    return platform.freedesktop_os_release().get("ID") == "ubuntu"
