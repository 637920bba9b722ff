"""What an incoming line's sender is told to send: floored at first, capped by its viewers, never held up by a pause."""

from __future__ import annotations

import random
import time

import pytest
from aiortc.rate import RemoteBitrateEstimator

from media.engine.estimate import FLOOR_S, LEAST_BITS_PER_S, Estimate, estimator
from media.rtp import SEND_TIME_HZ

START = 2_000_000


class Stream:
    """Packets of 1000 bytes, 4 ms apart: 2 Mb/s."""

    def __init__(self, estimate: Estimate, ssrc: int = 1, now: float = 1000.0) -> None:
        self.estimate, self.ssrc, self.now = estimate, ssrc, now

    def send(self, seconds: float) -> list[int]:
        told = []
        for _ in range(int(seconds * 250)):
            self.now += 0.004
            sent = int((self.now - 0.02) * SEND_TIME_HZ) & 0xFFFFFF
            said = self.estimate.take(self.ssrc, sent, 1000, self.now)
            if said is not None:
                told.append(said)
        return told


def test_at_first_no_source_is_told_less_than_what_it_begins_with() -> None:
    told = Stream(Estimate(START)).send(FLOOR_S - 1)
    assert len(told) >= FLOOR_S - 3
    assert min(told) >= START


def test_a_stream_that_does_not_say_when_it_was_sent_is_not_estimated() -> None:
    estimate = Estimate(START)
    for number in range(500):
        assert estimate.take(1, None, 1000, 1000 + number / 100) is None
    assert estimate.ssrcs == []


def test_a_source_is_told_no_more_than_its_viewers_lines_carry_and_no_less_than_a_picture_takes() -> None:
    estimate = Estimate(START)
    stream = Stream(estimate)
    stream.send(6)
    assert estimate.cap(800_000) == 800_000, "at once, where it is less"
    assert estimate.cap(900_000) is None, "in time, where it is more"
    assert set(stream.send(2)) == {900_000}
    assert estimate.cap(1_000) == LEAST_BITS_PER_S
    assert set(stream.send(2)) == {LEAST_BITS_PER_S}
    assert estimate.cap(None) is None
    assert min(stream.send(2)) >= START


def test_a_cap_is_told_even_before_anything_could_be_estimated() -> None:
    estimate = Estimate(START)
    assert estimate.cap(700_000) == 700_000
    assert set(Stream(estimate).send(6)) == {700_000}


def test_a_camera_that_was_off_may_start_at_full_rate_when_it_is_seen() -> None:
    estimate = Estimate(START)
    stream = Stream(estimate)
    for _ in range(40):  # a black picture: one packet a second
        stream.send(0.004)
        stream.now += 1.0
    assert min(stream.send(0.1) or [LEAST_BITS_PER_S]) >= LEAST_BITS_PER_S
    estimate.ramp(stream.now)
    told = stream.send(FLOOR_S + 10)
    assert min(told) >= START * 0.8


def test_a_night_of_silence_holds_nothing_up_and_begins_anew() -> None:
    stream = Stream(Estimate(START))
    stream.send(2)
    stream.now += 12 * 3600.0
    began_s = time.thread_time()
    told = stream.send(6)
    assert time.thread_time() - began_s < 2.0, "the library's counter, walking through milliseconds, takes over 5 s"
    assert told
    assert min(told) >= START, "floored as at the beginning"


def test_streams_that_are_no_more_are_not_told_of() -> None:
    estimate = Estimate(START)
    now = 1000.0
    for ssrc in range(20):
        stream = Stream(estimate, ssrc, now)
        stream.send(0.5)
        now = stream.now
        estimate.forget(ssrc)
    Stream(estimate, 99, now).send(6)
    assert estimate.ssrcs == [99]


@pytest.mark.parametrize("seed", range(5))
def test_the_estimator_says_what_the_librarys_says(seed: int) -> None:
    rng = random.Random(seed)
    ours, librarys = estimator(), RemoteBitrateEstimator()
    at_ms = queue_ms = sent_ms = 0.0
    said = 0
    for _ in range(4000):
        sent_ms += rng.choice((0.0, 3.0, 33.0, 33.0, 34.0, 1500.0 if rng.random() < 0.01 else 33.0))
        queue_ms = max(0.0, queue_ms + rng.uniform(-3, 3.5))
        at_ms = max(at_ms, sent_ms + queue_ms)
        passed = (int(at_ms), int(sent_ms * SEND_TIME_HZ / 1000) & 0xFFFFFF, rng.randrange(200, 9000), 7)
        told = librarys.add(*passed)
        assert ours.add(*passed) == told
        said += told is not None
    assert said > 50
