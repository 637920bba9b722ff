"""How much sound an Opus packet holds, read from its first bytes without decoding."""

from __future__ import annotations

from media.sound import FRAME_SAMPLES

SILK_SAMPLES = (480, 960, 1920, 2880)  # 10, 20, 40, 60 ms at 48 kHz
HYBRID_SAMPLES = (480, 960)
CELT_SAMPLES = (120, 240, 480, 960)  # 2.5, 5, 10, 20 ms
LONGEST_SAMPLES = 5760  # 120 ms: no packet may hold more (RFC 6716 section 3.4, R5)


def duration_samples(payload: bytes) -> int:
    """Return the length of a packet in samples at 48 kHz (RFC 6716 section 3.1); 20 ms for what is no Opus packet."""
    if not payload:
        return FRAME_SAMPLES
    config, code = payload[0] >> 3, payload[0] & 3
    if config < 12:
        frame = SILK_SAMPLES[config & 3]
    elif config < 16:
        frame = HYBRID_SAMPLES[config & 1]
    else:
        frame = CELT_SAMPLES[config & 3]
    frames = (1, 2, 2, payload[1] & 0x3F if len(payload) > 1 else 0)[code]
    samples = frame * frames
    return samples if 0 < samples <= LONGEST_SAMPLES else FRAME_SAMPLES
