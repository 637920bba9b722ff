"""One loopback test against a server: a simulated camera and microphone go there and come back, and are measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from statistics import median

from media.engine.simulated import PeerFigures, SimulatedPeer
from media.engine.simulated_camera import CameraTrack, LoopedCamera, card_clip
from media.engine.simulated_echo import listen, loop
from media.engine.simulated_microphone import record
from media.engine.simulated_picture import PictureSink
from server.loopback_checks import Seen
from server.robot import Message, Robot

CAMERA_PX = (1280, 720)  # what most cameras give
CARD = 77  # any number that is unlikely to be somebody else's
FIRST_PICTURE_S = 5.0
SETTLE_S = 2.0  # bit rates climb, buffers find their length
WATCH_S = 6.0  # the sound ring and two rounds of the sound's loop fit in


async def run(
    robot: Robot, *, site: str | None, addresses: tuple[str, ...] | None, say: Callable[[str], None]
) -> tuple[Seen, Mapping[str, object]]:
    """Measure the line of `robot` (not yet open): what was seen, and what the server counted.

    Raises LineClosedError, RemoteError and TimeoutError when there is nothing to measure; media that stays down is a
    result.
    """
    say("camera and microphone")
    clip = await asyncio.to_thread(card_clip, *CAMERA_PX, CARD)
    microphone = await asyncio.to_thread(lambda: record(loop()))
    say("connecting")
    await robot.open()
    media = (await robot.hello(purpose="loopback", site=site))["media"]
    wanted = (int(media["width"]), int(media["height"])) if media["video"] else (0, 0)
    peer = SimulatedPeer(
        audio=media["audio"],
        video=media["video"],
        camera=LoopedCamera(clip),
        microphone=microphone,
        addresses=addresses,
    )
    began_s = time.monotonic()
    try:
        await robot.connect(peer)
    except ConnectionError:
        return Seen(*wanted, *CAMERA_PX), {}
    seen = Seen(*wanted, *CAMERA_PX, connect_s=time.monotonic() - began_s)
    if peer.picture is not None:
        with suppress(TimeoutError):  # that no picture came is a result, too
            await peer.picture.seen(lambda sighting: not sighting.black, FIRST_PICTURE_S)
    say("letting the line settle")
    await asyncio.sleep(SETTLE_S)
    say(f"watching and listening for {WATCH_S:.0f} s")
    if peer.picture is not None:
        peer.picture.begin()
    await asyncio.sleep(WATCH_S)
    seen = _with_sound(_with_picture(seen, peer), peer)
    there = await robot.command("measure")
    seen = replace(seen, loss_percent=_loss_percent(there, await peer.figures(), pictures=wanted[0] > 0))
    return seen, {"server": {key: value for key, value in there.items() if key not in ("type", "id")}}


def _with_picture(seen: Seen, peer: SimulatedPeer) -> Seen:
    picture, camera = peer.picture, peer.camera
    if picture is None or camera is None or picture.last is None:
        return seen
    return replace(
        seen,
        width=picture.last.width,
        height=picture.last.height,
        frames_per_s=picture.frames_per_s(),
        freeze_s=picture.longest_freeze_s(),
        black_percent=100 * picture.black_frames / max(1, picture.frames),
        picture_delay_ms=_picture_delay_ms(picture, camera),
    )


def _with_sound(seen: Seen, peer: SimulatedPeer) -> Seen:
    if peer.sound is None or peer.microphone is None:
        return seen
    echo = listen(peer.sound, peer.microphone)
    return replace(seen, sound_db=echo.level_db, sound_delay_ms=None if echo.delay_s is None else echo.delay_s * 1000)


def _picture_delay_ms(picture: PictureSink, camera: CameraTrack) -> float | None:
    """Median age of the pictures of the last seconds that carry our card."""
    ages_s = [
        sighting.at_s - sent_s
        for sighting in picture.sightings
        if sighting.source == CARD
        and sighting.number is not None
        and (sent_s := camera.sent_before_s(sighting.number, sighting.at_s)) is not None
    ]
    return median(ages_s) * 1000 if ages_s else None


def _loss_percent(there: Message, back: PeerFigures, *, pictures: bool) -> float | None:
    """The worse of the two ways and kinds, of all packets of that kind; None when one of them brought nothing."""
    ways = [(there["audio_lost"], there["audio_packets"]), (back.audio_lost, back.audio_received)]
    if pictures:
        ways += [(there["video_lost"], there["video_packets"]), (back.video_lost, back.video_received)]
    if not all(received for _, received in ways):
        return None
    return max(100 * float(lost) / float(lost + received) for lost, received in ways)
