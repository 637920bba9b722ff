"""The encoder of an outgoing picture: how often it makes key frames, and how it follows a line."""

from __future__ import annotations

from itertools import pairwise

import pytest
from av.video.frame import VideoFrame

from media.engine.vp8 import KEY_FRAME_EVERY_S, MIN_BITS_PER_S, REBUILD_EVERY_S, TIME_BASE, Encoder, bits_per_s
from media.testcard import draw

WIDTH, HEIGHT, FRAMES_PER_S = 640, 512, 30


def encode(encoder: Encoder, number: int) -> bytes:
    frame = VideoFrame.from_ndarray(draw(WIDTH, HEIGHT, source=5, number=number), format="yuv420p")
    frame.pts, frame.time_base = number * 3000, TIME_BASE
    return b"".join(bytes(packet) for packet in encoder.encode(frame, number / FRAMES_PER_S))


def test_a_flood_of_wishes_gives_one_key_frame_in_300_ms() -> None:
    encoder, keys = Encoder(WIDTH, HEIGHT), []
    for number in range(60):
        for _ in range(100):
            encoder.want_key_frame()
        if not encode(encoder, number)[0] & 1:
            keys.append(number)
    assert len(keys) == pytest.approx(2 / KEY_FRAME_EVERY_S, abs=1)
    assert min(later - earlier for earlier, later in pairwise(keys)) >= 9


@pytest.mark.parametrize(("asked", "given"), [(400_000, 400_000), (1, MIN_BITS_PER_S), (1 << 40, None)])
def test_the_rate_follows_the_line_in_steps_of_five_seconds_and_within_bounds(asked: int, given: int | None) -> None:
    encoder = Encoder(WIDTH, HEIGHT)
    encode(encoder, 0)
    encoder.want_rate(asked)
    assert encode(encoder, 1)[0] & 1, "a new rate is a new encoder with a key frame: not at once"
    assert encoder._codec is not None
    assert encoder._codec.bit_rate == bits_per_s(WIDTH, HEIGHT)
    later = int(FRAMES_PER_S * REBUILD_EVERY_S) + 1
    key = not encode(encoder, later)[0] & 1
    assert key is (given is not None)
    assert encoder._codec.bit_rate == (given or bits_per_s(WIDTH, HEIGHT))
