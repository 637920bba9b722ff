"""Playout of encoded packets: order, loss, lateness, pauses, restarts, drift, and how long sound is held."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.jitter_buffer import CAPACITY
from media.playout import LONGEST_HOLD, LONGEST_PAUSE, Kind, Playout
from media.sound import FRAME_SAMPLES
from tests.support.line_of_sound import TICK_MS, Arrival, Tick, payload, play, sent

SECOND = 50  # ticks


def played(ticks: list[Tick]) -> list[int]:
    return [number for tick in ticks for number in tick.numbers]


def kinds(ticks: list[Tick]) -> list[Kind]:
    return [kind for tick in ticks for kind in tick.kinds]


def delays_ms(ticks: list[Tick]) -> list[float]:
    return [tick.delay_ms for tick in ticks if tick.delay_ms is not None]


def late_by(most_ms: float, count: int, seed: int, lost: float = 0.0) -> list[Arrival]:
    """Every packet as much later as chance will, evenly spread up to `most_ms`."""
    rng = random.Random(seed)
    return [(number * TICK_MS + rng.random() * most_ms, number) for number in range(count) if rng.random() >= lost]


@given(first=st.integers(0, 0xFFFF), offset=st.integers(0, 0xFFFFFFFF), phase_ms=st.floats(0.0, 19.9))
@settings(max_examples=40, deadline=None)
def test_a_clean_line_plays_every_packet_once_with_21_to_42_ms_of_delay(
    first: int, offset: int, phase_ms: float
) -> None:
    playout = Playout()
    ticks = list(play(playout, sent(400), 400, phase_ms=phase_ms, first=first, offset=offset))
    assert played(ticks) == list(range(played(ticks)[-1] + 1))
    assert len(played(ticks)) >= 397
    assert set(kinds(ticks)) == {Kind.DECODE, Kind.IDLE}
    assert (playout.late, playout.skipped, playout.underruns, playout.buffer.dropped) == (0, 0, 0, 0)
    assert all(20.9 <= delay_ms <= 42.1 for delay_ms in delays_ms(ticks))
    assert not any(tick.stretched for tick in ticks)


def test_a_source_whose_packets_do_not_mend_each_other_is_held_no_longer_than_its_jitter_asks() -> None:
    ticks = list(play(Playout(), sent(900), 900, phase_ms=10.0, mending=False))
    assert statistics.median(delays_ms(ticks)[:100]) == pytest.approx(30.0)
    assert statistics.median(delays_ms(ticks)[-100:]) == pytest.approx(10.0, abs=2.5)
    assert played(ticks) == list(range(len(played(ticks))))


@given(lost=st.integers(3, 150), phase_ms=st.floats(0.0, 19.9), first=st.integers(0, 0xFFFF))
@settings(max_examples=40, deadline=None)
def test_one_lost_packet_is_mended_by_the_next_and_costs_no_delay(lost: int, phase_ms: float, first: int) -> None:
    playout = Playout()
    ticks = list(play(playout, sent(200, lost=[lost]), 200, phase_ms=phase_ms, first=first))
    assert kinds(ticks).count(Kind.MEND) == 1
    assert Kind.CONCEAL not in kinds(ticks)
    assert len(set(delays_ms(ticks))) == 1 or max(delays_ms(ticks)) - min(delays_ms(ticks)) < 0.1


def test_of_a_burst_only_the_last_packet_can_be_mended() -> None:
    ticks = list(play(Playout(), sent(200, lost=[100, 101, 102]), 200))
    around = [kind for kind in kinds(ticks) if kind not in (Kind.DECODE, Kind.IDLE)]
    assert around == [Kind.CONCEAL, Kind.CONCEAL, Kind.MEND]
    assert max(delays_ms(ticks)) - min(delays_ms(ticks)) < 0.1


def test_without_copies_a_lost_packet_is_concealed() -> None:
    ticks = list(play(Playout(), sent(200, lost=[100]), 200, mending=False))
    assert kinds(ticks).count(Kind.CONCEAL) == 1
    assert Kind.MEND not in kinds(ticks)


@given(loss=st.floats(0.0, 0.3), jitter_ms=st.floats(0.0, 90.0), seed=st.integers(0, 1 << 30))
@settings(max_examples=40, deadline=None)
def test_whatever_the_network_does_order_is_kept_and_everything_is_bounded(
    loss: float, jitter_ms: float, seed: int
) -> None:
    playout, rng = Playout(), random.Random(seed)
    arrivals = late_by(jitter_ms, 400, seed, loss)
    arrivals += [(at_ms + rng.random() * 500, number) for at_ms, number in arrivals if rng.random() < 0.05]

    def bounded() -> None:
        assert len(playout.buffer) <= CAPACITY
        assert abs(playout.change) <= 50 * FRAME_SAMPLES

    ticks = list(play(playout, arrivals, 430, check=bounded))
    numbers = played(ticks)
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= len({number for _, number in arrivals}) - playout.late - playout.skipped - 30
    assert all(delay_ms < 330 for delay_ms in delays_ms(ticks[:400]))


@pytest.mark.parametrize("seed", range(4))
def test_jitter_of_30_ms_is_learned_within_a_second_and_forgotten_within_ten(seed: int) -> None:
    playout = Playout()
    clean, shaken = sent(1500), late_by(30.0, 1500, seed)
    ticks = list(play(playout, clean[:400] + shaken[400:900] + clean[900:], 1450, phase_ms=5.0 * seed))
    before = statistics.median(delays_ms(ticks[200:400]))
    during = sorted(delays_ms(ticks[400:900]))
    after = statistics.median(delays_ms(ticks[900 + 10 * SECOND :]))
    assert during[len(during) // 2] <= 62
    assert during[-len(during) // 20] <= 70
    assert abs(after - before) < 5
    filled_in = [tick for tick in ticks[:-3] if {Kind.CONCEAL, Kind.MEND} & set(tick.kinds)]
    assert len(filled_in) <= 4
    assert not [tick for tick in ticks[450:900] if Kind.CONCEAL in tick.kinds]


@pytest.mark.parametrize("seed", range(4))
def test_loss_of_5_percent_is_mended_and_moves_nothing(seed: int) -> None:
    playout = Playout()
    ticks = list(play(playout, late_by(1.0, 1000, seed, lost=0.05), 980, phase_ms=3.0 + 5.0 * seed))
    steady = ticks[10:]
    assert kinds(steady).count(Kind.CONCEAL) <= 12, "two in a row: 0.25 % of packets"
    assert kinds(steady).count(Kind.MEND) >= 25
    assert not any(tick.stretched for tick in steady)
    assert max(delays_ms(steady)) - min(delays_ms(steady)) < 0.1


def test_a_packet_that_comes_after_its_time_is_counted_and_not_played() -> None:
    playout = Playout()
    ticks = list(play(playout, [*sent(200, lost=[50]), (50 * TICK_MS + 90.0, 50)], 200))
    assert playout.late == 1
    assert 50 not in played(ticks)


def test_a_stall_of_100_ms_loses_nothing_and_its_delay_is_gone_8_s_later() -> None:
    playout = Playout()
    stalled = [(max(number * TICK_MS, 1000.0) if 45 <= number <= 49 else at, number) for at, number in sent(900)]
    ticks = list(play(playout, stalled, 890))
    assert played(ticks[:200]) == list(range(played(ticks[:200])[-1] + 1))
    assert playout.underruns == 1
    assert max(delays_ms(ticks)) > 90
    assert delays_ms(ticks)[-1] < 45


def test_a_source_that_stops_is_idle_after_200_ms_and_begins_again_at_once() -> None:
    playout = Playout()
    ticks = list(play(playout, [(at + (2000.0 if number >= 100 else 0.0), number) for number, (at, _) in
                                enumerate(sent(300))], 400))  # fmt: skip
    concealed = [number for number, tick in enumerate(ticks[:190]) if Kind.CONCEAL in tick.kinds]
    assert len(concealed) == LONGEST_HOLD // FRAME_SAMPLES
    assert Kind.IDLE in ticks[concealed[-1] + 1].kinds
    assert played(ticks)[:300] == list(range(len(played(ticks))))
    assert max(delays_ms(ticks[205:390])) - 2000 < 45


def test_a_stall_longer_than_that_ends_with_the_newest_packets() -> None:
    playout = Playout()
    stalled = [(max(at, 1500.0) if number >= 50 else at, number) for at, number in sent(150)]
    ticks = list(play(playout, stalled, 150))
    assert delays_ms(ticks)[-1] < 45
    assert playout.skipped > 15


def test_a_sender_that_pauses_is_heard_pausing_and_has_its_delay_afterwards() -> None:
    playout = Playout()
    held, heard, delay = 0, [], []
    for tick in range(200):
        speaking = tick < 50 or tick >= 110
        if speaking or tick in (50, 70, 90):  # DTX: one byte every 400 ms, the sequence goes on, the timestamp jumps
            number = tick if tick <= 50 else {70: 51, 90: 52}.get(tick, tick - 57)
            playout.push(number, tick * 960, payload(tick) if speaking else b"\x48", tick * 0.02)
        while held < FRAME_SAMPLES:
            due = playout.pop(tick * 0.02 + 0.01)
            heard.append(due.kind)
            if due.kind is Kind.IDLE:
                break
            held += due.samples
        held -= FRAME_SAMPLES if held else 0
        playout.settle(tick * 0.02 + 0.01, held)
        delay.append(tick * 960 + 480 - playout.clock + FRAME_SAMPLES)
    assert Kind.CONCEAL not in heard
    assert heard.count(Kind.PAUSE) == 60 - 3
    assert heard.count(Kind.DECODE) in (142, 143)
    assert delay[-1] == delay[40]
    assert playout.underruns == 0


def test_a_sender_that_announces_a_pause_and_never_comes_back_is_idle_after_half_a_second() -> None:
    playout = Playout()
    for number in range(10):
        playout.push(number, number * 960, payload(number) if number < 9 else b"\x48", number * 0.02)
        playout.pop(number * 0.02 + 0.01)
    due = [playout.pop(0.2 + tick * 0.02).kind for tick in range(60)]
    assert due.count(Kind.PAUSE) == LONGEST_PAUSE // FRAME_SAMPLES
    assert due[-1] is Kind.IDLE


def test_a_sender_that_paused_without_a_word_gains_no_delay() -> None:
    ticks = list(play(Playout(), sent(100), 100))
    paused = list(play(Playout(), [(at, n) for at, n in sent(100) if not 50 <= n < 55], 100, mending=False))
    assert delays_ms(paused)[-1] == pytest.approx(delays_ms(ticks)[-1])


@pytest.mark.parametrize(("toc", "samples"), [(0x40, 480), (0x48, 960), (0x50, 1920), (0x58, 2880)])
def test_packets_of_10_20_40_and_60_ms_play_without_gaps(toc: int, samples: int) -> None:
    playout, held, heard = Playout(), 0, []
    flag = {480: 0x40, 960: 0x40, 1920: 0x20, 2880: 0x10}[samples]
    packets = 600 * FRAME_SAMPLES // samples
    coming = [(number * samples / 48_000, number) for number in range(packets) if number % 40 != 39]
    for tick in range(600):
        now = tick * 0.02 + 0.007
        while coming and coming[0][0] <= now:
            at, number = coming.pop(0)
            playout.push(number, number * samples, bytes([toc, flag, 0, 0]), at)
        while held < FRAME_SAMPLES:
            due = playout.pop(now)
            heard.append(due)
            if due.kind is Kind.IDLE:
                break
            held += due.samples
        if held:
            held -= FRAME_SAMPLES
            playout.settle(now, held)
            if playout.change:  # without a voice to stretch, any amount can be had at once
                held += playout.change
                playout.changed(playout.change)
    sounding = [due for due in heard if due.kind is not Kind.IDLE]
    assert [due.kind for due in heard[-len(sounding) :]] == [due.kind for due in sounding], "idle at the start only"
    assert sum(due.samples for due in sounding) == pytest.approx(600 * FRAME_SAMPLES, abs=4 * FRAME_SAMPLES)
    assert {due.kind for due in sounding} <= {Kind.DECODE, Kind.MEND, Kind.CONCEAL}
    if samples <= FRAME_SAMPLES:  # longer ones are not worth waiting for
        assert {due.kind for due in sounding} == {Kind.DECODE, Kind.MEND}
        assert playout.underruns == 0
    assert playout.held_s <= samples / 48_000 + 0.045


def test_a_sender_whose_timestamps_stood_still_while_it_paused_begins_again_with_a_short_delay() -> None:
    playout = Playout()
    ticks = list(play(playout, [(at + (5000.0 if number >= 100 else 0.0), number) for at, number in sent(400)], 640))
    assert played(ticks) == list(range(len(played(ticks))))
    assert all(21 <= delay_ms - 5000 <= 45 for delay_ms in delays_ms(ticks[360:]))
    assert not any(tick.stretched for tick in ticks)


def test_a_restarted_source_is_heard_again_within_three_packets() -> None:
    playout = Playout()
    list(play(playout, sent(50), 50))
    again = list(play(playout, sent(10), 10, first=30_000, offset=1_000_000_000))
    assert playout.buffer.restarts == 1
    assert [number for number in played(again) if number < 10] == list(range(1, played(again)[-1] + 1))
    assert played(again)[-1] >= 7


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.binary(max_size=6)), max_size=120))
@settings(max_examples=60, deadline=None)
def test_whatever_a_stranger_sends_what_is_due_has_a_length_that_can_be_decoded(
    packets: list[tuple[int, int, bytes]],
) -> None:
    playout = Playout()
    for tick, (sequence, timestamp, body) in enumerate(packets):
        playout.push(sequence, timestamp, body, tick * 0.02)
        due = playout.pop(tick * 0.02)
        assert due.samples % 120 == 0
        assert 0 <= due.samples <= 5760
        assert (due.samples == 0) == (due.kind is Kind.IDLE)
        playout.settle(tick * 0.02, 0)


@pytest.mark.parametrize("ppm", [-200.0, 200.0])
def test_clocks_200_ppm_apart_stay_together_for_an_hour_by_stretching_alone(ppm: float) -> None:
    playout, hour = Playout(), 60 * 60 * SECOND
    every_ms = TICK_MS * (1.0 - ppm / 1e6)
    stretches, clean = 0, {Kind.DECODE}
    arrivals = [(number * every_ms, number) for number in range(hour)]
    for count, tick in enumerate(play(playout, arrivals, hour - SECOND)):
        stretches += abs(tick.stretched)
        assert count < SECOND or (clean.issuperset(tick.kinds) and tick.delay_ms is not None)
    drift_samples = 3600 * 48_000 * 200 / 1e6
    assert playout.late == playout.skipped == playout.underruns == 0
    assert stretches == pytest.approx(drift_samples, abs=3 * FRAME_SAMPLES), "and not a sample to and fro"
    assert 0.018 <= playout.held_s <= 0.055


def test_a_packet_that_was_mended_is_not_heard_again_when_it_comes_after_all() -> None:
    arrivals = [arrival for arrival in sent(200) if arrival[1] != 100]
    ticks = list(play(Playout(), sorted([*arrivals, (100 * TICK_MS + 48.0, 100)]), 200, phase_ms=5.0))
    assert kinds(ticks).count(Kind.MEND) + played(ticks).count(100) == 1
    assert max(delays_ms(ticks)) - min(delays_ms(ticks)) < 0.1


@pytest.mark.parametrize("burst", [20, 60, 80])
def test_a_source_that_begins_with_a_burst_is_heard_at_once_and_without_its_backlog(burst: int) -> None:
    arrivals = [(1.5 * number, number) for number in range(burst)]
    arrivals += [(1.5 * burst + TICK_MS * at, burst + at) for at in range(600)]
    playout = Playout()
    ticks = list(play(playout, arrivals, 500, phase_ms=5.0))
    numbers = played(ticks)
    assert len(set(numbers)) == len(numbers)
    assert len(played(ticks[50:])) > 440, "from a second after the burst on"
    assert kinds(ticks[50:]).count(Kind.CONCEAL) < 5
    assert len(playout.buffer) < 10, "the backlog is gone"
