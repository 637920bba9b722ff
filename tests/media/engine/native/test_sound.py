"""The limiter in C says what the one in Python says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.engine.native import ffi, lib
from media.engine.native_desk import fresh_limiter
from media.limiter import LOOKAHEAD_SAMPLES, Limiter
from media.sound import FRAME_SAMPLES, Frame

pytestmark = pytest.mark.skipif(lib is None, reason="no C compiler was found at set-up")


class NativeLimiter:
    """`media.limiter.Limiter`, in C."""

    def __init__(self) -> None:
        self._state = fresh_limiter()

    @property
    def reduction_db(self) -> float:
        return float(-20.0 * np.log10(max(1.0 - self._state.attenuation, 1e-9)))

    def process(self, frame: Frame) -> Frame:
        limited = np.zeros(FRAME_SAMPLES, dtype=np.float32)
        lib.limit(self._state, ffi.from_buffer("float[]", frame), ffi.from_buffer("float[]", limited))
        return limited


def together(frames: list[Frame]) -> None:
    ours, model = NativeLimiter(), Limiter()
    for frame in frames:
        before = frame.copy()
        assert np.allclose(ours.process(frame), model.process(frame.copy()), atol=1e-6)
        assert ours.reduction_db == pytest.approx(model.reduction_db, abs=1e-6)
        assert np.array_equal(frame, before, equal_nan=True), "who mixed it may still need it"


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from([0.0, 1e-4, 0.1, 0.7, 0.72, 1.0, 3.0, 1e6]), min_size=1, max_size=12),
    st.integers(0, 2**32 - 1),
)
def test_both_say_the_same_of_loud_and_quiet_frames_in_any_order(levels: list[float], seed: int) -> None:
    chance = np.random.default_rng(seed)
    together([(level * chance.uniform(-1, 1, FRAME_SAMPLES)).astype(np.float32) for level in levels])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5 * FRAME_SAMPLES - 1), st.floats(0.5, 50.0)), max_size=8))
def test_both_say_the_same_of_single_clicks(clicks: list[tuple[int, float]]) -> None:
    sound = np.zeros(20 * FRAME_SAMPLES, dtype=np.float32)
    for at, height in clicks:
        sound[at] = height
    together(list(sound.reshape(-1, FRAME_SAMPLES)))


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_silence(broken: float) -> None:
    frame = np.full(FRAME_SAMPLES, 0.5, dtype=np.float32)
    frame[100] = broken
    together([frame, np.full(FRAME_SAMPLES, 0.5, dtype=np.float32)])
    assert np.isfinite(NativeLimiter().process(frame)).all()


def test_quiet_sound_passes_bit_by_bit() -> None:
    sound = np.random.default_rng(7).uniform(-0.7, 0.7, 10 * FRAME_SAMPLES).astype(np.float32)
    ours = NativeLimiter()
    out = np.concatenate([ours.process(frame).copy() for frame in sound.reshape(-1, FRAME_SAMPLES)])
    assert np.array_equal(out[LOOKAHEAD_SAMPLES:], sound[:-LOOKAHEAD_SAMPLES])
