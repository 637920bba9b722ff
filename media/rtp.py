"""RTP packets as bytes: read, written anew, sent again (RFC 3550 section 5.1, RFC 8285, RFC 4588)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEADER_BYTES = 12
ONE_BYTE_PROFILE = 0xBEDE  # RFC 8285 section 4.2
LONGEST_ELEMENT = 16  # bytes: likewise
LAST_ID = 14  # likewise; a peer may offer greater ones
HALF_SEQUENCE = 1 << 15
SEND_TIME_HZ = 1 << 18
"""abs-send-time counts 2**-18 s in 24 bits: https://webrtc.googlesource.com/src, docs/native-code/rtp-hdrext."""
SEND_TIME_WRAPS_S = 64.0
_HEADER = struct.Struct("!BBHLL")
_EXTENSION = struct.Struct("!HH")
_ORIGINAL = struct.Struct("!H")


@dataclass(slots=True)
class RtpPacket:
    """One packet as it came, without padding and without what we do not use of its header extensions."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    send_time: int | None
    """abs-send-time (24 bits), when it came with one."""
    size: int
    """Bytes of payload and padding, as congestion control counts them."""


def parse(data: bytes, send_time_id: int) -> RtpPacket:
    """Read one packet; `send_time_id` is the number of abs-send-time, 0 where it was not agreed upon.

    Raises ValueError for what is no RTP packet.
    """
    size = len(data)
    if size < HEADER_BYTES:
        raise ValueError("The RTP packet is shorter than its header.")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first >> 6 != 2:
        raise ValueError("The RTP packet has an unknown version.")
    at = HEADER_BYTES + 4 * (first & 0x0F)
    send_time = None
    if first & 0x10:
        if size < at + 4:
            raise ValueError("The RTP packet ends within its header extension.")
        profile, words = _EXTENSION.unpack_from(data, at)
        begin, at = at + 4, at + 4 + 4 * words
        if size < at:
            raise ValueError("The RTP packet ends within its header extension.")
        if send_time_id and profile == ONE_BYTE_PROFILE:
            send_time = _send_time(data, begin, at, send_time_id)
    end = size
    if first & 0x20:
        end -= data[-1]
        if not data[-1]:
            raise ValueError("The RTP packet has padding of no length.")
    if end < at:
        raise ValueError("The RTP packet is shorter than it says.")
    return RtpPacket(second & 0x7F, second > 0x7F, sequence, timestamp, ssrc, data[at:end], send_time, size - at)


def _send_time(data: bytes, at: int, end: int, wanted: int) -> int | None:
    while at < end:
        head = data[at]
        if not head:  # padding between elements
            at += 1
            continue
        length = (head & 0x0F) + 1
        if head >> 4 == wanted:
            return int.from_bytes(data[at + 1 : at + 4], "big") if length == 3 and at + 4 <= end else None
        at += 1 + length
    return None


def unwrap_again(packet: RtpPacket, payload_type: int, ssrc: int) -> RtpPacket:
    """The original of a retransmission (RFC 4588 section 4). Raises ValueError for one that carries none."""
    if len(packet.payload) < 2:
        raise ValueError("The retransmission carries no packet.")
    (sequence,) = _ORIGINAL.unpack_from(packet.payload)
    return RtpPacket(
        payload_type, packet.marker, sequence, packet.timestamp, ssrc, packet.payload[2:], packet.send_time, packet.size
    )


def wrap_again(sequence: int, payload: bytes) -> bytes:
    """The payload of a retransmission of packet number `sequence` (RFC 4588 section 4)."""
    return _ORIGINAL.pack(sequence) + payload


class HeaderWriter:
    """Writes the headers of one m-line: its MID in each packet, and when it was sent.

    An id of 0 means that the extension was not agreed upon; one that a short header cannot say counts as that.
    """

    __slots__ = ("_after", "_before", "_first", "_timed")

    def __init__(self, mid: str = "", mid_id: int = 0, send_time_id: int = 0) -> None:
        name = mid.encode()
        self._timed = 0 < send_time_id <= LAST_ID
        before = bytes([send_time_id << 4 | 2]) if self._timed else b""
        named = 0 < mid_id <= LAST_ID and 0 < len(name) <= LONGEST_ELEMENT
        after = bytes([mid_id << 4 | len(name) - 1]) + name if named else b""
        length = len(before) + 3 * self._timed + len(after)
        self._first = 0x90 if length else 0x80
        self._before = _EXTENSION.pack(ONE_BYTE_PROFILE, -(-length // 4)) + before if length else b""
        self._after = after + bytes(-length % 4)

    def packet(
        self, payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, payload: bytes, now: float
    ) -> bytes:
        """One whole packet, sent at monotonic `now` (seconds)."""
        second = payload_type | 0x80 if marker else payload_type
        header = _HEADER.pack(self._first, second, sequence, timestamp, ssrc) + self._before
        if self._timed:
            header += (int(now * SEND_TIME_HZ) & 0xFFFFFF).to_bytes(3, "big")
        return header + self._after + payload

    @property
    def template(self) -> tuple[int, bytes, int]:
        """First byte, header extension, and where in that the 3 bytes of abs-send-time stand (0: it has none)."""
        time = bytes(3) if self._timed else b""
        return self._first, self._before + time + self._after, len(self._before) if self._timed else 0


def nearest(value: int, bits: int, to: int) -> int:
    """The number that ends in `value` (that many bits) and lies nearest to `to` (RFC 3550 appendix A.1)."""
    span = 1 << bits
    delta = (value - to) % span
    return to + (delta - span if delta >= span >> 1 else delta)
