"""Has a sheet made by the press, a process of low priority: one at a time, few waiting, none for ever."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict

import structlog

from server.settings import CHECKOUT, SetupError
from server.sheet import Sheet
from server.sheet_press import REFUSED

PRESS_S = 90.0  # 5 booths take 5 s of one core, 16 booths 14 s: more is a machine without a free moment
MOST_WAITING = 3  # who asks behind them is told to come again

log = structlog.get_logger("sheet")


class PressError(SetupError):
    """No document was made; the message is a sentence for whoever asked."""


class PressBusyError(PressError):
    """Too many are waiting, or the press had too little of the processor: later it may work."""


class Press:
    """Makes documents one after another. `limit_s`: for each, from its turn on."""

    def __init__(self, *, limit_s: float = PRESS_S) -> None:
        self._limit_s = limit_s
        self._turn = asyncio.Lock()
        self._waiting = 0  # at most MOST_WAITING; who comes then is refused, and nobody who waits

    async def make(self, kind: str, sheet: Sheet, *, standalone: bool = False, seat: str | None = None) -> bytes:
        """The `kind` "pdf" or "html" of a sheet, see `server.sheet_document.document`; raises PressError."""
        if self._waiting >= MOST_WAITING:
            raise PressBusyError("Other sheets are being made; please try again in a minute.")
        self._waiting += 1
        try:
            async with self._turn:
                order = {"sheet": asdict(sheet), "standalone": standalone, "seat": seat}
                return await self._made(kind, json.dumps(order).encode())
        finally:
            self._waiting -= 1

    async def _made(self, kind: str, order: bytes) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server.sheet_press", kind),
            cwd=CHECKOUT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(self._limit_s):
                made, said = await process.communicate(order)
        except TimeoutError:
            sentence = f"The sheet was not ready within {self._limit_s:.0f} s: this machine is busy. Please try again."
            raise PressBusyError(sentence) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode == 0:
            return made
        lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        if process.returncode == REFUSED:
            raise PressError(lines[-1])
        log.error("press_failed", kind=kind, exit_code=process.returncode, reason=lines[-1])
        raise PressError(f"The sheet could not be made (exit code {process.returncode}: {lines[-1]}).")
