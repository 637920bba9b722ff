"""The gain matrix: who hears whom."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.mixing import Mixer
from media.sound import FRAME_SAMPLES, Frame

IDS = ("suwon", "hanoi", "kim")


def constant(value: float) -> Frame:
    return np.full(FRAME_SAMPLES, value, dtype=np.float32)


def settle(mixer: Mixer, ticks: int = 10) -> None:
    for _ in range(ticks):
        mixer.mix({}, IDS)


def test_each_listener_gets_the_sum_of_what_its_cells_say() -> None:
    mixer = Mixer()
    mixer.aim(
        [
            ("suwon", "hanoi", 0.0, 0.03),
            ("hanoi", "suwon", -18.0, 0.03),
            ("hanoi", "kim", 0.0, 0.03),
            ("kim", "suwon", 0.0, 0.03),
        ]
    )
    settle(mixer)
    mixes = mixer.mix({"suwon": constant(0.1), "hanoi": constant(0.2), "kim": constant(0.4)}, IDS)
    np.testing.assert_allclose(mixes["suwon"], 0.2, rtol=1e-5)
    np.testing.assert_allclose(mixes["hanoi"], 0.1 * 10 ** (-18 / 20) + 0.4, rtol=1e-5)
    np.testing.assert_allclose(mixes["kim"], 0.1, rtol=1e-5)
    assert all(mix.dtype == np.float32 and mix.shape == (FRAME_SAMPLES,) for mix in mixes.values())


def test_nobody_hears_themself_unless_a_cell_says_so() -> None:
    mixer = Mixer()
    mixer.aim([(listener, source, 0.0, 0.0) for listener in IDS for source in IDS if listener != source])
    settle(mixer)
    assert not mixer.mix({"kim": constant(0.5)}, IDS)["kim"].any()
    mixer.aim([("kim", "kim", 0.0, 0.0)])
    settle(mixer)
    np.testing.assert_allclose(mixer.mix({"kim": constant(0.5)}, IDS)["kim"], 0.5)


def test_an_unknown_listener_and_a_missing_source_are_silence() -> None:
    mixer = Mixer()
    mixer.aim([("suwon", "hanoi", 0.0, 0.0)])
    mixes = mixer.mix({}, ("suwon", "stranger"))
    assert not mixes["suwon"].any()
    assert not mixes["stranger"].any()


def test_a_cell_not_named_any_more_falls_silent_in_30_ms_and_is_forgotten() -> None:
    mixer = Mixer()
    mixer.aim([("suwon", "hanoi", 0.0, 0.0)])
    settle(mixer)
    mixer.aim([])
    assert len(mixer) == 1
    loud = constant(1.0)
    heard = np.concatenate([mixer.mix({"hanoi": loud}, ["suwon"])["suwon"] for _ in range(2)])
    assert heard[0] > 0.98
    assert heard[1439] == 0.0
    assert np.abs(np.diff(heard)).max() < 0.01
    assert len(mixer) == 0


def test_a_new_cell_begins_in_silence() -> None:
    mixer = Mixer()
    mixer.aim([("suwon", "hanoi", 0.0, 0.1)])
    heard = mixer.mix({"hanoi": constant(1.0)}, ["suwon"])["suwon"]
    assert heard[0] < 1e-5
    assert np.abs(np.diff(heard)).max() < 0.01


def test_a_cell_at_none_costs_nothing() -> None:
    mixer = Mixer()
    mixer.aim([("suwon", "hanoi", None, 0.03)])
    assert len(mixer) == 0


def test_gains_move_on_while_a_listener_is_away() -> None:
    mixer = Mixer()
    mixer.aim([("suwon", "hanoi", 0.0, 0.2)])
    for _ in range(10):
        mixer.mix({"hanoi": constant(1.0)}, [])
    assert mixer.gain("suwon", "hanoi") == 1.0


def test_frames_that_come_in_are_left_alone_and_mixes_are_fresh() -> None:
    mixer = Mixer()
    mixer.aim([("suwon", "hanoi", 0.0, 0.0), ("kim", "hanoi", 0.0, 0.0)])
    settle(mixer)
    sound = constant(0.5)
    first = mixer.mix({"hanoi": sound}, IDS)
    first["suwon"][:] = 9.0
    assert np.all(sound == 0.5)
    assert np.all(first["kim"] == 0.5)
    assert np.all(mixer.mix({"hanoi": sound}, IDS)["suwon"] == 0.5)


def test_a_bad_gain_is_refused_and_changes_nothing() -> None:
    mixer = Mixer()
    mixer.aim([("suwon", "hanoi", 0.0, 0.0)])
    settle(mixer)
    for db, ramp_s in ((math.nan, 0.1), (0.0, -1.0), (0.0, math.nan)):
        with pytest.raises(ValueError, match="finite"):
            mixer.aim([("kim", "hanoi", 0.0, 0.0), ("suwon", "hanoi", db, ramp_s)])
    settle(mixer)
    assert mixer.gain("suwon", "hanoi") == 1.0
    assert mixer.gain("kim", "hanoi") == 0.0


CELL = st.tuples(st.sampled_from(IDS), st.sampled_from(IDS), st.none() | st.floats(-30.0, 6.0))


@given(st.lists(st.lists(CELL, max_size=9, unique_by=lambda cell: cell[:2]), min_size=1, max_size=4))
@settings(deadline=None)
def test_after_the_ramps_the_matrix_is_what_was_said_last(matrices: list[list[tuple[str, str, float | None]]]) -> None:
    mixer = Mixer()
    for matrix in matrices:
        mixer.aim([(*cell, 0.1) for cell in matrix])
        mixer.mix({}, IDS)
    settle(mixer)
    said = {(listener, source): db for listener, source, db in matrices[-1] if db is not None}
    assert len(mixer) == len(said)
    for listener in IDS:
        for source in IDS:
            db = said.get((listener, source))
            assert mixer.gain(listener, source) == pytest.approx(0.0 if db is None else 10 ** (db / 20))
