"""Puts what a make verb needs into .venv of the checkout: `python3 -m tools.install VERB` (see GROUPS).

Runs on any Python, so that one that is too old is told so. A step that is done leaves a stamp with the digest of
what it was made from: run again, nothing happens and no network is needed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.debian import install as install_debian_packages
from tools.debian import require_browser
from tools.say import Stop, say

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NPM = VENV / "npm"
COMPILER = NPM / "node_modules" / ".bin" / "tsc"
FONTS = ROOT / "web" / "fonts"
FONT = FONTS / "PretendardVariable.woff2"
HAN_FONT = FONTS / "noto-sans-hk" / "index.css"  # Pretendard has no Chinese; a page fetches only the slices it shows
LOCK = ROOT / "uv.lock"
UV_LOCK = ROOT / "tools" / "uv.txt"  # the installer itself, by digest
NPM_LOCK = ROOT / "tools" / "npm" / "package-lock.json"
OLDEST = (3, 11)
NATIVE = ROOT / "media" / "engine" / "native" / "build.py"
WITHOUT_FONT = "pages will use this machine's fonts instead of Pretendard and Noto Sans HK"

# What each verb needs beyond the packages that the service itself runs on.
GROUPS = {"run": (), "sheet": (), "test": ("dev",), "check": ("dev",), "bench": ("dev", "bench")}
DEBIAN: dict[str, tuple[str, ...]] = {
    "run": (),
    "sheet": ("sheet",),
    "test": ("sheet", "test"),
    "check": (),
    "bench": ("bench",),
}
GOES_WITHOUT = ("bench",)
"""Steps that say what they do without where their packages cannot be installed."""


def install(verb: str) -> None:
    """Bring everything one verb needs; raise Stop when a person has to act."""
    if sys.version_info < OLDEST:
        version = ".".join(str(number) for number in sys.version_info[:3])
        raise Stop(f"this is Python {version}, Hanmaru needs 3.11 or newer; name one: make {verb} PYTHON=python3.12")
    groups = GROUPS[verb]
    if verb == "check" and shutil.which("npm") is None:
        groups += ("node",)
    makes_venv = not venv_serves()
    lacks_pip = makes_venv and importlib.util.find_spec("ensurepip") is None
    if steps := [*(["set-up"] if lacks_pip else []), *DEBIAN[verb]]:
        try:
            install_debian_packages(*steps)
        except Stop as stop:
            if lacks_pip or verb not in GOES_WITHOUT:
                raise
            say(f"{stop}\n   Going on without them")
    if makes_venv:
        say("making .venv")
        run(sys.executable, "-m", "venv", "--clear", VENV, failure="could not make .venv")
    install_python_packages(groups)
    compile_native()
    if verb == "test":
        require_browser()
    install_npm_packages(compiler=verb == "check")


def venv_serves() -> bool:
    """Whether a Python that is new enough lives in .venv; not so after the system's Python went away."""
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False).returncode == 0


def install_python_packages(groups: tuple[str, ...]) -> None:
    """Bring the locked packages, each checked against the digest in uv.lock, and nothing else."""
    wanted = [group for group in ("run", *groups) if not done(f"python-{group}", LOCK)]
    if not wanted:
        return
    if not done("uv", UV_LOCK):
        say("installing uv, which installs the rest (20 MB)")
        pip = (PYTHON, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--only-binary=:all:")
        run(*pip, "--require-hashes", "--requirement", UV_LOCK, failure="could not install uv")
        mark("uv", UV_LOCK)
    say(f"installing Python packages for: {', '.join(wanted)} (up to 200 MB)")
    sync = (VENV / "bin" / "uv", "sync", "--frozen", "--inexact", "--no-cache", "--python", PYTHON)
    # Compiled at once: where Python may write no bytecode, every process would do it all anew, for up to 1 s each.
    wanted_groups = (f"--group={group}" for group in groups)
    run(*sync, "--compile-bytecode", *wanted_groups, failure="could not install the Python packages")
    for group in wanted:
        mark(f"python-{group}", LOCK)


def compile_native() -> None:
    """Compile the part in C; without a compiler Python does its work, for more CPU."""
    native = subprocess.run([PYTHON, NATIVE, "--find"], capture_output=True, check=False)
    if native.returncode == 0:
        return
    try:
        if shutil.which("cc") is None:
            install_debian_packages("native")
        say("compiling the part in C")
        run(PYTHON, NATIVE, failure="could not compile media/engine/native")
    except Stop as stop:
        say(f"{stop}\n   Going on without it: pictures and sound take more CPU")


def install_npm_packages(*, compiler: bool) -> None:
    """Bring the fonts that the pages serve, and for `check` the compiler that reads their types. All can be missing."""
    wanted, step = ((COMPILER,), "npm-compiler") if compiler else ((FONT, HAN_FONT), "npm-font")
    if all(each.exists() for each in wanted) and done(step, NPM_LOCK):
        return
    if find_npm() is None:
        say(f"npm is not installed: {WITHOUT_FONT} (to have it: apt-get install npm)")
        return
    say("installing the fonts of the pages" + (" and the type checker" if compiler else "") + " from npm (40 MB)")
    NPM.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(NPM_LOCK.with_name(name), NPM)
    ci = (
        "npm",
        "ci",
        "--prefix",
        NPM,
        "--cache",
        NPM / "cache",
        "--no-audit",
        "--no-fund",
        "--fetch-retries=1",
        "--no-update-notifier",
    )
    try:
        run(*ci, "--include=dev" if compiler else "--omit=dev", failure="npm could not install")
    except Stop as stop:
        if compiler:
            raise
        say(f"{stop}: {WITHOUT_FONT}")
        return
    copy_fonts(NPM / "node_modules")
    mark("npm-font", NPM_LOCK)
    mark(step, NPM_LOCK)
    shutil.rmtree(NPM / "cache", ignore_errors=True)
    shutil.rmtree(NPM / "node_modules" / "pretendard")  # 95 MB of other cuts


def copy_fonts(packages: Path) -> None:
    """Put what the pages serve of the fonts' packages below web/fonts."""
    FONTS.mkdir(exist_ok=True)
    shutil.copy(packages / "pretendard/dist/web/variable/woff2" / FONT.name, FONT)
    han = packages / "@fontsource-variable/noto-sans-hk"
    shutil.copytree(han / "files", HAN_FONT.parent / "files", dirs_exist_ok=True)
    shutil.copy(han / HAN_FONT.name, HAN_FONT)


def find_npm() -> str | None:
    """The machine's npm, or the one that the group `node` brings."""
    return shutil.which("npm", path=tool_path())


def tool_path() -> str:
    """Where commands are looked for: the machine first, then .venv."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(VENV / "bin")])


def run(*command: str | Path, failure: str) -> None:
    """Run a tool with its output on the terminal; raise Stop with `failure` when it fails."""
    unwanted = ("VIRTUAL_ENV", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT")
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    environment |= {"PATH": tool_path(), "UV_PYTHON_DOWNLOADS": "never"}
    began_s = time.monotonic()
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
        raise Stop(f"{failure}; the lines above say why. Is the network there? The same command may be run again")
    say(f"done in {time.monotonic() - began_s:.0f} s")


def done(step: str, source: Path) -> bool:
    """Whether a step was completed from exactly this source."""
    stamp = VENV / f".done-{step}"
    return stamp.exists() and stamp.read_text(encoding="ascii") == digest(source)


def mark(step: str, source: Path) -> None:
    """Remember that a step was completed from this source."""
    (VENV / f".done-{step}").write_text(digest(source), encoding="ascii")


def digest(source: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(source.read_bytes()).hexdigest()


if __name__ == "__main__":
    try:
        install(sys.argv[1])
    except Stop as stop:
        say(str(stop))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
