"""Voices into Opus packets and back, as well as a receiver can: the server's own libopus, without its playout."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from media.engine.opus import Decoder, Encoder
from media.sound import FRAME_SAMPLES


def encode(samples: np.ndarray, *, bits_per_s: int = 48_000, complexity: int = 9) -> list[bytes]:
    """Mono float32 samples as packets of 20 ms; what does not fill the last one is filled with silence."""
    padded = np.concatenate([samples, np.zeros(-samples.size % FRAME_SAMPLES, np.float32)])
    encoder = Encoder(bits_per_s, complexity)
    return [encoder.encode(block) for block in padded.reshape(-1, FRAME_SAMPLES)]


def decode(packets: Sequence[bytes | None]) -> np.ndarray:
    """Packets in their order, None where one never came in time: FEC of the next one where it is there, else concealed.

    The best a receiver can do that waits for one packet more.
    """
    decoder = Decoder()
    parts = []
    for at, packet in enumerate(packets):
        after = packets[at + 1] if at + 1 < len(packets) else None
        if packet is not None:
            samples = decoder.decode(packet)
        else:
            samples = decoder.conceal() if after is None else decoder.decode_fec(after)
        parts.append(samples.copy())
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
