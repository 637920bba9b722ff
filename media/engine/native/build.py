"""Compiles the fast path with the machine's C compiler, into the virtual environment. Set-up runs it as a script.

The file's name has the digest of what it was made from: another checkout of the code never meets a library whose
structures it does not know.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEADERS = [HERE / f"{name}.h" for name in ("port", "rtp", "sound", "playout", "gain", "tape", "level", "voice", "desk")]
"""In the order of their declarations: cffi reads them one after the other."""
SOURCES = sorted(HERE.glob("*.c"))
COMPILER = "cc"
FLAGS = (
    *("-std=c11", "-O3", "-Wall", "-Wextra", "-fPIC", "-shared", "-fstack-protector-strong", "-fvisibility=default"),
    "-ffp-contract=off",  # a product and a sum rounded once decide otherwise than Python, which rounds twice
)
LIBRARIES = ("-lm",)


def library() -> Path:
    """Where the library of exactly these sources is, or would be."""
    digest = hashlib.sha256(repr(FLAGS).encode())
    for source in (*HEADERS, *SOURCES):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return Path(sys.prefix) / "lib" / "hanmaru" / f"native-{digest.hexdigest()[:16]}.so"


def build(target: Path, *more_flags: str) -> None:
    """Compile to `target`, in one step or not at all. Raises CalledProcessError, OSError without a compiler."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(f".{os.getpid()}")
    try:
        subprocess.run([COMPILER, *FLAGS, *more_flags, *SOURCES, *LIBRARIES, "-o", unfinished], check=True)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    there = library().exists()
    if sys.argv[1:] == ["--find"]:
        sys.exit(not there)
    if not there:
        for old in library().parent.glob("native-*.so"):
            old.unlink()
        build(library())
