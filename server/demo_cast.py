"""The cast of the demonstration, in a process of its own: a far room and an interpreter that talk with whoever comes.

Started by `server.demo`, which writes one line of JSON (a `Playbill`) to its standard input; it ends when that closes.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from media.engine.simulated import SimulatedPeer, own_addresses
from media.engine.simulated_camera import LiveCamera
from media.engine.simulated_microphone import LiveMicrophone
from media.engine.simulated_room import draw_room
from media.engine.simulated_speech import Mouth, Speaker, sentence
from server.robot import Message, Robot, trusting
from server.robot_stay import stay
from signaling.errors import RemoteError

BUYER = Speaker(fundamental_hz=122, formant_scale=1.0, seed=3)
INTERPRETER = Speaker(fundamental_hz=208, formant_scale=1.17, seed=5)
SENTENCES = 6  # then they begin again
SENTENCE_S = (3.6, 5.2)
PAUSE_S = 0.7  # between speaker and interpreter
FRAMES_PER_S = 25
CAMERA_SHARE = 0.75  # of the screen's pixels: half the work of drawing and encoding, and the server enlarges
HEARD_DBFS = -45.0  # louder than a quiet room with a laptop's fan
ANSWER_S = 6.0  # how long the buyer waits for a word of the visitor
SILENT_S = 1.5  # the visitor has finished
LONGEST_WORD_S = 25.0
LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Playbill:
    """Who plays where: the server, the two tokens, the visitor's site, and how the far room looks."""

    url: str
    authority: str
    room_token: str
    interpreter_token: str
    visitor: str
    time_zone: str
    caption: str


@dataclass(frozen=True, slots=True)
class Voice:
    """A mouth and what it has to say."""

    mouth: Mouth
    sentences: tuple[np.ndarray, ...]

    async def say(self, turn: int) -> None:
        """Say one sentence to its end."""
        await asyncio.sleep(self.mouth.say(self.sentences[turn % len(self.sentences)]))


def rehearse(speaker: Speaker) -> Voice:
    """Prepare a voice; takes about two seconds."""
    lengths_s = np.linspace(*SENTENCE_S, SENTENCES)
    return Voice(Mouth(), tuple(sentence(speaker, float(length_s), turn) for turn, length_s in enumerate(lengths_s)))


async def play(bill: Playbill) -> None:
    """Hold both seats until cancelled."""
    buyer, interpreter = await asyncio.gather(
        asyncio.to_thread(rehearse, BUYER), asyncio.to_thread(rehearse, INTERPRETER)
    )
    tls = trusting(Path(bill.authority))
    room, booth = Robot(bill.url, bill.room_token, tls=tls), Robot(bill.url, bill.interpreter_token, tls=tls)

    def bring_camera(welcome: Message) -> SimulatedPeer:
        return SimulatedPeer(
            camera=_camera(welcome["media"], bill, buyer.mouth),
            microphone=LiveMicrophone(buyer.mouth.speak),
            addresses=own_addresses(),
        )

    def bring_headset(_: Message) -> SimulatedPeer:
        return SimulatedPeer(video=None, microphone=LiveMicrophone(interpreter.mouth.speak), addresses=own_addresses())

    async def sit() -> None:
        return None

    async with asyncio.TaskGroup() as group:
        group.create_task(stay(room, bring_camera, sit, _saying("far room")))
        group.create_task(
            stay(booth, bring_headset, lambda: converse(booth, buyer, interpreter, bill), _saying("interpreter"))
        )


async def converse(robot: Robot, buyer: Voice, interpreter: Voice, bill: Playbill) -> None:
    """Buyer and interpreter take turns for ever, and the interpreter takes up what the visitor says."""
    turn = 0
    while True:
        await robot.until(lambda booth: booth["phase"] == "live", float("inf"))
        far = next(site for site in robot.booth["sites"] if site != bill.visitor)
        await buyer.say(turn)
        await interpret(robot, interpreter, bill.visitor, turn)
        if await _heard(robot, bill.visitor):
            await interpret(robot, interpreter, far, turn + 1)
        turn += 1


async def interpret(robot: Robot, interpreter: Voice, to: str, turn: int) -> None:
    """One sentence on air; a consultation that stops meanwhile is no mishap."""
    await asyncio.sleep(PAUSE_S)
    try:
        await robot.command("direction", to=to)
        await robot.command("on_air", on=True)
        await interpreter.say(turn)
        await asyncio.sleep(PAUSE_S)
        await robot.command("on_air", on=False)
    except RemoteError:
        interpreter.mouth.hush()


async def _heard(robot: Robot, site: str) -> bool:
    """Whether the visitor says something within a while; returns when they have finished."""
    began_s = time.monotonic()
    last_s: float | None = None
    while True:
        now_s = time.monotonic()
        level_dbfs = robot.levels.get("sites", {}).get(site)
        if level_dbfs is not None and level_dbfs > HEARD_DBFS:
            last_s = now_s
        if last_s is None and now_s - began_s > ANSWER_S:
            return False
        if last_s is not None and (now_s - last_s > SILENT_S or now_s - began_s > LONGEST_WORD_S):
            return True
        await asyncio.sleep(LOOK_S)


def _camera(media: Message, bill: Playbill, mouth: Mouth) -> LiveCamera:
    width, height = (int(media[side] * CAMERA_SHARE) // 16 * 16 for side in ("width", "height"))
    zone = ZoneInfo(bill.time_zone)
    return LiveCamera(
        lambda _: draw_room(width, height, datetime.now(zone), mouth.opening, bill.caption),
        width,
        height,
        FRAMES_PER_S,
    )


def _saying(who: str) -> Callable[[str], None]:
    return lambda text: print(f"simulated {who}: {text}", file=sys.stderr, flush=True)


async def _main() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    playing = asyncio.create_task(play(Playbill(**json.loads(await reader.readline()))))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, playing.cancel)
    # The server's process is gone when its end of the pipe is: nothing is left to play to.
    orphaned = asyncio.create_task(reader.read())
    orphaned.add_done_callback(lambda _: playing.cancel())
    with suppress(asyncio.CancelledError):
        await playing
    orphaned.cancel()


if __name__ == "__main__":
    asyncio.run(_main())
