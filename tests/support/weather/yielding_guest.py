"""A room in a namespace that does with its picture what its page would: ORIGIN TOKEN ADDRESS CLIPS OUT.

It says `up` when it sends, and writes to OUT, at the end of its standard input, all that came to it and was said of it.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.cast import Participant, Wish
from bench.clip import Clip, clip
from bench.hanmaru import Joining
from bench.opus import encode
from bench.peer import Peer, way
from bench.sending import PictureOutlet
from media.voice import voice
from server.robot import Robot
from signaling.lines import OUT, TRIAL
from tests.support.weather.hearing import HEAD_BYTES

FULL = (640, 512, 2_000_000)
SMALL = (160, 128, 200_000)
LOOK_S = 0.01
VOICE_HZ = 430


def yield_to_the_voice(camera: PictureOutlet, films: dict[str, Clip], before: str, now: str) -> None:
    """Send this film, or none, as a page does when it is told."""
    if before in films:
        camera.stop()
    if now in films:
        camera.show(films[now])
        camera.start()


async def stay(origin: str, token: str, address: str, clips: Path, out: Path) -> None:
    """Until standard input ends."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE  # the test's own server, in its own network
    robot = Robot(origin, token, tls=trusting)
    await robot.open()
    await robot.hello()
    peer = Peer([way("audio", "sendrecv", "0"), way("video", "sendrecv", "1")], address=address)
    films = {"full": clip(clips, *FULL), "small": clip(clips, *SMALL)}
    room = Participant("left")
    room.attach(peer, Wish(clip=films["full"]))
    assert room.camera is not None
    assert room.hearing is not None
    assert room.screen is not None
    await robot.connect(Joining(peer))
    room.speak(tuple(encode(voice(VOICE_HZ, 2).astype(np.float32))))
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    print("up", flush=True)  # noqa: T201 (what the test waits for)
    kept: dict[str, list[Any]] = {"paused": [], "sounds": [], "frames": []}
    extent, before = "", None
    while not ended.done():
        paused = robot.booth.get("sites", {}).get(robot.welcome["site"], {}).get("paused", ())
        if paused != before:
            kept["paused"].append((time.monotonic(), paused))
            wanted = "none" if OUT in paused else "small" if TRIAL in paused else "full"
            yield_to_the_voice(room.camera, films, extent, wanted)
            extent, before = wanted, paused
        kept["sounds"] += [
            (one.at_s, one.number, one.timestamp, one.payload[:HEAD_BYTES].hex()) for one in room.hearing.arrivals
        ]
        kept["frames"] += [one.at_s for one in room.screen.arrivals if one.marker]
        room.forget()
        await asyncio.sleep(LOOK_S)
    await asyncio.to_thread(out.write_text, json.dumps(kept))
    await room.leave()
    await robot.close()


if __name__ == "__main__":
    _origin, _token, _address, _clips, _out = sys.argv[1:]
    asyncio.run(stay(_origin, _token, _address, Path(_clips), Path(_out)))
