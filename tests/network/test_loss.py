"""A poor line that stays poor: 3 % lost, 80 ms there and back, 30 ms of jitter each way; voices and pictures go on.

`FAULTS_LOSS_S=600 make test-faults ARGS="-k poor -s"` for ten minutes of it, and its figures.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

import pytest

from bench import opus
from bench.line import Impairment
from media.engine.simulated_speech import Speaker, sentence
from media.sound import RATE_HZ
from tests.scenarios.patience import watching_stalls
from tests.support.weather.meeting import FAR, Meeting
from tests.support.weather.namespace import why_not
from tests.support.weather.returns import set_right
from tests.support.weather.tones import holes
from tests.support.weather.way import Way

LOSS_S = float(os.environ.get("FAULTS_LOSS_S", "20"))
POOR = Way(Impairment(loss=0.03, delay_s=0.040, jitter_s=0.030))
MOST_CONCEALED = 0.01
SLACK = 1 if LOSS_S >= 60 else 3  # of twenty seconds one hole more is a third of it
LONGEST_FREEZE_S = 1.0
SETTLE_S = 5.0  # playout learns what the line is like; of ten minutes this is nothing, of twenty seconds it is much
LOOK_S = 10.0  # only the latest thousand spans are kept
SPEECH_S = 10.0
PITCHES_HZ = (110.0, 190.0, 140.0)
BOOTH = "booth-1"

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120 + 2 * LOSS_S),
]


def babble(pitch_hz: float) -> list[bytes]:
    """Ten seconds of it, encoded."""
    return opus.encode(sentence(Speaker(pitch_hz, 1.0, round(pitch_hz)), SPEECH_S, 1))


# Out of order each packet is late by itself, as netem has it: many of a voice then come behind their successor.
@pytest.mark.parametrize("reorders", [False, True], ids=["in order", "out of order"])
async def test_voices_and_pictures_go_on_over_a_poor_line(two_booths: Meeting, reorders: bool) -> None:
    await set_right(two_booths, BOOTH)
    people = two_booths.of(BOOTH)
    poor = Way(POOR.impairment, reorders=reorders)
    for each, pitch_hz in zip(people, PITCHES_HZ, strict=True):
        await each.speak(await asyncio.to_thread(babble, pitch_hz))  # FEC protects speech, and no tones
    freezes: list[str] = []
    try:
        for each in people:
            await two_booths.network.weather(each.place, two_booths.place, poor)
        await asyncio.sleep(SETTLE_S)
        before = {each: (await each.notes(time.monotonic())).played for each in people}
        concealed_before = await two_booths.concealed_s()
        begun_s = from_s = time.monotonic()
        async with watching_stalls() as stalls:
            while time.monotonic() < begun_s + LOSS_S:
                await asyncio.sleep(min(LOOK_S, LOSS_S))
                for each in people[:2]:
                    notes = await each.notes(from_s)
                    found = [end - start for start, end in holes(notes.shown, from_s, notes.now_s - 0.2)]
                    freezes += [f"{each.name} {long_s:.2f} s" for long_s in found if long_s > LONGEST_FREEZE_S]
                from_s = time.monotonic() - LONGEST_FREEZE_S
    finally:
        for each in people:
            await two_booths.network.weather(each.place, two_booths.place, FAR)
            await each.speak()
    shares = {}
    for each in people:
        played = (await each.notes(time.monotonic())).played
        gone = {kind: count - before[each].get(kind, 0) for kind, count in played.items()}
        shares[f"{each.name} hears"] = gone.get("conceal", 0) / max(1, sum(gone.values()))
        assert sum(gone.values()) > 0.8 * LOSS_S * RATE_HZ
    filled_s = await two_booths.concealed_s() - concealed_before
    shares["the server hears"] = filled_s / (len(people) * (time.monotonic() - begun_s))
    said = ", ".join(f"{who} {share:.2%} made up" for who, share in shares.items())
    sys.stdout.write(f"{LOSS_S:.0f} s {'out of' if reorders else 'in'} order: {said}; freezes {freezes or 'none'}\n")
    assert max(shares.values()) < MOST_CONCEALED * SLACK, said
    assert not freezes or stalls.longest_s > 0.2, freezes
