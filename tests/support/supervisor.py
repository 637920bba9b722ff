"""A supervisor that obeys deploy/hanmaru.service, so that what is tested is that file: systemd's part, small.

It starts what `ExecStart` says, with the unit's environment and limits, listens at `$NOTIFY_SOCKET`, ends what shows no
sign of life, and starts it again (systemd.service(5), sd_notify(3)).
"""

from __future__ import annotations

import asyncio
import compileall
import contextlib
import os
import re
import resource
import shlex
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
UNIT = CHECKOUT / "deploy" / "hanmaru.service"
INSTALLED = "/opt/hanmaru"
"""Where the unit expects the checkout."""
LIMITS = {"LimitNOFILE": resource.RLIMIT_NOFILE}
SPAN = re.compile(r"(\d+)(ms|s|min)?")
SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "": 1.0}


def compiled() -> None:
    """Bytecode of everything that is served, as deploy/README.md has it made: the unit itself writes none."""
    for package in ("server", "signaling", "interpreter", "media"):
        compileall.compile_dir(CHECKOUT / package, quiet=2)


class Unit:
    """The settings of a unit file: the last of a name counts, and of lists all."""

    def __init__(self, path: Path = UNIT) -> None:
        self._values: dict[str, list[str]] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and line[0] not in "#[":
                name, _, value = line.partition("=")
                self._values.setdefault(name, []).append(value)

    def value(self, name: str) -> str:
        """One setting. Raises KeyError."""
        return self._values[name][-1]

    def values(self, name: str) -> list[str]:
        """A list."""
        return self._values.get(name, [])

    def span_s(self, name: str) -> float:
        """A time span such as `100ms` or `5` (systemd.time(7))."""
        found = SPAN.fullmatch(self.value(name))
        assert found is not None, f"{name}={self.value(name)}"
        return int(found[1]) * SECONDS[found[2] or ""]


class Supervisor:
    """Keeps one service up. `settings`: what its operator would write into the `EnvironmentFile`."""

    def __init__(self, folder: Path, settings: Mapping[str, str], unit: Unit | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.unit = unit or Unit()
        self.log = folder / "service.log"
        self.state_dir = folder / "hanmaru"
        self.starts_s: list[float] = []
        """When it was started (monotonic)."""
        self.ready_s: list[float] = []
        """When it said that it is ready."""
        self.codes: list[int] = []
        """What it ended with."""
        self.watchdog_kills = 0
        self.gave_up = asyncio.Event()
        """Set when it is not started again."""
        self.process: asyncio.subprocess.Process | None = None
        self._folder = folder
        self._settings = settings
        self._signed_s = 0.0
        self._is_up = False
        self._told = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Of the service's main process."""
        assert self.process is not None
        return self.process.pid

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises TimeoutError, and RuntimeError when it is not to be had."""
        self._task = asyncio.create_task(self._supervise())
        await self.ready(1)

    async def ready(self, times: int) -> None:
        """Wait until it was ready so many times."""
        async with asyncio.timeout(self.unit.span_s("TimeoutStartSec")):
            while len(self.ready_s) < times:
                if self._task is None or self._task.done():
                    raise RuntimeError(f"it ended with {self.codes}:\n{self.wrote()[-3000:]}")
                self._told.clear()
                await self._told.wait()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """What is to be survived."""
        os.kill(self.pid, number)

    def wrote(self) -> str:
        """What it wrote, of all its lives."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    async def stop(self) -> int:
        """As `systemctl stop`: its exit code. Raises AssertionError when it had to be killed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        process, self.process = self.process, None
        if process is None:
            return self.codes[-1]
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        try:
            async with asyncio.timeout(self.unit.span_s("TimeoutStopSec")):
                return await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise AssertionError(f"it had to be killed:\n{self.wrote()[-3000:]}") from None

    async def _supervise(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as words:
            words.bind(f"\0hanmaru-notify-{os.getpid()}-{id(self)}")
            name = words.getsockname()
            loop = asyncio.get_running_loop()
            loop.add_reader(words, lambda: self._hear(words.recv(4096)))
            try:
                while True:
                    self.process = await self._begun("@" + name[1:].decode())
                    watching = asyncio.create_task(self._watch(self.process))
                    code = await self.process.wait()
                    watching.cancel()
                    self.codes.append(code)
                    if str(code) in self.unit.value("RestartPreventExitStatus").split():
                        self.gave_up.set()
                        self._told.set()
                        return
                    await asyncio.sleep(self.unit.span_s("RestartSec"))
            finally:
                loop.remove_reader(words)

    async def _begun(self, address: str) -> asyncio.subprocess.Process:
        self._signed_s, self._is_up = time.monotonic(), False
        self.starts_s.append(self._signed_s)
        python, minus_m, module, *arguments = shlex.split(self.unit.value("ExecStart"))
        assert (python, minus_m) == (f"{INSTALLED}/.venv/bin/python", "-m")
        watchdog_us = str(round(self.unit.span_s("WatchdogSec") * 1_000_000))
        with self.log.open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.support.tethered", str(os.getpid()), module, *arguments),
                cwd=Path(self.unit.value("WorkingDirectory").replace(INSTALLED, str(CHECKOUT))),
                env=self._environment() | {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": watchdog_us},
                stdout=out,
                stderr=out,
            )
        for name, number in LIMITS.items():
            most = resource.prlimit(process.pid, number)[1]
            limit = int(self.unit.value(name))
            resource.prlimit(process.pid, number, (min(limit, most), min(limit, most)) if most > 0 else (limit, limit))
        return process

    def _environment(self) -> dict[str, str]:
        state = self._folder  # %S: where state directories are
        given = (each.partition("=") for each in self.unit.values("Environment"))
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        kept |= {name: value.replace("%S", str(state)) for name, _, value in given}
        return kept | dict(self._settings)

    def _hear(self, words: bytes) -> None:
        self._signed_s = time.monotonic()
        if b"READY=1" in words.splitlines() and not self._is_up:
            self._is_up = True
            self.ready_s.append(self._signed_s)
            self._told.set()

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """The watchdog counts from when it is ready on; before that it is given its time to start."""
        while True:
            patience_s = self.unit.span_s("WatchdogSec" if self._is_up else "TimeoutStartSec")
            left_s = self._signed_s + patience_s - time.monotonic()
            if left_s <= 0:
                self.watchdog_kills += 1
                process.send_signal(signal.Signals[self.unit.value("WatchdogSignal")])
                return
            await asyncio.sleep(min(left_s, 0.1))
