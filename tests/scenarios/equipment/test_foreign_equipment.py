"""Encoders that nobody here wrote: FFmpeg's WHIP client, and GStreamer's WebRTC."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from media import testcard, voice
from tests.scenarios.booths import SCREEN_PX
from tests.scenarios.plugged import FEED_CARDS, FEED_HZ
from tests.scenarios.table import SPOKEN_DBFS, Guest, Table, level_db, listen
from tests.support.ffmpeg_encoder import SOFTER
from tests.support.served import CHECKOUT

SITE = "suwon"
CARD, HZ = FEED_CARDS[SITE], FEED_HZ[SITE]
SEEN_S = 15.0  # a foreign client starts, connects, and its first key frame arrives
FREE_AGAIN_S = 5.0
SYSTEM_PYTHON = "/usr/bin/python3"  # Debian's, for which it packs GStreamer
ELEMENTS = ("webrtcbin", "nicesink", "vp8enc", "openh264enc", "opusenc")
CAMERA_PX = (320, 180)
FRAMES = 60  # two seconds, again and again


async def test_ffmpeg_sends_h264_to_a_room_that_takes_vp8(table: Table) -> None:
    hanoi = await table.room("hanoi")
    command = (sys.executable, "-m", "tests.support.ffmpeg_encoder", address(table), token(table), str(CARD), str(HZ))
    async with running(*command) as process:
        await is_seen_and_heard(hanoi, SCREEN_PX)
        process.send_signal(signal.SIGKILL)
        await leaves_its_seat(hanoi)


@pytest.mark.parametrize("codec", ["vp8", "h264"])
async def test_gstreamer_sends_to_a_room_and_says_when_it_ends(table: Table, codec: str, tmp_path: Path) -> None:
    if "CI" not in os.environ and not await asyncio.to_thread(gstreamer_is_there):
        pytest.skip("GStreamer's packages in tools/debian.txt are missing")
    hanoi = await table.room("hanoi")
    command = (SYSTEM_PYTHON, "-I", str(CHECKOUT / "tests" / "support" / "gstreamer_encoder.py"))
    authority = Path(table.served.environment["HANMARU_STATE_DIR"]) / "ca.crt"
    size = f"{CAMERA_PX[0]}x{CAMERA_PX[1]}"
    told = (address(table), token(table), str(authority), codec, size)
    async with running(*command, *told, *await asyncio.to_thread(recorded, tmp_path)) as process:
        await is_seen_and_heard(hanoi, CAMERA_PX if codec == "vp8" else SCREEN_PX)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(FREE_AGAIN_S):
            assert await process.wait() == 0, "its DELETE was not taken"
        await leaves_its_seat(hanoi)


def gstreamer_is_there() -> bool:
    """Whether Debian's Python finds GStreamer and all the elements of it that are asked for."""
    if not Path(SYSTEM_PYTHON).exists():
        return False
    asked = (
        "import gi; gi.require_version('Gst', '1.0'); gi.require_version('GstWebRTC', '1.0')",
        "from gi.repository import Gst, GstWebRTC; Gst.init(None)",
        f"raise SystemExit(not all(map(Gst.ElementFactory.find, {ELEMENTS!r})))",
    )
    looked = subprocess.run([SYSTEM_PYTHON, "-I", "-c", "\n".join(asked)], capture_output=True, check=False)
    return looked.returncode == 0


def recorded(folder: Path) -> tuple[str, str]:
    """Two files without any head: the test card in I420, and the voice as mono S16."""
    pictures, sound = folder / "pictures", folder / "sound"
    pictures.write_bytes(b"".join(testcard.draw(*CAMERA_PX, CARD, number).tobytes() for number in range(FRAMES)))
    sound.write_bytes((voice.voice(HZ, 1.0) * SOFTER * 32767).astype(np.int16).tobytes())
    return str(pictures), str(sound)


async def is_seen_and_heard(hanoi: Guest, size: tuple[int, int]) -> None:
    """The far room gets the picture in this size, as sent or made for its screen, and the voice as loud as spoken."""
    sighting = await hanoi.sees(CARD, SEEN_S)
    assert (sighting.width, sighting.height) == size
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
