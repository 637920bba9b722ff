"""One voice on its way into the mix."""

from __future__ import annotations

import random

import numpy as np
import pytest

from media.engine.opus import Encoder
from media.engine.voice import Voice
from media.sound import FRAME_SAMPLES, Frame
from media.voice import voice as spoken

PHASE_S = 0.007
FIRST = 0xFFFF - 30
OFFSET = 0xFFFFFFFF - 40 * FRAME_SAMPLES


def tone(ticks: int) -> Frame:
    return (0.2 * np.sin(2 * np.pi * 430 * np.arange(ticks * FRAME_SAMPLES) / 48_000)).astype(np.float32)


def packets(sound: Frame) -> list[bytes]:
    encoder = Encoder()
    return [encoder.encode(frame) for frame in sound.reshape(-1, FRAME_SAMPLES)]


class Line:
    """What a voice plays of packets that arrive at their times, in s; None is lost."""

    def __init__(self, payloads: list[bytes], arrivals_s: list[float | None], after: int = 0) -> None:
        self.voice = Voice()
        self.sounded: list[bool] = []
        self.delays_s: list[float] = []
        coming = sorted((at_s, number) for number, at_s in enumerate(arrivals_s) if at_s is not None)
        frames = []
        for tick in range(len(payloads) + after):
            now = tick * 0.02 + PHASE_S
            while coming and coming[0][0] <= now:
                at_s, number = coming.pop(0)
                timestamp = (OFFSET + number * FRAME_SAMPLES) & 0xFFFFFFFF
                self.voice.push((FIRST + number) & 0xFFFF, timestamp, payloads[number], at_s)
            frame = self.voice.next(quiet=False, now=now)
            self.sounded.append(frame is not None)
            frames.append(np.zeros(FRAME_SAMPLES, np.float32) if frame is None else frame)
            if self.voice.playing is not None:
                self.delays_s.append(now - ((self.voice.playing - OFFSET) & 0xFFFFFFFF) / 48_000)
        self.sound = np.concatenate(frames)


def clean(count: int) -> list[float | None]:
    return [number * 0.02 for number in range(count)]


def without(count: int, *lost: int) -> list[float | None]:
    return [None if number in lost else at_s for number, at_s in enumerate(clean(count))]


def steepest(sound: Frame) -> float:
    return float(np.abs(np.diff(sound)).max())


def test_a_steady_voice_plays_without_a_gap_once_it_has_begun() -> None:
    line = Line(packets(tone(60)), clean(60))
    begun = line.sounded.index(True)
    assert begun <= 2, "40 ms"
    assert all(line.sounded[begun:])
    assert line.voice.drops == {"sound_in": 0, "sound_concealed": 0}
    assert line.voice.recovered == 0
    steady = line.sound[10 * FRAME_SAMPLES :]  # the codec itself overshoots where a tone begins
    assert steepest(steady) < 1.1 * steepest(tone(2)), "a step would be heard as a click"


def test_the_timestamp_of_what_plays_runs_with_the_sound() -> None:
    line = Line(packets(tone(100)), clean(100))
    assert line.delays_s == pytest.approx([line.delays_s[0]] * len(line.delays_s))
    assert 0.020 < line.delays_s[0] < 0.042
    assert line.voice.delay_s == pytest.approx(line.delays_s[0], abs=0.001)


@pytest.mark.parametrize("seed", range(3))
def test_at_5_percent_loss_there_is_neither_a_gap_nor_a_click(seed: int) -> None:
    rng = random.Random(seed)
    sound = np.asarray(spoken(430, 8.0), dtype=np.float32)
    payloads = packets(sound)
    lost = [number for number in range(5, len(payloads)) if rng.random() < 0.05]
    whole, line = Line(payloads, clean(len(payloads))), Line(payloads, without(len(payloads), *lost))
    assert line.sounded == whole.sounded
    assert line.voice.recovered + line.voice.drops["sound_concealed"] == len(lost)
    assert line.voice.recovered >= 0.6 * len(lost)
    assert steepest(line.sound) <= 1.25 * steepest(whole.sound)
    frames, ours = whole.sound.reshape(-1, FRAME_SAMPLES), line.sound.reshape(-1, FRAME_SAMPLES)
    loud = frames.std(axis=1) > 0.05
    assert (ours.std(axis=1)[loud] > 0.3 * frames.std(axis=1)[loud]).mean() > 0.98, "no syllable fell out"


@pytest.mark.parametrize("seed", range(3))
def test_jitter_of_30_ms_moves_the_delay_without_a_gap_or_a_click(seed: int) -> None:
    rng = random.Random(seed)
    sound = np.asarray(spoken(430, 6.0), dtype=np.float32)
    payloads = packets(sound)
    shaken = [at_s + 0.030 * rng.random() if at_s > 2.0 else at_s for at_s in clean(300) if at_s is not None]
    whole, line = Line(payloads, clean(300)), Line(payloads, [*shaken])
    assert all(line.sounded[line.sounded.index(True) :])
    assert steepest(line.sound) <= 1.4 * steepest(whole.sound), "where a late packet goes on after its concealment"
    assert line.voice.drops["sound_concealed"] <= 3
    assert max(line.delays_s) < 0.070


@pytest.mark.parametrize("early", [True, False])
def test_a_delay_that_changes_stretches_the_sound_and_leaves_it_what_it_was(early: bool) -> None:
    shift = -0.030 if early else 0.030  # the line has become shorter, or longer
    arrivals = [at_s + (shift if at_s >= 4.0 else 0.0) for at_s in clean(700) if at_s is not None]
    line = Line(packets(tone(700)), [*arrivals])
    middle = line.sound[20 * FRAME_SAMPLES : 695 * FRAME_SAMPLES]
    assert steepest(middle) < 1.3 * steepest(tone(2))
    levels = middle.reshape(-1, FRAME_SAMPLES).std(axis=1)
    soft = levels < 0.8 * np.median(levels)
    assert not soft.any() if early else soft.sum() <= 2, "only where what came late was waited for"
    moved_s = line.delays_s[-1] - line.delays_s[100]
    assert moved_s == pytest.approx(shift, abs=0.021)
    assert abs(moved_s) > 0.010


def test_a_lost_packet_whose_copy_is_there_is_recovered_at_its_place() -> None:
    sound = np.asarray(spoken(430, 1.2), dtype=np.float32)
    payloads = packets(sound)
    whole, line = Line(payloads, clean(60)), Line(payloads, without(60, 30))
    assert line.voice.recovered == 1
    assert line.voice.drops == {"sound_in": 0, "sound_concealed": 0}
    assert np.corrcoef(whole.sound, line.sound)[0, 1] > 0.97


def test_a_packet_that_comes_too_late_is_counted() -> None:
    arrivals = clean(60)
    arrivals[30] = 30 * 0.02 + 0.100
    assert Line(packets(tone(60)), arrivals).voice.drops["sound_in"] == 1


def test_packets_that_come_twice_or_in_disorder_are_played_once_and_in_order() -> None:
    payloads = packets(tone(60))
    swapped = [number * 0.02 + (0.021 if number % 7 == 3 else 0.0) for number in range(60)]
    whole, line = Line(payloads, clean(60)), Line(payloads, [*swapped])
    assert line.voice.drops == {"sound_in": 0, "sound_concealed": 0}
    np.testing.assert_array_equal(whole.sound, line.sound)


def test_a_voice_that_stops_fades_out_and_is_then_idle() -> None:
    line = Line(packets(tone(40)), clean(40), after=40)
    assert not line.sounded[-1]
    assert line.voice.playing is None
    assert line.voice.delay_s is None
    assert steepest(line.sound) < 1.5 * steepest(tone(2))


def test_a_voice_that_comes_back_after_a_hole_does_not_click() -> None:
    line = Line(packets(tone(120)), without(120, *range(40, 80)), after=1)
    assert steepest(line.sound) < 2.0 * steepest(tone(2))
    assert all(line.sounded[90:120])


def test_the_pause_of_a_sender_is_filled_with_its_own_noise() -> None:
    rng = np.random.default_rng(1)
    noise = (0.003 * rng.standard_normal(200 * FRAME_SAMPLES)).astype(np.float32)
    payloads = packets(noise)
    voice, frames = Voice(), []
    for tick in range(90):
        if tick < 60:
            voice.push(tick, tick * FRAME_SAMPLES, payloads[tick], tick * 0.02)
        elif tick in (60, 80):  # DTX: the first byte alone (RFC 6716 section 2.1.9)
            voice.push(60 + (tick == 80), tick * FRAME_SAMPLES, payloads[59][:1], tick * 0.02)
        frame = voice.next(quiet=True, now=tick * 0.02 + PHASE_S)
        frames.append(np.zeros(FRAME_SAMPLES, np.float32) if frame is None else frame)
    levels_db = 20 * np.log10(np.stack(frames).std(axis=1) + 1e-9)
    assert voice.drops["sound_concealed"] == 0
    assert levels_db[65:].min() > np.median(levels_db[20:60]) - 20
    assert levels_db[65:].max() < np.median(levels_db[20:60]) + 6


def test_a_broken_packet_counts_as_lost() -> None:
    payloads = packets(tone(40))
    payloads[20] = b"\xff" * 40
    line = Line(payloads, clean(40))
    assert all(line.sounded[line.sounded.index(True) :])
    assert line.voice.drops == {"sound_in": 0, "sound_concealed": 1}


def test_a_voice_that_changes_hands_ends_without_a_step_and_keeps_its_counts() -> None:
    voice, payloads, sound = Voice(), packets(tone(40)), []
    for tick in range(80):
        if tick == 40:
            voice.begin_anew()
        number = 0xBEEF + tick if tick >= 40 else tick  # another connection counts from anywhere
        if tick not in (20, 21):
            voice.push(number, tick * FRAME_SAMPLES, payloads[tick % 40], tick * 0.02)
        frame = voice.next(quiet=False, now=tick * 0.02 + PHASE_S)
        sound.append(np.zeros(FRAME_SAMPLES, np.float32) if frame is None else frame)
    heard = np.concatenate(sound)
    assert steepest(heard) < 2.0 * steepest(tone(2))
    assert np.abs(heard[-FRAME_SAMPLES:]).max() > 0.1
    assert (voice.drops["sound_concealed"], voice.recovered) == (1, 1)


def test_an_empty_payload_is_nothing() -> None:
    voice = Voice()
    voice.push(1, 1, b"", 0.0)
    assert voice.next(quiet=True, now=0.1) is None
