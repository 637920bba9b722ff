"""libopus itself, by its C functions: FEC and concealment are not to be had through FFmpeg (RFC 6716, opus.h)."""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import cache
from pathlib import Path

import av
import numpy as np

RATE_HZ = 48_000
FRAME_SAMPLES = 960
LARGEST_PACKET = 1276
VOIP = 2048
SET_BITRATE, SET_COMPLEXITY, SET_FEC, SET_LOSS, SET_BANDWIDTH, SET_DTX, SET_SIGNAL = (
    4002,
    4010,
    4012,
    4014,
    4004,
    4016,
    4024,
)


@cache
def library() -> ctypes.CDLL:
    """PyAV's own libopus, so that everything here has one version; else the system's. Raises OSError without any."""
    bundled = sorted(Path(av.__file__).parent.parent.glob("av.libs/libopus-*.so*"))
    lib = ctypes.CDLL(str(bundled[0]) if bundled else ctypes.util.find_library("opus") or "libopus.so.0")
    lib.opus_encoder_create.restype = lib.opus_decoder_create.restype = ctypes.c_void_p
    lib.opus_get_version_string.restype = ctypes.c_char_p
    return lib


def version() -> str:
    """Such as `libopus 1.6.1`."""
    said: bytes = library().opus_get_version_string()
    return said.decode()


class Encoder:
    """48 kHz mono, 20 ms, for voices, with in-band FEC for the loss that is said."""

    def __init__(self, bits_per_s: int = 48_000, complexity: int = 9, loss_percent: int = 10) -> None:
        error = ctypes.c_int()
        self._state = ctypes.c_void_p(library().opus_encoder_create(RATE_HZ, 1, VOIP, ctypes.byref(error)))
        if error.value:
            raise OSError(f"libopus has no encoder: {error.value}")
        for request, value in (
            (SET_BITRATE, bits_per_s),
            (SET_COMPLEXITY, complexity),
            (SET_FEC, 1),
            (SET_LOSS, loss_percent),
            (SET_DTX, 0),
        ):
            library().opus_encoder_ctl(self._state, request, ctypes.c_int(value))

    def __del__(self) -> None:
        library().opus_encoder_destroy(self._state)

    def encode(self, samples: np.ndarray) -> bytes:
        """(960,) float32 -> one packet."""
        block = np.ascontiguousarray(samples, np.float32)
        out = ctypes.create_string_buffer(LARGEST_PACKET)
        size = library().opus_encode_float(
            self._state, block.ctypes.data_as(ctypes.c_void_p), FRAME_SAMPLES, out, LARGEST_PACKET
        )
        if size < 0:
            raise ValueError(f"libopus cannot encode: {size}")
        return out.raw[:size]


class Decoder:
    """48 kHz mono."""

    def __init__(self) -> None:
        error = ctypes.c_int()
        self._state = ctypes.c_void_p(library().opus_decoder_create(RATE_HZ, 1, ctypes.byref(error)))
        if error.value:
            raise OSError(f"libopus has no decoder: {error.value}")

    def __del__(self) -> None:
        library().opus_decoder_destroy(self._state)

    def decode(self, packet: bytes | None, *, fec: bool = False) -> np.ndarray:
        """(960,) float32 of a packet of 20 ms; of the one before it with `fec`; concealed with None."""
        block = np.zeros(FRAME_SAMPLES * 6, np.float32)
        samples = FRAME_SAMPLES if packet is None or fec else block.size
        size = library().opus_decode_float(
            self._state,
            packet,
            len(packet) if packet else 0,
            block.ctypes.data_as(ctypes.c_void_p),
            samples,
            int(fec),
        )
        return block[: max(size, 0)]


def encode(samples: np.ndarray, *, bits_per_s: int = 48_000, complexity: int = 9) -> list[bytes]:
    """Mono float32 samples as packets of 20 ms; what does not fill the last one is filled with silence."""
    padded = np.concatenate([samples, np.zeros(-samples.size % FRAME_SAMPLES, np.float32)])
    encoder = Encoder(bits_per_s, complexity)
    return [encoder.encode(block) for block in padded.reshape(-1, FRAME_SAMPLES)]


def decode(packets: list[bytes | None]) -> np.ndarray:
    """Packets in their order, None where one never came in time: FEC of the next one where it is there, else concealed.

    The best a receiver can do that waits for one packet more.
    """
    decoder = Decoder()
    parts = []
    for at, packet in enumerate(packets):
        after = packets[at + 1] if at + 1 < len(packets) else None
        parts.append(decoder.decode(after, fec=True) if packet is None and after else decoder.decode(packet))
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
