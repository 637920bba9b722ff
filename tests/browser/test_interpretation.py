"""What the rooms hear of the floor and of the interpreter, in both modes, and how one goes over into the other."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from numpy.typing import NDArray

from media.voice import envelope_db
from tests.support.consultation import HANOI_HZ, KIM_HZ, SUWON_HZ, Consultation, under_db
from tests.support.probe import Heard, levels_db

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HOP_S = 0.02
BLUR_S = 0.17  # the window of `envelope_db`
ABSENT_DB = 50.0


@pytest.mark.parametrize(
    ("to", "ducked", "untouched"),
    [("hanoi", ("hanoi", SUWON_HZ), ("suwon", HANOI_HZ)), ("suwon", ("suwon", HANOI_HZ), ("hanoi", SUWON_HZ))],
)
async def test_simultaneous_ducks_the_original_by_18_db_on_the_right_side_only(
    consultation: Consultation, to: str, ducked: tuple[str, int], untouched: tuple[str, int]
) -> None:
    await consultation.set_out(mode="simultaneous", to=to, on_air=True)
    levels = await consultation.levels()
    assert under_db(levels, *ducked) == pytest.approx(18, abs=1.5)
    assert under_db(levels, *untouched) == pytest.approx(0, abs=1.5)
    assert levels[ducked[0]][KIM_HZ] > levels[ducked[0]][ducked[1]] + 10
    assert levels[untouched[0]][KIM_HZ] < levels[ducked[0]][KIM_HZ] - ABSENT_DB


async def test_liaison_lowers_the_floor_by_9_db_and_both_rooms_hear_the_interpreter(consultation: Consultation) -> None:
    await consultation.set_out(mode="liaison", on_air=True)
    levels = await consultation.levels()
    assert under_db(levels, "hanoi", SUWON_HZ) == pytest.approx(9, abs=1.5)
    assert under_db(levels, "suwon", HANOI_HZ) == pytest.approx(9, abs=1.5)
    assert levels["suwon"][KIM_HZ] == pytest.approx(levels["hanoi"][KIM_HZ], abs=1.5)
    assert levels["suwon"][KIM_HZ] > levels["suwon"][HANOI_HZ] + 3


async def test_cough_silences_the_interpreter_without_raising_the_floor(consultation: Consultation) -> None:
    await consultation.set_out(mode="simultaneous", to="hanoi", on_air=True)
    page = consultation.kim.browser.page
    await page.keyboard.down("c")
    try:
        await asyncio.sleep(0.4)
        sounds = await consultation.sounds(2.2)  # the cough ends by itself after 3 s
    finally:
        await page.keyboard.up("c")
    coughing = {name: levels_db(heard, (SUWON_HZ, KIM_HZ)) for name, heard in sounds.items()}
    assert coughing["hanoi"][KIM_HZ] < coughing["hanoi"][SUWON_HZ] - 20
    assert under_db(coughing, "hanoi", SUWON_HZ) == pytest.approx(18, abs=2)


async def test_floor_returns_in_a_ramp_of_1500_ms_without_a_step(consultation: Consultation) -> None:
    curve = await floor_while(consultation, on_air=False, seconds=5.5)
    low, high = float(np.median(curve[10:50])), float(np.median(curve[-40:-5]))
    assert high - low == pytest.approx(18, abs=1.5)
    risen = np.maximum.accumulate(curve)  # a late packet leaves a hole, which is no step of the gain
    assert ramp_s(risen, low, high) == pytest.approx(1.5, abs=0.3)
    assert steepest_db(risen, 0.1) < 4  # an even ramp rises 1.2 dB in 100 ms, a step nearly all of its 18


async def test_floor_is_ducked_at_once(consultation: Consultation) -> None:
    curve = await floor_while(consultation, on_air=True, seconds=3)
    high, low = float(np.median(curve[10:50])), float(np.median(curve[-40:-5]))
    assert high - low == pytest.approx(18, abs=1.5)
    assert ramp_s(-curve, -high, -low) < 0.12 + BLUR_S + 0.1  # attack 120 ms


async def floor_while(story: Consultation, *, on_air: bool, seconds: float) -> NDArray[np.float64]:
    """Suwon's voice in Hanoi, in dBFS every `HOP_S`, while the interpreter goes on or off air after 1.5 s.

    Begins again, twice at most, when the browser had to mend the sound meanwhile: stretched time is no ramp. The
    least disturbed sound counts.
    """
    best: Heard | None = None
    for _ in range(3):
        await story.set_out(mode="simultaneous", to="hanoi", on_air=not on_air)
        await story.hanoi.probe.listen()
        await asyncio.sleep(1.5)
        await story.on_air(on_air)
        await asyncio.sleep(seconds - 1.5)
        heard = await story.hanoi.probe.heard()
        if best is None or heard.disturbed_s < best.disturbed_s:
            best = heard
        if best.disturbed_s < 0.02:
            break
    assert best is not None
    edge = round(BLUR_S / HOP_S)  # the transform is circular: the end, 18 dB louder, shows in the beginning
    return envelope_db(best.samples, SUWON_HZ, hop_s=HOP_S)[edge:-edge]


def ramp_s(curve: NDArray[np.float64], low: float, high: float) -> float:
    """How long a rise from `low` to `high` takes, in s: the line through its 20 % and 80 % points, made whole."""
    share = (curve - low) / (high - low)
    after_80 = int(np.flatnonzero(share >= 0.8)[0])
    before_20 = int(np.flatnonzero(share[:after_80] <= 0.2)[-1])
    return (after_80 - before_20) * HOP_S / 0.6


def steepest_db(curve: NDArray[np.float64], seconds: float) -> float:
    """The largest rise within `seconds`, in dB."""
    hops = round(seconds / HOP_S)
    return float((curve[hops:] - curve[:-hops]).max())
