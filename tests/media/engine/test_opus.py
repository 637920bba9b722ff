"""libopus, there and back: full band, copies for lost packets, concealment."""

from __future__ import annotations

import ctypes
from pathlib import Path

import av
import numpy as np
import pytest

from media.engine import opus
from media.engine.opus import BITS_PER_S, Decoder, Encoder, candidates, version
from media.errors import CodecError, LocalError
from media.opus import carries_previous, duration_samples
from media.sound import FRAME_SAMPLES, Frame
from media.voice import voice

FIRST_FULL_BAND_CELT = 28
HYBRID_FULL_BAND = (14, 15)


def tone(ticks: int, hz: float = 430.0) -> Frame:
    return (0.2 * np.sin(2 * np.pi * hz * np.arange(ticks * FRAME_SAMPLES) / 48_000)).astype(np.float32)


def coded(samples: Frame, encoder: Encoder | None = None) -> list[bytes]:
    encoder = encoder or Encoder()
    return [encoder.encode(frame) for frame in samples.reshape(-1, FRAME_SAMPLES)]


def heard(payloads: list[bytes]) -> Frame:
    decoder = Decoder()
    return np.concatenate([decoder.decode(payload).copy() for payload in payloads])


def test_the_libopus_that_pyav_brings_is_the_one_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    bundled = candidates(Path(av.__file__).parent)
    assert len(bundled) == 1
    assert opus.libopus()._name == bundled[0]
    with capsys.disabled():
        print(f" {version()} ", end="")  # noqa: T201 (what quality and CPU depend on)
    assert version().startswith("libopus 1.")


def test_without_a_bundled_one_the_systems_is_looked_for_and_its_lack_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def nothing(name: str) -> ctypes.CDLL:
        asked.append(name)
        raise OSError("no such file")

    monkeypatch.setattr(opus, "candidates", lambda package: [])
    monkeypatch.setattr(ctypes, "CDLL", nothing)
    opus.libopus.cache_clear()
    try:
        with pytest.raises(LocalError, match="libopus0"):
            opus.libopus()
    finally:
        opus.libopus.cache_clear()
    assert asked == ["libopus.so.0"]


def test_every_tick_gives_one_packet_of_20_ms_in_the_full_band_that_mends_the_one_before() -> None:
    payloads = coded(voice(430, 4.0))[10:]
    assert {duration_samples(payload) for payload in payloads} == {FRAME_SAMPLES}
    configurations = {payload[0] >> 3 for payload in payloads}
    assert configurations <= {*HYBRID_FULL_BAND, *range(FIRST_FULL_BAND_CELT, 32)}
    assert np.mean([carries_previous(payload) for payload in payloads]) > 0.6, "all that hold speech"
    assert sum(map(len, payloads)) * 8 / (len(payloads) * 0.02) < 1.1 * BITS_PER_S


def test_a_tone_keeps_its_level() -> None:
    sound = heard(coded(tone(50)))
    assert len(sound) == 50 * FRAME_SAMPLES
    assert 20 * np.log10(sound[9600:].std() / tone(50).std()) == pytest.approx(0, abs=0.5)


def test_the_band_reaches_15_khz() -> None:
    high = tone(100, 14_500)
    assert 20 * np.log10(heard(coded(high))[9600:].std() / high.std()) > -6


def test_silence_is_sent_on_as_packets_of_sound_so_that_the_far_side_hears_no_holes() -> None:
    assert all(len(payload) > 2 for payload in coded(np.zeros(100 * FRAME_SAMPLES, np.float32)))


def test_a_lost_packet_decoded_from_the_next_is_much_closer_than_one_concealed() -> None:
    sound = voice(430, 2.0)
    payloads = coded(sound)
    whole = heard(payloads).reshape(-1, FRAME_SAMPLES)
    mended, concealed = 0.0, 0.0
    for lost in range(20, 90, 5):
        for fec in (True, False):
            decoder = Decoder()
            for payload in payloads[:lost]:
                decoder.decode(payload)
            frame = decoder.decode_fec(payloads[lost + 1]) if fec else decoder.conceal()
            assert len(frame) == FRAME_SAMPLES
            error = float(((frame - whole[lost]) ** 2).sum())
            mended, concealed = (mended + error, concealed) if fec else (mended, concealed + error)
    assert mended < 0.5 * concealed


def test_more_loss_has_more_of_the_rate_spent_on_copies() -> None:
    encoder = Encoder()
    encoder.hint_loss(0)
    sound = voice(430, 2.0)
    assert not any(map(carries_previous, coded(sound, encoder)))
    encoder.hint_loss(25)
    assert sum(map(carries_previous, coded(sound, encoder)[5:])) > 50
    encoder.hint_loss(1000)  # as much as there is


def test_a_long_hole_fades_to_silence_and_no_sample_jumps() -> None:
    decoder = Decoder()
    before = [decoder.decode(payload).copy() for payload in coded(tone(30))]
    hole = [decoder.conceal().copy() for _ in range(25)]
    assert np.abs(np.diff(np.concatenate([*before[10:], *hole]))).max() < 1.5 * np.abs(np.diff(tone(2))).max()
    assert hole[-1].std() < 0.1 * before[-1].std()


@pytest.mark.parametrize("garbage", [b"\xff" * 40, b"", b"\x03"])
def test_garbage_raises_and_the_next_packet_is_fine(garbage: bytes) -> None:
    decoder, payloads = Decoder(), coded(tone(20))
    with pytest.raises(CodecError):
        decoder.decode(garbage)
    assert len(decoder.decode(payloads[5])) == FRAME_SAMPLES


def test_a_frame_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="960"):
        Encoder().encode(np.zeros(480, np.float32))


def test_a_setting_that_libopus_refuses_is_our_fault() -> None:
    with pytest.raises(LocalError):
        Encoder(complexity=11)
