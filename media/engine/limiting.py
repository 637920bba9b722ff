"""The limiter in front of every ear: that of `media.limiter`, in C where that was compiled."""

from __future__ import annotations

import math

import numpy as np

from media.engine.native import ffi, lib
from media.limiter import CEILING_DB, RELEASE_S, Limiter
from media.sound import FRAME_SAMPLES, RATE_HZ, Frame


class NativeLimiter:
    """`media.limiter.Limiter` for frames of 960 samples."""

    __slots__ = ("_limited", "_limited_at", "_state")

    def __init__(self, ceiling_db: float = CEILING_DB) -> None:
        self._state = ffi.new("limiter *")
        self._state.ceiling = 10.0 ** (ceiling_db / 20.0)
        self._state.release = math.exp(-1.0 / (RELEASE_S * RATE_HZ))
        self._limited = np.zeros(FRAME_SAMPLES, dtype=np.float32)
        self._limited_at = ffi.from_buffer("float[]", self._limited)

    @property
    def reduction_db(self) -> float:
        """The greatest reduction in the last block, in dB (0 or more)."""
        return -20.0 * math.log10(max(1.0 - self._state.attenuation, 1e-9))

    def process(self, frame: Frame) -> Frame:
        """Take float32 (960,), and return the sound of 3 ms ago, limited: a buffer that holds until the next call."""
        if frame.shape != (FRAME_SAMPLES,) or not frame.flags.c_contiguous:
            raise ValueError(f"a frame holds {FRAME_SAMPLES} samples in a row")
        lib.limit(self._state, ffi.from_buffer("float[]", frame), self._limited_at)
        return self._limited


def limiter() -> NativeLimiter | Limiter:
    """The faster one of this machine."""
    return Limiter() if lib is None else NativeLimiter()
