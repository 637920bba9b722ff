"""The tape between decoder and mix: nothing is lost or doubled but by stretching, and it is bounded."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from media.opus import LONGEST_SAMPLES
from media.sound import FRAME_SAMPLES, RATE_HZ, Frame
from media.tape import CAPACITY, PAST, Tape


def ramp(start: int, samples: int) -> Frame:
    return np.arange(start, start + samples, dtype=np.float32)


@given(st.lists(st.tuples(st.integers(0, 2880), st.integers(0, 1200)), max_size=60))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_in_order_and_what_is_not_there_is_silence(moves: list[tuple[int, int]]) -> None:
    tape, written, read = Tape(), 0, 0
    for write, take in moves:
        tape.write(ramp(written, write))
        written += write
        frame = tape.read(take)
        read += tape.dropped
        tape.dropped = 0
        there = min(take, written - read)
        np.testing.assert_array_equal(frame[:there], ramp(read, there))
        assert not frame[there:].any()
        assert len(frame) == take
        read += there
        assert len(tape) == written - read <= CAPACITY - PAST


def test_a_tape_that_nobody_reads_keeps_the_newest_sound_and_counts_the_rest() -> None:
    tape = Tape()
    for number in range(10):
        tape.write(ramp(number * LONGEST_SAMPLES, LONGEST_SAMPLES))
    assert len(tape) + tape.dropped == 10 * LONGEST_SAMPLES
    assert len(tape) == CAPACITY - PAST
    assert tape.read(CAPACITY)[CAPACITY - PAST - 1] == 10 * LONGEST_SAMPLES - 1


@given(st.lists(st.integers(-900, 900), min_size=1, max_size=80))
@settings(max_examples=40, deadline=None)
def test_a_tone_that_is_stretched_at_every_tick_never_clicks(changes: list[int]) -> None:
    sound = (0.3 * np.sin(2 * np.pi * 210 * np.arange(200 * FRAME_SAMPLES) / RATE_HZ)).astype(np.float32)
    tape, written, heard = Tape(), 0, []
    for change in changes:
        while len(tape) < 2 * FRAME_SAMPLES:
            tape.write(sound[written : written + FRAME_SAMPLES])
            written += FRAME_SAMPLES
        before = len(tape)
        done = tape.stretch(change, 0.5)
        assert len(tape) == before + done
        assert abs(done) <= abs(change)
        assert done * change >= 0
        heard.append(tape.read(FRAME_SAMPLES))
    assert np.abs(np.diff(np.concatenate(heard))).max() <= 1.2 * np.abs(np.diff(sound)).max()


def test_a_full_tape_is_not_made_longer() -> None:
    tape = Tape()
    for _ in range(3):
        tape.write(np.zeros(LONGEST_SAMPLES, dtype=np.float32))
    assert tape.stretch(480, -1.0) == 0
    assert tape.stretch(-480, -1.0) < 0


def test_a_cleared_tape_has_no_past() -> None:
    tape = Tape()
    tape.write(np.ones(FRAME_SAMPLES, dtype=np.float32))
    tape.read(FRAME_SAMPLES)
    tape.clear()
    assert len(tape) == 0
    assert not tape.read(10).any()
