"""libopus by its own functions: FEC brings a lost packet back, concealment does not."""

from __future__ import annotations

import numpy as np

from bench import opus
from media.engine.opus import Decoder
from media.engine.simulated_speech import Speaker, sentence


def test_a_lost_packet_comes_back_from_the_next_one() -> None:
    voice = sentence(Speaker(120.0, 1.0, 3), 2.0, 0)
    packets: list[bytes | None] = list(opus.encode(voice))
    whole = opus.decode(packets)
    lost = range(20, 90, 7)
    holed = [None if at in lost else packet for at, packet in enumerate(packets)]
    mended = opus.decode(holed)
    decoder = Decoder()
    parts = [(decoder.conceal() if packet is None else decoder.decode(packet)).copy() for packet in holed]
    concealed = np.concatenate(parts)

    def error(samples: np.ndarray) -> float:
        return float(np.sqrt(np.mean(np.square(samples - whole))))

    assert mended.shape == whole.shape
    assert error(mended) < 0.7 * error(concealed)
