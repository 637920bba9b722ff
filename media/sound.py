"""The shape of sound between decoder and encoder: mono float32 frames of 20 ms."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

RATE_HZ = 48_000  # the only rate Opus is signalled at (RFC 7587 section 4.1)
TICK_S = 0.020  # one Opus packet
FRAME_SAMPLES = 960  # RATE_HZ x TICK_S

Frame: TypeAlias = npt.NDArray[np.float32]
"""Samples in -1 ... +1 (mixes may exceed it before the limiter); shape (FRAME_SAMPLES,) unless stated otherwise."""


def silence(samples: int = FRAME_SAMPLES) -> Frame:
    """Return a fresh frame of zeros, shape (samples,)."""
    return np.zeros(samples, dtype=np.float32)
