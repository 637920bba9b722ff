"""What an inlet heard, decoded after the load has ended: samples, and when each packet came."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.hearing import FRAME_SAMPLES, Timeline
from bench.receiving import Arrival
from media.engine.opus import Decoder

LONGEST_HOLE = 500  # packets; a larger one is a new stream


def timeline(came: Sequence[Arrival]) -> Timeline:
    """Decode packets in the order of their timestamps; for what is missing libopus conceals.

    The line to us was clean: a hole means that the server sent nothing, as in DTX.
    """
    ordered = sorted({one.number: one for one in came}.values(), key=lambda one: one.number)
    decoder = Decoder()
    parts: list[np.ndarray] = []
    starts: list[float] = []
    stamps: list[int] = []
    last: int | None = None
    for one in ordered:
        missing = 0 if last is None else round((one.timestamp - last) % (1 << 32) / FRAME_SAMPLES) - 1
        if 0 < missing <= LONGEST_HOLE:
            for late in range(missing, 0, -1):
                parts.append(decoder.conceal().copy())
                starts.append(one.at_s - late * 0.02)
                stamps.append(one.timestamp - late * FRAME_SAMPLES)
        samples = decoder.decode(one.payload).copy()
        for at in range(0, samples.size, FRAME_SAMPLES):
            parts.append(_whole(samples[at : at + FRAME_SAMPLES]))
            starts.append(one.at_s + at / 48_000)
            stamps.append(one.timestamp + at)
        last = one.timestamp + max(0, samples.size - FRAME_SAMPLES)
    whole = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    return Timeline(whole, np.array(starts), np.array(stamps))


def _whole(block: np.ndarray) -> np.ndarray:
    return np.pad(block, (0, FRAME_SAMPLES - block.size)) if block.size < FRAME_SAMPLES else block
