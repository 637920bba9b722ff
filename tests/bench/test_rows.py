"""Rows hold figures against the bars of the table."""

from __future__ import annotations

from bench.measure_freeze import Freeze
from bench.measure_load import Run, lateness
from bench.measure_onset import Onsets
from bench.measure_speech import Channel
from bench.measure_transcode import Transcode
from bench.rows_load import cpu_rows, onset_rows, picture_rows
from bench.rows_own import freeze_rows, transcode_rows
from bench.rows_speech import speech_rows
from bench.scores import Scores


def run(server: str, cpu: float, delays_ms: list[float] | None = None) -> Run:
    return Run(server, "one picture", cpu, 0.0, 5.0, 30.0, "forwarded", delays_ms or [])


def test_cpu_is_held_against_the_peer_run_by_run() -> None:
    (row,) = cpu_rows([run("Hanmaru", 9.0), run("Janus", 10.0), run("Hanmaru", 30.0), run("Janus", 40.0)])
    assert row.reached
    assert row.ratio.startswith("0.82 (0.75–0.90)")


def test_without_a_peer_there_is_a_figure_and_no_verdict() -> None:
    (row,) = cpu_rows([run("Hanmaru", 9.0)])
    assert (row.theirs, row.reached) == ("–", None)


def test_one_slow_picture_in_fifty_misses_the_bar() -> None:
    fine = picture_rows([run("Hanmaru", 1.0, [1.0] * 100)])
    slow = picture_rows([run("Hanmaru", 1.0, [1.0] * 98 + [50.0] * 2)])
    assert [row.reached for row in (fine[0], slow[0])] == [True, False]


def test_sounds_that_were_never_heard_are_counted() -> None:
    found = Onsets("Hanmaru")
    found.said["clean"], found.delays_ms["clean"] = 3, [40.0, 50.0]
    row = onset_rows([found])[0]
    assert "1 of 3 not heard" in row.what
    assert row.reached


def channel(server: str, estoi: float, drift_ms: float) -> Channel:
    delays = {"before": [50.0], "impaired": [60.0], "10 s after": [50.0 + drift_ms]}
    return Channel(server, "5 % lost", "ko", 1, Scores(estoi, 3.6), Scores(0.97, 3.7), delays)


def test_speech_is_held_against_the_ceiling_of_the_same_packets() -> None:
    good, poor = (speech_rows([channel("Hanmaru", estoi, 0.0)])[0] for estoi in (0.96, 0.95))
    assert (good.reached, poor.reached) == (True, False)


def test_delay_that_stays_after_the_loss_misses_the_bar() -> None:
    back, stays = (speech_rows([channel("Hanmaru", 0.97, drift)])[1] for drift in (5.0, 60.0))
    assert (back.reached, stays.reached) == (True, False)


def test_the_longest_freeze_of_all_streams_counts() -> None:
    found = [Freeze("Hanmaru", 0.02, longest, 590, 20.0, 0, 0, 0, 0) for longest in (0.1, 0.6)]
    (row,) = freeze_rows(found)
    assert row.ours.startswith("0.60 s")
    assert not row.reached


def test_a_transcode_that_dropped_pictures_says_nothing() -> None:
    found = [Transcode(300.0, 290.0, 30.0), Transcode(100.0, 290.0, 10.0)]
    assert transcode_rows(found)[0].ratio.startswith("1.03 (1.03–1.03)")


def test_lateness_is_what_happened_between_two_scrapes() -> None:
    name = "hanmaru_tick_lateness_seconds_bucket<="
    before = {f"{name}0.001": 10.0, f"{name}0.02": 10.0, f"{name}+Inf": 10.0, "hanmaru_ticks_late_total": 1.0}
    after = {f"{name}0.001": 100.0, f"{name}0.02": 109.0, f"{name}+Inf": 110.0, "hanmaru_ticks_late_total": 2.0}
    assert lateness(before, after) == {"ticks": 100.0, "late_share": 0.01, "p50_below_ms": 1.0, "p99_below_ms": 20.0}
