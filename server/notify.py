"""What a supervisor is told: that the server serves, that it stops, and again and again that its loop still turns.

Datagrams to the socket that the supervisor names, as sd_notify(3) describes them; without a supervisor nothing is said.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Mapping

SIGNS_PER_WATCH = 3
"""sd_watchdog_enabled(3) asks for two; the third is for a machine that stalls."""
VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""For the front process alone: whoever else had them could say that all is well."""


class Notify:
    """`address`: the supervisor's socket, `@` first for an abstract one; None: there is no supervisor.

    `watchdog_s`: how long it goes without a sign of life before it ends us; None: for ever.
    """

    def __init__(self, address: str | None, watchdog_s: float | None) -> None:
        self._address = address
        self.watchdog_s = watchdog_s if address is not None else None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], pid: int) -> Notify:
        """What the environment of the process `pid` says (sd_notify(3), sd_watchdog_enabled(3))."""
        address = environment.get("NOTIFY_SOCKET", "")
        watch = environment.get("WATCHDOG_USEC", "")
        is_ours = environment.get("WATCHDOG_PID") in {None, str(pid)}
        watchdog_s = int(watch) / 1e6 if is_ours and watch.isascii() and watch.isdigit() and int(watch) else None
        return cls(address if address[:1] in {"/", "@"} else None, watchdog_s)

    def ready(self, status: str) -> None:
        """Connections are taken; `status` is a sentence for whoever asks how the service is."""
        self._say("READY=1", f"STATUS={status}")

    def stopping(self) -> None:
        """We were told to stop, and do."""
        self._say("STOPPING=1")

    async def keep_signing(self, lives: Callable[[], bool]) -> None:
        """Say as long as it is so that we live; returns at once where nobody watches, else never."""
        while self.watchdog_s is not None:
            if lives():
                self._say("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_s / SIGNS_PER_WATCH)

    def _say(self, *lines: str) -> None:
        """A supervisor that is gone, or that does not read, must hold nobody up."""
        if self._address is None:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else os.fspath(self._address)
        kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, kind) as out:
            out.sendto("\n".join(lines).encode(), address)
