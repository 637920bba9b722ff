"""Opus there and back."""

from __future__ import annotations

import av
import numpy as np
import pytest

from media.engine.opus import Decoder, Encoder
from media.sound import FRAME_SAMPLES, Frame


def tone(ticks: int, hz: float = 430.0) -> Frame:
    return (0.2 * np.sin(2 * np.pi * hz * np.arange(ticks * FRAME_SAMPLES) / 48_000)).astype(np.float32)


def coded(samples: Frame) -> list[tuple[int, bytes]]:
    encoder = Encoder()
    return [
        (packet.pts or 0, bytes(packet))
        for tick in range(len(samples) // FRAME_SAMPLES)
        for packet in encoder.encode(samples[tick * FRAME_SAMPLES : (tick + 1) * FRAME_SAMPLES], tick)
    ]


def test_every_tick_gives_one_packet_stamped_by_its_tick() -> None:
    assert [stamp for stamp, _ in coded(tone(20))] == [tick * FRAME_SAMPLES for tick in range(20)]


def test_a_tone_keeps_its_level() -> None:
    decoder = Decoder()
    heard = np.concatenate([decoder.decode(payload) for _, payload in coded(tone(50))])
    assert len(heard) == 50 * FRAME_SAMPLES
    assert 20 * np.log10(heard[9600:].std() / tone(50).std()) == pytest.approx(0, abs=0.5)


def test_the_band_reaches_15_khz() -> None:
    decoder, high = Decoder(), tone(100, 14_500)
    heard = np.concatenate([decoder.decode(payload) for _, payload in coded(high)])
    assert 20 * np.log10(heard[9600:].std() / high.std()) > -6


def test_garbage_raises_the_codecs_error_and_the_next_packet_is_fine() -> None:
    decoder, packets = Decoder(), coded(tone(20))
    with pytest.raises(av.FFmpegError):
        decoder.decode(b"\xff" * 40)
    assert len(decoder.decode(packets[5][1])) == FRAME_SAMPLES
