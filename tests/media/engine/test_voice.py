"""One voice on its way into the mix."""

from __future__ import annotations

import numpy as np

from media.engine.opus import Encoder
from media.engine.voice import FADE_TICKS, Voice
from media.sound import FRAME_SAMPLES


def packets(ticks: int) -> list[bytes]:
    encoder = Encoder()
    tone = (0.2 * np.sin(2 * np.pi * 430 * np.arange(ticks * FRAME_SAMPLES) / 48_000)).astype(np.float32)
    cut = [tone[tick * FRAME_SAMPLES : (tick + 1) * FRAME_SAMPLES] for tick in range(ticks)]
    return [bytes(packet) for tick, samples in enumerate(cut) for packet in encoder.encode(samples, tick)]


def play(
    payloads: list[bytes], lost: frozenset[int] = frozenset(), after: int = 0
) -> tuple[Voice, list[bool], np.ndarray]:
    """Push one packet a tick, take one frame a tick; which ticks sounded, and the sound."""
    voice, sounded, sound = Voice(), [], []
    for tick in range(len(payloads) + after):
        if tick < len(payloads) and tick not in lost:
            voice.push(tick, tick * FRAME_SAMPLES, payloads[tick])
        frame = voice.next(quiet=False)
        sounded.append(frame is not None)
        sound.append(np.zeros(FRAME_SAMPLES, np.float32) if frame is None else frame)
    return voice, sounded, np.concatenate(sound)


def test_a_steady_voice_plays_without_a_gap_once_it_has_begun() -> None:
    voice, sounded, sound = play(packets(60))
    begun = sounded.index(True)
    assert begun <= 3, "60 ms"
    assert all(sounded[begun:])
    assert voice.drops == {"sound_in": 0, "sound_concealed": 0}
    steady = sound[20 * FRAME_SAMPLES :]
    assert np.abs(np.diff(steady)).max() < 0.03, "a step would be heard as a click"


def test_a_lost_packet_is_concealed_at_its_place_and_adds_no_delay() -> None:
    voice, sounded, sound = play(packets(60), lost=frozenset({30}))
    assert voice.drops["sound_concealed"] == 1
    assert all(sounded[sounded.index(True) :])
    frames = sound.reshape(-1, FRAME_SAMPLES)[10:]
    assert np.sqrt((frames**2).mean(axis=1)).min() > 0.05, "no frame fell silent"


def test_a_voice_that_stops_fades_out_and_is_then_idle() -> None:
    _, sounded, sound = play(packets(40), after=40)
    assert not sounded[-1]
    assert np.abs(np.diff(sound[20 * FRAME_SAMPLES :])).max() < 0.05
    assert FADE_TICKS * FRAME_SAMPLES / 48_000 <= 0.060


def test_a_broken_packet_counts_as_lost() -> None:
    payloads = packets(40)
    payloads[20] = b"\xff" * 40
    voice, sounded, _ = play(payloads)
    assert all(sounded[sounded.index(True) :])
    assert voice.drops == {"sound_in": 0, "sound_concealed": 1}


def test_a_voice_that_changes_hands_ends_without_a_step_and_keeps_its_counts() -> None:
    voice, payloads, sound = Voice(), packets(40), []
    for tick in range(80):
        if tick == 40:
            voice.begin_anew()
        number = 0xBEEF + tick if tick >= 40 else tick  # another connection counts from anywhere
        if tick != 20:
            voice.push(number, tick * FRAME_SAMPLES, payloads[tick % 40])
        frame = voice.next(quiet=False)
        sound.append(np.zeros(FRAME_SAMPLES, np.float32) if frame is None else frame)
    steady = np.concatenate(sound)[10 * FRAME_SAMPLES :]
    assert np.abs(np.diff(steady)).max() < 0.05
    assert np.abs(steady[-FRAME_SAMPLES:]).max() > 0.1
    assert voice.drops["sound_concealed"] >= 1
