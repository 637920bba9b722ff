"""A native client that stays, told of look by look: FOLDER LINK CARD VOICE_HZ. Ends with its input."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import numpy as np

from media.engine.simulated import SimulatedPeer, own_addresses
from media.engine.simulated_camera import LoopedCamera, card_clip
from server.robot import Message, Robot, split_link, trusting
from server.robot_stay import stay
from tests.scenarios.booths import SCREEN_PX
from tests.scenarios.table import voice_loop

LOOK_S = 0.05
LOUD = 1e-3  # -60 dBFS: less is the noise of nobody
STILL_S = 0.25  # looks fall between two pictures, and into the pauses of a voice


async def main(folder: Path, link: str, card: int, voice_hz: int) -> None:
    """Hold the seat, and tell what comes until the input ends. An interpreter has the card 0."""
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    url, token = split_link(link)
    robot = Robot(url, token, tls=trusting(folder.parent / "state" / "ca.crt"))
    clip = card_clip(*SCREEN_PX, card) if card else None
    microphone = voice_loop(voice_hz)

    def make_media(_: Message) -> SimulatedPeer:
        if clip is None:
            return SimulatedPeer(video=None, microphone=microphone, addresses=own_addresses())
        return SimulatedPeer(camera=LoopedCamera(clip), microphone=microphone, addresses=own_addresses())

    async def act() -> None:
        return None

    def say(text: str) -> None:
        print(f"{time.monotonic():.3f} {text}", file=sys.stderr, flush=True)  # noqa: T201 - its log

    staying = asyncio.create_task(stay(robot, make_media, act, say))
    looking = asyncio.create_task(tell(robot))
    await asyncio.wait((ended, staying, looking), return_when=asyncio.FIRST_COMPLETED)
    for task in (looking, staying):
        task.cancel()
    await asyncio.gather(looking, staying, return_exceptions=True)


async def tell(robot: Robot) -> None:
    """One line for each look at what the newest connection brought."""
    peer, position, number = None, 0, None
    moved_s = heard_s = 0.0
    while True:
        if robot.media is not peer:
            peer, position = robot.media, 0
        if isinstance(peer, SimulatedPeer):
            if peer.sound is not None:
                sound = peer.sound.between(position, peer.sound.position)
                position = peer.sound.position
                if sound.size and float(np.sqrt(np.mean(np.square(sound)))) > LOUD:
                    heard_s = time.monotonic()
            last = peer.picture.last if peer.picture is not None else None
            if last is not None and last.source is not None and last.number != number:
                number, moved_s = last.number, time.monotonic()
        now = time.monotonic()
        state = peer.state if isinstance(peer, SimulatedPeer) else "none"
        got = {"heard": now - heard_s < STILL_S, "seen": now - moved_s < STILL_S}
        print(json.dumps({"at_s": now, **got, "detail": state}), flush=True)  # noqa: T201 - read by `visitors`
        await asyncio.sleep(LOOK_S)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
