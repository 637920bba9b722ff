"""What loss and jitter on the way in do to speech: intelligibility, quality and delay of what another one hears.

Six channels at once, one voice in each: three booths, both ways, a language each; what is heard is decoded and scored
when the load has ended. The ceiling is what the best receiver could have made of the very same packets.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

import numpy as np

from bench import opus, speech
from bench.cast import ROOMS, Participant, Server, Visit, Wish, meeting
from bench.hearing import FRAME_SAMPLES, RATE_HZ, Timeline, lag_samples
from bench.line import CLEAN, Impairment
from bench.scores import Scores, score
from bench.sound import timeline
from media.engine.opus import COMPLEXITY

LINES = {
    "clean": CLEAN,
    "1 % lost": Impairment(loss=0.01),
    "5 % lost": Impairment(loss=0.05),
    "10 % lost": Impairment(loss=0.10),
    "5 % lost in bursts of 3": Impairment(loss=0.05, burst=3),
    "30 ms jitter": Impairment(jitter_s=0.030),
}
SPEECH_S = 12.0
SETTLE_S, BEFORE_S, IMPAIRED_S, AFTER_S, AGAIN_S = 3.0, 3.0, 12.0, 10.0, 3.0
PERFECT_BUFFER_S = 0.060
WINDOW_S, STEP_S, LONGEST_S = 0.4, 0.2, 0.6
ALIKE = 0.6  # below this a window was not heard well enough to say when


@dataclass
class Channel:
    """One voice on its way through one server: scores of server and ceiling, delays in ms by phase."""

    server: str
    line: str
    language: str
    seed: int
    scores: Scores | None = None
    ceiling: Scores | None = None
    delays_ms: dict[str, list[float]] = field(default_factory=dict)
    lost: float = 0.0
    """Share of its packets that the line lost."""


@dataclass
class Taken:
    """What is needed to score a channel once the load has ended."""

    channel: Channel
    said: np.ndarray
    heard: np.ndarray
    best: np.ndarray


async def row(servers: Sequence[Server], line: str, seed: int) -> list[Taken]:
    """One impairment, six channels on every server at the same time."""
    visits: list[tuple[Server, str, Visit]] = []
    try:
        for server in servers:
            joining = [meeting(server, Wish(ROOMS, seed=seed + place), place) for place in range(len(speech.LANGUAGES))]
            joined = await asyncio.gather(*joining)
            visits += [(server, *pair) for pair in zip(speech.LANGUAGES, joined, strict=True)]
        for _, language, visit in visits:
            for person in visit.people.values():
                person.speak(speech.packets(language, SPEECH_S))
                person.peers[0].fates = {}
        await asyncio.sleep(SETTLE_S)
        gc.collect()
        gc.disable()  # a full collection would hold all voices up at once
        try:
            spans = await _phases([visit for _, _, visit in visits], LINES[line])
        finally:
            gc.enable()
        await asyncio.sleep(LONGEST_S)
    finally:
        for _, _, visit in visits:
            await visit.leave()
    return await asyncio.to_thread(_take_all, visits, line, seed, spans)


def _take_all(
    visits: Sequence[tuple[Server, str, Visit]], line: str, seed: int, spans: dict[str, tuple[float, float]]
) -> list[Taken]:
    found = []
    for server, language, visit in visits:
        for way, (room, other) in enumerate(zip(ROOMS, reversed(ROOMS), strict=True)):
            channel = Channel(server.name, line, language, seed + way)
            found.append(_take(channel, visit.people[room], visit.people[other], spans))
    return found


async def _phases(visits: Sequence[Visit], impairment: Impairment) -> dict[str, tuple[float, float]]:
    """Clean, impaired, 10 s of waiting, clean: when each began and ended (monotonic)."""
    loop = asyncio.get_running_loop()
    spans: dict[str, tuple[float, float]] = {}

    async def phase(name: str, seconds: float, now: Impairment) -> None:
        for visit in visits:
            for person in visit.people.values():
                person.impair(now, CLEAN)
        begun = loop.time()
        await asyncio.sleep(seconds)
        spans[name] = (begun, loop.time())

    if impairment != CLEAN:
        await phase("before", BEFORE_S, CLEAN)
    await phase("impaired", IMPAIRED_S, impairment)
    if impairment != CLEAN:
        await phase("waiting", AFTER_S, CLEAN)
        await phase("10 s after", AGAIN_S, CLEAN)
    return spans


def _take(
    channel: Channel, speaker: Participant, listener: Participant, spans: dict[str, tuple[float, float]]
) -> Taken:
    microphone, hearing = speaker.microphone, listener.hearing
    assert microphone is not None
    assert hearing is not None
    heard = timeline(hearing.arrivals)
    loop = speech.speech(channel.language, SPEECH_S)

    def said(start_s: float, seconds: float) -> np.ndarray:
        first = round((start_s - microphone.begun_s) * RATE_HZ)
        return loop[np.arange(first, first + round(seconds * RATE_HZ)) % loop.size]

    for phase, (start_s, end_s) in spans.items():
        channel.delays_ms[phase] = [one * 1000 for one in _delays(said, heard, start_s, end_s - WINDOW_S)]
    start_s, end_s = spans["impaired"]
    start_s, seconds = start_s + 0.5, end_s - start_s - 1.0
    begun = _index(heard, start_s)
    cut = heard.samples[begun : begun + round((seconds + LONGEST_S) * RATE_HZ)]
    best, lost = _best(speaker, start_s, seconds)
    channel.lost = lost
    return Taken(channel, said(start_s, seconds), cut, best)


def _index(heard: Timeline, instant_s: float) -> int:
    """The first sample that was heard at that instant or later."""
    return int(np.searchsorted(heard.starts_s, instant_s)) * FRAME_SAMPLES


def _delays(said: Callable[[float, float], np.ndarray], heard: Timeline, start_s: float, end_s: float) -> list[float]:
    found = []
    for at_s in np.arange(start_s, end_s, STEP_S):
        first = _index(heard, at_s)
        cut = heard.samples[first : first + round((WINDOW_S + LONGEST_S) * RATE_HZ)]
        words = said(float(at_s), WINDOW_S)
        if cut.size <= words.size or not np.any(words):
            continue
        lag, likeness = lag_samples(words, cut)
        if likeness >= ALIKE:
            found.append(heard.instant_s(first + lag) - float(at_s))
    return found


def _best(speaker: Participant, start_s: float, seconds: float) -> tuple[np.ndarray, float]:
    """The same packets behind a perfect buffer of 60 ms, with FEC, encoded once more; and the share that was lost."""
    microphone, fates = speaker.microphone, speaker.peers[0].fates
    assert microphone is not None
    assert fates is not None
    packets = microphone.packets_said
    first = round((start_s - microphone.begun_s) * RATE_HZ / FRAME_SAMPLES)
    count = round(seconds * RATE_HZ / FRAME_SAMPLES)
    warm = 50  # one second before, so that the decoder's state is a running one's
    came: list[bytes | None] = []
    for index in range(first - warm, first + count + 5):
        fate = fates.get((microphone.first_number + index) & 0xFFFF, 0.0)
        in_time = fate is not None and fate <= PERFECT_BUFFER_S
        came.append(packets[index % len(packets)] if in_time else None)
    once = opus.decode(came)
    twice = opus.decode(list(opus.encode(once, complexity=COMPLEXITY)))
    lost = sum(one is None for one in came[warm : warm + count]) / count
    return twice[warm * FRAME_SAMPLES :], lost


async def measure(servers: Sequence[Server], seeds: int, say: Callable[[str], None]) -> list[Channel]:
    """Every line `seeds` times; scored at the end, on all cores."""
    taken: list[Taken] = []
    for language in speech.LANGUAGES:  # made now: later it would hold up those who speak already
        speech.packets(language, SPEECH_S)
    for seed in range(seeds):
        for line in LINES:
            now = await row(servers, line, 100 * seed + 7)
            taken += now
            say(f"speech, {line}: {len(now)} channels heard")
    say(f"speech: scoring {len(taken)} channels")
    await asyncio.to_thread(_score, taken)  # a server would take a loop that stands still for gone
    return [one.channel for one in taken]


def _score(taken: Sequence[Taken]) -> None:
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        said = [one.said for one in taken]
        scores = list(pool.map(score, said, [one.heard for one in taken]))
        best = list(pool.map(score, said, [one.best for one in taken]))
    for one, scored, ceiling in zip(taken, scores, best, strict=True):
        one.channel.scores, one.channel.ceiling = scored, ceiling
