"""Ducking as it sounds: a steady tone goes down and comes back without a step, in the time that was promised."""

from __future__ import annotations

import asyncio

import numpy as np

from media.engine.simulated_microphone import RATE_HZ, silence
from tests.scenarios.table import Guest, Table, listen, live, tone_loop

TONE_HZ = 700  # 14 periods in the 20 ms of the window
HOP_S = 0.005
WINDOW_S = 0.020
CLOSE_DB = 0.5  # this near to a level counts as being there
TRIES = 3


def envelope_db(samples: np.ndarray) -> np.ndarray:
    """Level of the tone every 5 ms over windows of 20 ms, in dB."""
    mixed = samples * np.exp(-2j * np.pi * TONE_HZ * np.arange(samples.size) / RATE_HZ)
    window = int(WINDOW_S * RATE_HZ)
    smooth = np.convolve(mixed, np.ones(window) / window, mode="valid")[:: int(HOP_S * RATE_HZ)]
    return np.asarray(20 * np.log10(2 * np.abs(smooth) + 1e-9))


def duration_s(ramp_db: np.ndarray, before_db: float, after_db: float) -> float:
    """From the last moment at `before_db` to the first at `after_db`."""
    left = np.flatnonzero(np.abs(ramp_db - before_db) > CLOSE_DB)[0]
    reached = np.flatnonzero(np.abs(ramp_db - after_db) > CLOSE_DB)[-1] + 1
    return float(reached - left) * HOP_S


async def test_floor_ducks_and_returns_without_a_step_and_takes_its_time(table: Table) -> None:
    suwon, hanoi = await asyncio.gather(
        table.room("suwon", sound=tone_loop(TONE_HZ)), table.room("hanoi", sound=silence())
    )
    interpreter = await table.interpreter(sound=silence())
    await interpreter.robot.command("mode", mode="simultaneous")
    await interpreter.robot.command("direction", to="hanoi")
    await live(suwon)
    await listen([hanoi], 1.5)
    faults: list[str] = []
    for _ in range(TRIES):  # a stall of the machine spoils a measurement; a wrong ramp is wrong every time
        faults = await measure(interpreter, hanoi)
        if not faults:
            return
    raise AssertionError(f"wrong {TRIES} times, the last time: {faults}")


async def measure(interpreter: Guest, hanoi: Guest) -> list[str]:
    """Go on air and off again: what is wrong with what was heard."""
    start = hanoi.sound.position
    await interpreter.robot.command("on_air", on=True)
    await listen([hanoi], 1.0)
    down_db = envelope_db(hanoi.sound.between(start, hanoi.sound.position))
    start = hanoi.sound.position
    await interpreter.robot.command("on_air", on=False)
    await listen([hanoi], 2.5)
    up_db = envelope_db(hanoi.sound.between(start, hanoi.sound.position))

    loud_db, low_db = float(np.median(up_db[-40:])), float(np.median(down_db[-40:]))
    hops = round(WINDOW_S / HOP_S)
    figures = {
        "depth": (low_db - loud_db, -19.5, -16.5),
        "release": (duration_s(up_db, low_db, loud_db), 1.2, 1.8),
        "attack": (duration_s(down_db, loud_db, low_db), 0.06, 0.25),
        "step on the way up": (float(np.max(np.abs(up_db[hops:] - up_db[:-hops]))), 0.0, 1.5),
        "step on the way down": (float(np.max(np.abs(np.diff(down_db)))), 0.0, 3.0),
    }
    return [
        f"{name}: {value:.2f} not in {least} ... {most}"
        for name, (value, least, most) in figures.items()
        if not least <= value <= most
    ]
