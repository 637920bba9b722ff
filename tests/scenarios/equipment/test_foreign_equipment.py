"""An encoder that nobody here wrote: FFmpeg's WHIP client."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.scenarios.booths import SCREEN_PX
from tests.scenarios.plugged import FEED_CARDS, FEED_HZ
from tests.scenarios.table import SPOKEN_DBFS, Guest, Table, level_db, listen
from tests.support.served import CHECKOUT

SITE = "suwon"
CARD, HZ = FEED_CARDS[SITE], FEED_HZ[SITE]
SEEN_S = 15.0  # a foreign client starts, connects, and its first key frame arrives
FREE_AGAIN_S = 5.0


async def test_ffmpeg_sends_h264_to_a_room_that_takes_vp8(table: Table) -> None:
    hanoi = await table.room("hanoi")
    command = (sys.executable, "-m", "tests.support.ffmpeg_encoder", address(table), token(table), str(CARD), str(HZ))
    async with running(*command) as process:
        await is_seen_and_heard(hanoi)
        process.send_signal(signal.SIGKILL)
        await leaves_its_seat(hanoi)


async def is_seen_and_heard(hanoi: Guest) -> None:
    """The far room gets the picture at its own screen's pixels, and the voice about as loud as spoken."""
    sighting = await hanoi.sees(CARD, SEEN_S)
    assert (sighting.width, sighting.height) == SCREEN_PX
    assert sighting.stretch == pytest.approx(1.0, abs=0.02)
    assert hanoi.robot.booth["sites"][SITE]["equipment"] == ["audio", "video"]
    heard = float("-inf")
    for _ in range(3):  # a machine that stalls for a moment tears a hole into the sound
        heard = level_db((await listen([hanoi]))[hanoi.name], HZ) - SPOKEN_DBFS
        if abs(heard) < 3.0:
            return
    raise AssertionError(f"{heard:.1f} dB")


async def leaves_its_seat(hanoi: Guest) -> None:
    began_s = time.monotonic()
    await hanoi.robot.until(lambda booth: not booth["sites"][SITE]["present"])
    assert time.monotonic() - began_s < FREE_AGAIN_S


def address(table: Table) -> str:
    return f"{table.served.origin}/whip/{table.booth}/{SITE}"


def token(table: Table) -> str:
    return table.served.link("room", table.booth, SITE).token


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A foreign client for as long as the block lasts; what it said is told when the block fails."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, cwd=CHECKOUT, stdout=pipe, stderr=asyncio.subprocess.STDOUT, start_new_session=True
    )
    assert process.stdout is not None
    said = asyncio.create_task(process.stdout.read())
    try:
        yield process
    except BaseException as error:
        if process.returncode is None:
            process.kill()
        error.add_note((await said).decode(errors="replace")[-4000:])
        raise
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await said
