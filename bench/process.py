"""A server as a process: where it writes, and its end."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import BinaryIO


def opened(log: Path) -> BinaryIO:
    """The file in which a server writes; its folder comes with it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("ab")


def wrote(log: Path) -> str:
    """The end of it."""
    return log.read_text(encoding="utf-8", errors="replace")[-3000:]


async def ended(process: asyncio.subprocess.Process, patience_s: float) -> None:
    """Ask it to end, and end it when it has not after this time."""
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(patience_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
