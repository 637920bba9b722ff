"""Set-up says what a person must do, and costs nothing the second time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import install
from tools.say import Stop


def test_a_python_that_is_too_old_is_told_which_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 12, "final", 0))
    with pytest.raises(Stop, match=r"this is Python 3\.10\.12, Hanmaru needs 3\.11 or newer"):
        install.install("run")


def test_pages_get_the_korean_font_whole_and_the_chinese_one_in_slices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages, served = tmp_path / "packages", tmp_path / "fonts"
    for name in (
        "pretendard/dist/web/variable/woff2/PretendardVariable.woff2",
        "@fontsource-variable/noto-sans-hk/index.css",
        "@fontsource-variable/noto-sans-hk/files/noto-sans-hk-0-wght-normal.woff2",
    ):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).touch()
    monkeypatch.setattr(install, "FONTS", served)
    monkeypatch.setattr(install, "FONT", served / install.FONT.name)
    monkeypatch.setattr(install, "HAN_FONT", served / "noto-sans-hk" / "index.css")
    for _ in range(2):
        install.copy_fonts(packages)
    assert sorted(str(path.relative_to(served)) for path in served.rglob("*.*")) == [
        "PretendardVariable.woff2",
        "noto-sans-hk/files/noto-sans-hk-0-wght-normal.woff2",
        "noto-sans-hk/index.css",
    ]


def test_a_second_set_up_asks_no_network() -> None:
    if not install.done("python-dev", install.LOCK):
        pytest.skip("this .venv was not made by `make test`")
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    again = subprocess.run(
        [sys.executable, "-m", "tools.install", "test"],
        cwd=install.ROOT,
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    assert "installing" not in again.stderr
