"""The part in C is built for exactly these sources, and withstands whatever a network may bring."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from media.engine.native import build as build_module
from media.engine.native.build import COMPILER, build, library

STORM_S = 4.0
ROOT = Path(__file__).parents[4]
compiled = pytest.mark.skipif(shutil.which(COMPILER) is None, reason="this machine has no C compiler")


@compiled
def test_the_library_of_these_sources_is_built_here() -> None:
    assert library().exists(), "set-up compiles it; without a compiler everything works, but slower"


def test_other_sources_are_another_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = library()
    changed = tmp_path / "port.c"
    changed.write_bytes(build_module.SOURCES[0].read_bytes() + b"\n")
    monkeypatch.setattr(build_module, "SOURCES", [changed])
    assert library() != before


@compiled
def test_what_cannot_be_compiled_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "port.c"
    broken.write_text("int x = ;")
    monkeypatch.setattr(build_module, "SOURCES", [broken])
    with pytest.raises(subprocess.CalledProcessError):
        build(tmp_path / "out" / "native.so")
    assert list((tmp_path / "out").iterdir()) == []


@compiled
@pytest.mark.parametrize("seed", [1, 2])
def test_no_datagram_makes_it_touch_what_is_not_its_own(tmp_path: Path, seed: int) -> None:
    sanitizer = subprocess.run([COMPILER, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    preload = Path(sanitizer.stdout.strip())
    if not preload.is_absolute():
        pytest.skip("this compiler has no address sanitizer")
    checked = tmp_path / "checked.so"
    build(checked, "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all", "-g", "-O1")
    environment = {**os.environ, "LD_PRELOAD": str(preload), "ASAN_OPTIONS": "detect_leaks=0"}
    environment["PYTHONMALLOC"] = "malloc"  # Python's own arenas would hide where a packet ends
    storm = [sys.executable, "-m", "tests.support.native_storm", str(checked), str(STORM_S), str(seed)]
    done = subprocess.run(storm, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
