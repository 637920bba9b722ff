"""The least that making a picture anew can cost: `python -m bench.floor FOLDER SECONDS` prints ms of CPU per second.

One thread, nothing around it: at 30 pictures a second the packets come through a socket and SRTP, are decoded, scaled
and encoded with the server's own settings, and go out through SRTP and a socket.
"""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext
from pylibsrtp import Policy, Session

from bench import rtp
from bench.clip import FPS, PART_BYTES, clip
from media.engine.scaling import Scaler
from media.engine.vp8 import Encoder

WIDTH, HEIGHT = 1280, 1024
SOURCE_WIDTH, SOURCE_HEIGHT, SOURCE_BITS_PER_S = 1280, 720, 2_000_000
KEY = bytes(range(30))
LARGEST = 2048


class Wire:
    """Two sockets on loopback: `come` brings what the other side was told to send, `go` sends."""

    def __init__(self) -> None:
        self._here, self._there = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for one in (self._here, self._there):
            one.bind(("127.0.0.1", 0))
        self._in = Session(Policy(key=KEY, ssrc_type=Policy.SSRC_ANY_INBOUND))
        self._out = Session(Policy(key=KEY, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
        self._source = Session(Policy(key=KEY, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
        self._number = 0

    def prepare(self, parts: tuple[bytes, ...]) -> int:
        """Put a picture's packets on the wire, as its sender would; returns how many."""
        for at, part in enumerate(parts):
            self._number += 1
            payload = rtp.vp8_descriptor(at == 0, 1) + part
            plain = rtp.packet(96, self._number, 0, 1, payload, marker=at == len(parts) - 1)
            self._there.sendto(self._source.protect(plain), self._here.getsockname())
        return len(parts)

    def come(self, count: int) -> bytes:
        """Take so many packets: their VP8 data."""
        plain = [self._in.unprotect(self._here.recv(LARGEST)) for _ in range(count)]
        return b"".join(rtp.vp8_content(rtp.parse(one).payload)[0] for one in plain)

    def go(self, content: bytes) -> None:
        """Send a picture, and throw away what arrives."""
        for at in range(0, len(content), PART_BYTES):
            self._number += 1
            payload = rtp.vp8_descriptor(at == 0, 1) + content[at : at + PART_BYTES]
            plain = rtp.packet(96, self._number, 0, 2, payload, marker=at + PART_BYTES >= len(content))
            self._here.sendto(self._out.protect(plain), self._there.getsockname())
            self._there.recv(LARGEST)


def main(folder: Path, seconds: float) -> float:
    """CPU in ms per second; what its own sender and receiver need is left out."""
    take = clip(folder, SOURCE_WIDTH, SOURCE_HEIGHT, SOURCE_BITS_PER_S).takes[0]
    wire, scaler, encoder = Wire(), Scaler(WIDTH, HEIGHT, "fill"), Encoder(WIDTH, HEIGHT)
    decoder = av.CodecContext.create("vp8", "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    spent_ns, start_s = 0, time.monotonic()
    for at in range(int(seconds * FPS)):
        time.sleep(max(0.0, start_s + at / FPS - time.monotonic()))
        count = wire.prepare(take[at % len(take)].parts)
        begun_ns = time.thread_time_ns()
        for frame in decoder.decode(av.Packet(wire.come(count))):
            scaled = scaler.scale(frame)
            scaled.pts = at * 90_000 // FPS
            for packet in encoder.encode(scaled, time.monotonic()):
                wire.go(bytes(packet))
        spent_ns += time.thread_time_ns() - begun_ns
    return spent_ns / 1e6 / seconds


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), float(sys.argv[2])))
