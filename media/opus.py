"""What an Opus packet says of itself without being decoded: how long it is, and whether it mends the one before."""

from __future__ import annotations

from media.sound import FRAME_SAMPLES

SILK_SAMPLES = (480, 960, 1920, 2880)  # 10, 20, 40, 60 ms at 48 kHz
HYBRID_SAMPLES = (480, 960)
CELT_SAMPLES = (120, 240, 480, 960)  # 2.5, 5, 10, 20 ms
FIRST_CELT_CONFIG = 16
SHORTEST_SAMPLES = 120  # 2.5 ms: all of Opus' lengths are multiples of it
LONGEST_SAMPLES = 5760  # 120 ms: no packet may hold more (RFC 6716 section 3.4, R5)
STILL = 2.0**-13
"""Four steps of 16 bits, -78 dBFS: nobody hears it. A microphone that is off decodes to one step; three add up."""
STILL_PACKETS = 25
"""Of such stillness, half a second: what libopus makes of it then repeats itself, and need not be made again."""
PAUSE_BYTES = 2  # a packet up to this size carries no sound: the sender pauses (DTX, section 2.1.9)


def duration_samples(payload: bytes) -> int:
    """Return the length of a packet in samples at 48 kHz (RFC 6716 section 3.1); 20 ms for what is no Opus packet."""
    if not payload:
        return FRAME_SAMPLES
    frames = (1, 2, 2, payload[1] & 0x3F if len(payload) > 1 else 0)[payload[0] & 3]
    samples = _frame_samples(payload[0] >> 3) * frames
    return samples if 0 < samples <= LONGEST_SAMPLES else FRAME_SAMPLES


def carries_previous(payload: bytes) -> bool:
    """Whether a packet brings a copy of the sound right before it (in-band FEC: the LBRR flag, RFC 6716 section 4.2.4).

    The flags are the first bits of the first SILK frame: one of activity per 20 ms, then the one of LBRR, each coded
    with probability 1/2 (section 4.2.3), which is why they can be read without a range decoder.
    """
    if not payload or payload[0] >> 3 >= FIRST_CELT_CONFIG:
        return False
    at = _first_frame(payload)
    if at >= len(payload) or len(payload) <= PAUSE_BYTES:
        return False
    parts = max(1, _frame_samples(payload[0] >> 3) // FRAME_SAMPLES)
    carries = payload[at] >> (7 - parts) & 1
    if payload[0] & 4:  # stereo: the flags of the side follow
        carries |= payload[at] >> (6 - 2 * parts) & 1
    return bool(carries)


def _frame_samples(config: int) -> int:
    if config < 12:
        return SILK_SAMPLES[config & 3]
    if config < FIRST_CELT_CONFIG:
        return HYBRID_SAMPLES[config & 1]
    return CELT_SAMPLES[config & 3]


def _first_frame(payload: bytes) -> int:
    """Return where the first frame begins, past the packet's end for what is too short (RFC 6716 section 3.2)."""
    code = payload[0] & 3
    if code < 2:
        return 1
    if code == 2:
        return 1 + _length_bytes(payload, 1)
    if len(payload) < 2:
        return len(payload)
    at, count = 2, payload[1]
    if count & 0x40:  # padding: each 255 says 254 and that another byte follows
        while at < len(payload) and payload[at] == 255:
            at += 1
        at += 1
    if count & 0x80:  # each frame but the last has its length said
        for _ in range((count & 0x3F) - 1):
            at += _length_bytes(payload, at)
    return at


def _length_bytes(payload: bytes, at: int) -> int:
    """Return how many bytes the frame length at `at` takes (RFC 6716 section 3.2.1)."""
    return 2 if at < len(payload) and payload[at] >= 252 else 1
