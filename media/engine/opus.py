"""Opus in and out of plain samples: 48 kHz, mono, float32, 20 ms."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.packet import Packet

from media.sound import FRAME_SAMPLES, RATE_HZ, Frame

TIME_BASE = Fraction(1, RATE_HZ)
BITS_PER_S = 48_000
"""Keeps the full band with a 10 % loss hint; at 24 kb/s FEC eats it down to 8 kHz (measured)."""
INT16_SCALE = np.float32(1 / 32768)


class Decoder:
    """One incoming voice. libopus mixes stereo senders down to mono by itself."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "r")
        assert isinstance(codec, AudioCodecContext)
        codec.sample_rate, codec.layout, codec.format = RATE_HZ, "mono", "s16"
        self._codec = codec

    def decode(self, payload: bytes) -> Frame:
        """The samples of one packet (2.5 to 60 ms). Raises av.FFmpegError for a broken one."""
        parts = [
            np.frombuffer(memoryview(frame.planes[0]), dtype=np.int16, count=frame.samples)
            for frame in self._codec.decode(Packet(payload))
        ]
        joined = parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.int16), *parts])
        return joined.astype(np.float32) * INT16_SCALE


class Encoder:
    """One listener's mix, with in-band FEC for the far decoder (RFC 6716 section 2.1.7).

    Always exactly 960 samples at a time: more would yield packets with equal RTP timestamps.
    """

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "w")
        assert isinstance(codec, AudioCodecContext)
        codec.sample_rate, codec.layout, codec.format = RATE_HZ, "mono", "flt"
        codec.bit_rate, codec.time_base = BITS_PER_S, TIME_BASE
        codec.options = {
            "application": "voip",
            "fec": "1",
            "packet_loss": "10",
            "frame_duration": "20",
            "compression_level": "5",  # complexity: above 5 nothing is heard on voices at this rate
        }
        self._codec = codec

    def encode(self, samples: Frame, tick: int) -> list[Packet[Any]]:
        """(960,) samples of tick number `tick` as packets stamped tick * 960."""
        frame = AudioFrame(format="flt", layout="mono", samples=FRAME_SAMPLES)
        frame.sample_rate = RATE_HZ
        frame.pts = tick * FRAME_SAMPLES
        frame.planes[0].update(np.ascontiguousarray(samples, dtype=np.float32).tobytes())
        packets = list(self._codec.encode(frame))
        for packet in packets:
            packet.pts, packet.time_base = tick * FRAME_SAMPLES, TIME_BASE
        return packets
