"""By how much a server moves sound against picture, as a browser sees it: through its sender reports.

Of every sound and picture that comes the instant of capture is known. The sender reports map it to the sender's clock
(RFC 3550 section 6.4.1), by which a browser plays both together; what differs between them is the error.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace

from bench import opus, rtp
from bench.cast import Participant, Wish, meeting
from bench.clip import Clip
from bench.equipment import devices
from bench.hanmaru import Hanmaru
from bench.hearing import RATE_HZ, bursts, onsets
from bench.pictures import passages
from bench.receiving import Inlet
from bench.reflector import Reflector
from bench.sending import PACKET_S
from bench.sound import timeline

SECONDS = 9.0
SETTLE_S = 4.0
EVERY_S, BURST_S, LEVEL = 0.7, 0.2, 0.35
OPUS_AHEAD_S = 312 / RATE_HZ
"""What our own encoder holds back before the packet goes out (RFC 6716 section 4.2); not the server's doing."""
WORST_S = 0.6  # a sound belongs to the burst that was captured at most so long before


@dataclass(frozen=True, slots=True)
class LipSync:
    """Sound against picture in ms (positive: sound is played later), over so many sounds and pictures."""

    server: str
    way: str
    where: str
    error_ms: float
    sounds: int
    frames: int


async def run(server: Hanmaru | Reflector, clip: Clip) -> LipSync:
    """One room shows and speaks, the other one sees and hears."""
    visit = await meeting(server, Wish(clip=clip, shown_by=("left",), keep=True))
    try:
        left, right = visit.people["left"], visit.people["right"]
        marks, loop_s = await _watch(left)
    finally:
        await visit.leave()
    return await asyncio.to_thread(measured, server.name, left, right, marks, loop_s)


async def run_transcoded(server: Hanmaru, clip: Clip) -> LipSync:
    """An encoder sends a smaller picture than the display's screen, so it has to be made anew."""
    held = await devices(server, clip, keep=True)
    try:
        marks, loop_s = await _watch(held.encoder)
    finally:
        await held.leave()
    return await asyncio.to_thread(measured, server.name, held.encoder, held.display, marks, loop_s)


async def _watch(sender: Participant) -> tuple[list[int], float]:
    """Show and speak for a while: where in the loop sounds begin, and how long it is."""
    said, marks = bursts(int(SECONDS / EVERY_S), EVERY_S, BURST_S, LEVEL, 5)
    assert sender.camera is not None
    sender.speak(opus.encode(said))
    sender.camera.start()
    await asyncio.sleep(SETTLE_S + SECONDS)
    return marks, said.size / RATE_HZ


def measured(name: str, sender: Participant, receiver: Participant, marks: list[int], loop_s: float) -> LipSync:
    """Both errors against capture, and their difference."""
    camera, microphone = sender.camera, sender.microphone
    screen, hearing = receiver.screen, receiver.hearing
    assert camera is not None
    assert microphone is not None
    assert screen is not None
    assert hearing is not None
    way, frames = passages(list(camera.sent), screen.arrivals)
    pictures = [
        shown_s(screen, one.timestamp, 90_000)
        - camera.captured_at_s
        - (one.sent_timestamp - camera.first_timestamp) % (1 << 32) / 90_000
        for one in frames
    ]
    heard = timeline(hearing.arrivals)
    captured = [
        microphone.begun_s - PACKET_S + mark / RATE_HZ + OPUS_AHEAD_S + round_ * loop_s
        for round_ in range(4)
        for mark in marks
    ]
    sounds = []
    for sample in onsets(heard.samples, LEVEL):
        played_s = shown_s(hearing, heard.timestamp(sample), RATE_HZ)
        at_s = heard.instant_s(sample)
        before = [one for one in captured if 0 <= at_s - one < WORST_S]
        if before:
            sounds.append(played_s - before[-1])
    if not sounds or not pictures:
        return LipSync(name, way, "", float("nan"), len(sounds), len(pictures))
    error_s = statistics.median(sounds) - statistics.median(pictures)
    return LipSync(name, way, "", error_s * 1000, len(sounds), len(pictures))


def shown_s(inlet: Inlet, timestamp: int, rate_hz: int) -> float:
    """The sender's clock at that timestamp, by its last report; nan without one."""
    if not inlet.reports:
        return float("nan")
    _, report = inlet.reports[-1]
    return report.ntp_s + rtp.unwrap(timestamp - report.timestamp & 0xFFFFFFFF, 0, 32) / rate_hz


async def measure(server: Hanmaru, clip: Clip, small: Clip, say: Callable[[str], None]) -> list[LipSync]:
    """The instrument itself, rooms, and a display for which the picture is made anew."""
    found = []
    for what, running in (
        ("instrument", run(Reflector(), clip)),
        ("between rooms", run(server, clip)),
        ("to a WHEP display", run_transcoded(server, small)),
    ):
        one = replace(await running, where=what)
        found.append(one)
        say(f"lip sync, {what}: {one.error_ms:+.1f} ms ({one.way}, {one.sounds} sounds, {one.frames} pictures)")
    return found
