"""Opus in and out of plain samples: libopus itself, since its FEC, concealment and controls are not in PyAV's reach."""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, byref, c_char_p, c_float, c_int, c_int32, c_void_p
from functools import cache
from pathlib import Path

import av
import numpy as np

from media.errors import CodecError, LocalError
from media.opus import LONGEST_SAMPLES
from media.sound import FRAME_SAMPLES, RATE_HZ, Frame

BITS_PER_S = 48_000
"""Full band with a 10 % loss hint, PESQ-WB 3.9; at 32 kb/s 3.5, at 24 kb/s FEC eats it down to 8 kHz (measured)."""
LOSS_HINT_PERCENT = 10
"""How much of the rate goes into FEC. Fixed, for it costs nothing on a clean line, and loss comes without notice."""
COMPLEXITY = 4
"""Here quality jumps, and above it little is gained (measured: see `ARCHITECTURE.md`)."""
LONGEST_PAYLOAD_BYTES = 1275
"""One Opus frame (RFC 6716 section 3.2.1)."""

# Names and numbers of opus_defines.h, which are part of its ABI.
_OK = 0
_APPLICATION_VOIP = 2048
_BANDWIDTH_FULLBAND = 1105
_SET_BITRATE = 4002
_SET_MAX_BANDWIDTH = 4004
_SET_COMPLEXITY = 4010
_SET_INBAND_FEC = 4012
_SET_PACKET_LOSS_PERC = 4014
_SET_DTX = 4016
_FLOATS = POINTER(c_float)


class Decoder:
    """One incoming voice. libopus mixes stereo senders down to mono by itself.

    What the methods return is a buffer of the decoder's own, float32 (n,): it holds until the next call.
    """

    __slots__ = ("_decode", "_destroy", "_output", "_output_at", "_state")

    def __init__(self) -> None:
        library, error = libopus(), c_int()
        self._destroy = library.opus_decoder_destroy
        self._decode = library.opus_decode_float
        self._state: int | None = library.opus_decoder_create(RATE_HZ, 1, byref(error))
        if not self._state:
            raise LocalError(f"libopus makes no decoder (error {error.value})")
        self._output = np.zeros(LONGEST_SAMPLES, dtype=np.float32)
        self._output_at = self._output.ctypes.data_as(_FLOATS)

    @property
    def address(self) -> int:
        """Of libopus' own decoder, which lives as long as this one."""
        return self._state or 0

    def decode(self, payload: bytes) -> Frame:
        """The samples of one packet (2.5 to 120 ms). Raises CodecError for a broken one."""
        return self._run(payload, LONGEST_SAMPLES, 0)

    def decode_fec(self, next_payload: bytes, samples: int = FRAME_SAMPLES) -> Frame:
        """The last `samples` before `next_payload`, from the copy that it carries; concealed where it carries none.

        `samples` must be a multiple of 2.5 ms (RFC 6716 section 2.1.7; opus_decode in opus.h). Raises CodecError.
        """
        return self._run(next_payload, samples, 1)

    def conceal(self, samples: int = FRAME_SAMPLES) -> Frame:
        """What libopus plays for `samples` that are lost: the voice goes on and fades; after a pause it is its noise.

        `samples` must be a multiple of 2.5 ms.
        """
        return self._run(None, samples, 0)

    def _run(self, payload: bytes | None, samples: int, fec: int) -> Frame:
        size = 0 if payload is None else len(payload)
        if payload is not None and not size:  # libopus would take it for a lost packet
            raise CodecError("an empty Opus packet")
        count: int = self._decode(self._state, payload, size, self._output_at, samples, fec)
        if count < 0:
            raise CodecError(f"libopus cannot decode this packet (error {count})")
        return self._output[:count]

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._destroy(self._state)
            self._state = None


class Encoder:
    """One listener's mix: full band, with in-band FEC for the far decoder (RFC 6716 section 2.1.7), no DTX.

    DTX would save nothing, for a mix of live rooms is never silent, and would cut the far room's own noise in and out.
    """

    __slots__ = ("_destroy", "_encode", "_input", "_input_at", "_library", "_output", "_state")

    def __init__(self, bits_per_s: int = BITS_PER_S, complexity: int = COMPLEXITY) -> None:
        self._library, error = libopus(), c_int()
        self._destroy = self._library.opus_encoder_destroy
        self._encode = self._library.opus_encode_float
        self._state: int | None = self._library.opus_encoder_create(RATE_HZ, 1, _APPLICATION_VOIP, byref(error))
        if not self._state:
            raise LocalError(f"libopus makes no encoder (error {error.value})")
        self._set(_SET_BITRATE, bits_per_s)
        self._set(_SET_MAX_BANDWIDTH, _BANDWIDTH_FULLBAND)
        self._set(_SET_COMPLEXITY, complexity)
        self._set(_SET_INBAND_FEC, 1)
        self._set(_SET_DTX, 0)
        self.hint_loss(LOSS_HINT_PERCENT)
        self._input = np.zeros(FRAME_SAMPLES, dtype=np.float32)
        self._input_at = self._input.ctypes.data_as(_FLOATS)
        self._output = ctypes.create_string_buffer(LONGEST_PAYLOAD_BYTES)

    @property
    def address(self) -> int:
        """Of libopus' own encoder, which lives as long as this one."""
        return self._state or 0

    def hint_loss(self, percent: int) -> None:
        """Say how much the line to the listener loses, 0 to 100: the more, the more goes into FEC."""
        self._set(_SET_PACKET_LOSS_PERC, max(0, min(100, percent)))

    def encode(self, samples: Frame) -> bytes:
        """The payload of one packet of 20 ms. Raises ValueError unless there are exactly 960 samples."""
        if len(samples) != FRAME_SAMPLES:
            raise ValueError(f"a packet holds {FRAME_SAMPLES} samples, not {len(samples)}")
        self._input[:] = samples
        size: int = self._encode(self._state, self._input_at, FRAME_SAMPLES, self._output, LONGEST_PAYLOAD_BYTES)
        if size < 0:
            raise LocalError(f"libopus cannot encode (error {size})")
        return self._output.raw[:size]

    def _set(self, request: int, value: int) -> None:
        if (error := self._library.opus_encoder_ctl(self._state, c_int(request), c_int32(value))) != _OK:
            raise LocalError(f"libopus refuses setting {request} = {value} (error {error})")

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._destroy(self._state)
            self._state = None


@cache
def libopus() -> ctypes.CDLL:
    """The library that PyAV brings, else the system's. Raises LocalError when there is none."""
    faults: list[str] = []
    for name in (*candidates(Path(av.__file__).parent), "libopus.so.0"):
        try:
            return _declared(ctypes.CDLL(name))
        except (OSError, AttributeError) as error:
            faults.append(f"{name}: {error}")
    raise LocalError("No libopus can be loaded (Debian: libopus0). " + "; ".join(faults))


def candidates(av_package: Path) -> list[str]:
    """Where a wheel of PyAV keeps its libopus: in `av.libs` beside the package (auditwheel's layout)."""
    return sorted(map(os.fspath, (av_package.parent / "av.libs").glob("libopus[-.]*.so*")))


def function(name: str) -> int:
    """The address of one of its functions."""
    return ctypes.cast(getattr(libopus(), name), c_void_p).value or 0


def version() -> str:
    """What libopus calls itself, for example `libopus 1.6.1`."""
    text: bytes = libopus().opus_get_version_string()
    return text.decode("ascii", "replace")


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    """Tell ctypes the signatures of opus.h. Controls are variadic: their arguments are typed where they are called."""
    library.opus_get_version_string.restype = c_char_p
    library.opus_decoder_create.argtypes, library.opus_decoder_create.restype = [c_int32, c_int, c_void_p], c_void_p
    library.opus_decoder_destroy.argtypes, library.opus_decoder_destroy.restype = [c_void_p], None
    library.opus_decode_float.argtypes = [c_void_p, c_char_p, c_int32, _FLOATS, c_int, c_int]
    library.opus_encoder_create.argtypes = [c_int32, c_int, c_int, c_void_p]
    library.opus_encoder_create.restype = c_void_p
    library.opus_encoder_destroy.argtypes, library.opus_encoder_destroy.restype = [c_void_p], None
    library.opus_encode_float.argtypes = [c_void_p, _FLOATS, c_int, c_char_p, c_int32]
    library.opus_encoder_ctl.argtypes = [c_void_p, c_int]
    return library
