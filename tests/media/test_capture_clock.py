"""When something was captured, by its sender's reports: sound and picture on one scale, whatever the line does."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.capture_clock import CLOCKS_HZ, EARLIEST_S, FORGET_S, MOST_APART_S, MOST_REPORTS, OLDEST_S, CaptureClock

NTP_S = 1 << 32
NEAR_S = 0.005


@dataclass
class Sender:
    """Its clock began somewhere, runs fast by `drift_ppm`, and counts each kind's timestamps from anywhere."""

    drift_ppm: float
    began_s: float
    offsets: dict[str, int]

    def clock(self, at: float) -> float:
        return self.began_s + at * (1 + self.drift_ppm * 1e-6)

    def timestamp(self, kind: str, at: float) -> int:
        elapsed_s = at * (1 + self.drift_ppm * 1e-6)
        return (self.offsets[kind] + round(elapsed_s * CLOCKS_HZ[kind])) & 0xFFFFFFFF

    def report(self, clock: CaptureClock, kind: str, at: float, delay_s: float) -> None:
        clock.report(kind, int(self.clock(at) * NTP_S), self.timestamp(kind, at), at + delay_s)


SENDERS = st.builds(
    Sender,
    drift_ppm=st.floats(-200, 200),
    began_s=st.one_of(st.floats(0, 1000), st.floats(3.8e9, 3.9e9)),
    offsets=st.fixed_dictionaries(
        {
            "audio": st.integers(0, 0xFFFFFFFF),
            "video": st.one_of(st.integers(0, 0xFFFFFFFF), st.just(0xFFFFFFFF - 200_000)),
        }
    ),
)


@settings(max_examples=40)
@given(SENDERS, st.floats(0, 0.2), st.integers(0, 1 << 32))
def test_captures_are_known_within_5_ms_while_reports_come_unevenly_and_the_clock_drifts(
    sender: Sender, least_delay_s: float, seed: int
) -> None:
    clock, chance = CaptureClock(), random.Random(seed)
    worst_s = 0.0
    for second in range(120):
        for kind in ("audio", "video"):
            at = second + chance.random() / 2
            sender.report(clock, kind, at, least_delay_s + min(0.2, chance.expovariate(1 / 0.010)))
        if second < FORGET_S:
            continue  # so few reports may all have been held up
        found = {}
        for kind in ("audio", "video"):
            at = second + 1.0
            captured = clock.captured(kind, sender.timestamp(kind, at), at + least_delay_s)
            assert captured is not None
            found[kind] = captured
            worst_s = max(worst_s, abs(captured - (at + least_delay_s)))
        assert found["audio"] == pytest.approx(found["video"], abs=0.001), "lips and sound on one scale"
    assert worst_s < NEAR_S


def test_before_a_report_of_its_kind_nobody_knows() -> None:
    clock, sender = CaptureClock(), Sender(0.0, 50.0, {"audio": 7, "video": 9})
    assert clock.captured("audio", 7, 1.1) is None
    sender.report(clock, "audio", 1.0, 0.1)
    assert clock.captured("audio", sender.timestamp("audio", 1.0), 1.1) == pytest.approx(1.1)
    assert clock.captured("video", sender.timestamp("video", 1.0), 1.1) is None


def test_a_report_far_from_what_it_should_explain_is_of_no_use() -> None:
    clock, sender = CaptureClock(), Sender(0.0, 50.0, {"audio": 7, "video": 9})
    sender.report(clock, "video", 100.0, 0.1)
    for away_s in (-MOST_APART_S + 0.1, MOST_APART_S - 0.1):
        found = clock.captured("video", sender.timestamp("video", 100.0 + away_s), 100.1 + away_s)
        assert found == pytest.approx(100.1 + away_s, abs=0.001)
    for away_s in (-MOST_APART_S - 0.1, MOST_APART_S + 0.1, 3600.0):
        now = 100.1 + away_s
        assert clock.captured("video", sender.timestamp("video", 100.0 + away_s), now) is None


def test_a_line_that_became_longer_is_noticed_in_time() -> None:
    clock, sender = CaptureClock(), Sender(0.0, 50.0, {"audio": 7, "video": 9})
    for second in range(40):
        sender.report(clock, "audio", second, 0.02)
    for second in range(40, 70):
        sender.report(clock, "audio", second, 0.30)
    assert clock.captured("audio", sender.timestamp("audio", 70.0), 70.3) == pytest.approx(70.3)


def test_what_is_older_or_newer_than_can_be_is_not_believed() -> None:
    clock, sender = CaptureClock(), Sender(0.0, 50.0, {"audio": 7, "video": 9})
    sender.report(clock, "audio", 100.0, 0.1)
    stamp = sender.timestamp("audio", 100.0)
    for now, known in ((100.1 + OLDEST_S - 0.01, True), (100.1 + OLDEST_S + 0.01, False), (100.1, True), (99.9, False)):
        assert (clock.captured("audio", stamp, now) is not None) == known


def test_a_sender_whose_kinds_count_on_clocks_of_their_own_does_not_move_its_sound() -> None:
    clock = CaptureClock()
    sound, picture = (Sender(0.0, ahead_s, {"audio": 7, "video": 9}) for ahead_s in (50.0, 58.0))
    for second in range(5):
        sound.report(clock, "audio", second, 0.1)
        picture.report(clock, "video", second, 0.1)
    assert clock.captured("audio", sound.timestamp("audio", 4.0), 4.1) is None, "8 s ago it cannot have been"
    assert clock.captured("video", picture.timestamp("video", 4.0), 4.1) == pytest.approx(4.1)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["audio", "video"]),
            st.integers(0, (1 << 64) - 1),
            st.integers(0, 0xFFFFFFFF),
            st.floats(0, 1),
        ),
        max_size=200,
    )
)
def test_whatever_is_reported_it_stays_bounded(reports: list[tuple[str, int, int, float]]) -> None:
    clock, now = CaptureClock(), 0.0
    for kind, ntp, timestamp, pause_s in reports:
        now += pause_s
        clock.report(kind, ntp, timestamp, now)
        found = clock.captured(kind, timestamp, now)
        assert found is None or -EARLIEST_S <= now - found <= OLDEST_S
        assert len(clock._least) <= MOST_REPORTS
