"""Voices: their level, and whether the detector tells them apart, also after Opus."""

from __future__ import annotations

import itertools

import av
import numpy as np
import pytest

from media.voice import (
    FUNDAMENTALS_HZ,
    LEVEL_DBFS,
    RATE_HZ,
    SPARE_FUNDAMENTALS_HZ,
    Samples,
    envelope_db,
    level_db,
    voice,
)

EVERY_HZ = FUNDAMENTALS_HZ + SPARE_FUNDAMENTALS_HZ


def through_opus(samples: Samples, lost: float = 0.0) -> Samples:
    """Encode and decode as a browser does, in 20 ms packets with in-band FEC; a share of the packets is lost."""
    luck = np.random.default_rng(3)
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = RATE_HZ, "mono", "s16", 48_000
    encoder.options = {"application": "voip", "fec": "1", "packet_loss": "10"}
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = RATE_HZ, "mono"
    heard = []
    for at in range(0, len(samples) - 959, 960):
        pcm = (np.clip(samples[at : at + 960], -1, 1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE_HZ, at
        for packet in encoder.encode(frame):
            for decoded in decoder.decode(packet) if luck.random() >= lost else ():
                block = decoded.to_ndarray()[0]
                heard.append(block / 32768 if block.dtype == np.int16 else block)
    return np.concatenate(heard).astype(np.float32)[RATE_HZ // 2 :]


@pytest.mark.parametrize("fundamental_hz", EVERY_HZ)
def test_voice_is_as_loud_as_it_says_and_peaks_stay_low(fundamental_hz: int) -> None:
    sound = voice(fundamental_hz, 2)
    assert 10 * np.log10((sound**2).mean()) == pytest.approx(LEVEL_DBFS, abs=0.1)
    assert np.abs(sound).max() < 0.35
    assert level_db(sound, fundamental_hz) == pytest.approx(LEVEL_DBFS, abs=0.1)


@pytest.mark.parametrize("fundamental_hz", EVERY_HZ)
def test_voice_loops_without_a_seam(fundamental_hz: int) -> None:
    assert np.allclose(voice(fundamental_hz, 2), np.tile(voice(fundamental_hz, 1), 2), atol=1e-6)


@pytest.mark.parametrize("gain_db", [-9.0, -18.0, -24.0])
def test_gain_shows_exactly(gain_db: float) -> None:
    sound = voice(610, 2) * np.float32(10 ** (gain_db / 20)) + voice(430, 2)
    assert level_db(sound, 610) == pytest.approx(LEVEL_DBFS + gain_db, abs=0.2)


def test_unknown_fundamental_is_refused() -> None:
    with pytest.raises(ValueError, match="no voice on 440 Hz"):
        voice(440, 1)


def test_too_short_a_piece_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        level_db(voice(430, 0.2), 430)


def test_silence_has_no_voice() -> None:
    assert level_db(np.zeros(RATE_HZ, np.float32), 430) < -120


@pytest.mark.parametrize("pair", list(itertools.combinations(FUNDAMENTALS_HZ, 2)))
def test_absent_voice_lies_far_under_present_ones_after_opus(pair: tuple[int, int]) -> None:
    heard = through_opus(voice(pair[0], 5) + voice(pair[1], 5))
    present = [level_db(heard, fundamental_hz) for fundamental_hz in pair]
    (absent_hz,) = set(FUNDAMENTALS_HZ) - set(pair)
    assert min(present) == pytest.approx(LEVEL_DBFS, abs=1)
    assert level_db(heard, absent_hz) < min(present) - 65


def test_first_booth_is_not_heard_in_the_second_after_opus() -> None:
    heard = through_opus(voice(SPARE_FUNDAMENTALS_HZ[0], 4) + voice(SPARE_FUNDAMENTALS_HZ[1], 4))
    assert all(level_db(heard, fundamental_hz) < LEVEL_DBFS - 45 for fundamental_hz in FUNDAMENTALS_HZ)


@pytest.mark.parametrize("duck_db", [9.0, 18.0])
def test_ducked_voice_under_a_full_one_is_measured_after_opus(duck_db: float) -> None:
    heard = through_opus(voice(430, 4) * np.float32(10 ** (-duck_db / 20)) + voice(970, 4))
    assert level_db(heard, 970) - level_db(heard, 430) == pytest.approx(duck_db, abs=1)


@pytest.mark.parametrize("present", [(610,), (430, 970), FUNDAMENTALS_HZ])
def test_lost_packets_do_not_make_the_decoder_howl(present: tuple[int, ...]) -> None:
    # Everybody speaks in the pauses of the others, so that there is no silence in which encoder and decoder meet again.
    voices = [np.roll(voice(fundamental_hz, 6), 2667 * at) for at, fundamental_hz in enumerate(present)]
    spoken = np.sum(voices, axis=0) * np.float32(1.5)
    heard = through_opus(spoken, lost=0.2)
    pieces = heard[: len(heard) // 8000 * 8000].reshape(-1, 8000)  # a syllable each
    loudness = (pieces**2).mean(axis=1) / (spoken**2).mean()
    assert np.percentile(loudness, 90) < 2.5
    assert loudness.max() < 8  # pure tones reach 20


def test_envelope_follows_a_ramp_and_shows_a_step() -> None:
    gain_db = np.interp(np.arange(6 * RATE_HZ) / RATE_HZ, [2.0, 3.5], [-18.0, 0.0])
    floor = (voice(430, 6) * 10 ** (gain_db / 20)).astype(np.float32)
    curve = envelope_db(through_opus(floor + voice(970, 6)), 430, hop_s=0.02)
    steady, loud = curve[20:50], curve[-60:-20]
    assert steady.mean() == pytest.approx(LEVEL_DBFS - 18, abs=1)
    assert loud.mean() == pytest.approx(LEVEL_DBFS, abs=0.5)
    assert np.diff(curve)[5:-5].max() < 2  # 18 dB in 1.5 s are 2 dB a syllable

    stepped = (voice(430, 6) * np.where(np.arange(6 * RATE_HZ) < 3 * RATE_HZ, 0.125, 1)).astype(np.float32)
    assert np.diff(envelope_db(stepped, 430))[5:-5].max() > 3
