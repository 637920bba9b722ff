"""RTP and RTCP as bytes, as far as a lean participant needs them (RFC 3550, 4585, 4588, 5285, 7741, REMB draft)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

HEADER = struct.Struct(">BBHII")
ABS_SEND_TIME_ID = 2
EXTENSION = struct.Struct(">HHB3s")
"""One-byte header extensions (RFC 5285 section 4.2): 0xBEDE, one word, then abs-send-time."""
NTP_EPOCH_S = 2_208_988_800
SR, RR, SDES, RTPFB, PSFB = 200, 201, 202, 205, 206
NACK, PLI, REMB = 1, 1, 15
TAIL_BYTES = 12
"""By the last bytes of its VP8 data a frame is known again when it was forwarded: 96 bits do not meet by chance."""


def is_rtcp(datagram: bytes) -> bool:
    """Whether a datagram with the RTP version is RTCP (RFC 5761 section 4)."""
    return 64 <= (datagram[1] & 0x7F) <= 95


def packet(payload_type: int, number: int, timestamp: int, ssrc: int, payload: bytes, *, marker: bool) -> bytes:
    """An RTP packet without extensions."""
    return HEADER.pack(0x80, payload_type | marker << 7, number & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


def stamped(
    payload_type: int, number: int, timestamp: int, ssrc: int, payload: bytes, *, marker: bool, now_s: float
) -> bytes:
    """An RTP packet with abs-send-time, 6.18 fixed point seconds, as browsers send pictures."""
    sent = int((now_s % 64) * (1 << 18)) & 0xFFFFFF
    header = HEADER.pack(0x90, payload_type | marker << 7, number & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    return header + EXTENSION.pack(0xBEDE, 1, ABS_SEND_TIME_ID << 4 | 2, sent.to_bytes(3, "big")) + payload


@dataclass(frozen=True, slots=True)
class Parsed:
    """An RTP packet that was taken apart; `payload` is a copy."""

    payload_type: int
    marker: bool
    number: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(datagram: bytes) -> Parsed:
    """Take an RTP packet apart: CSRCs, extensions and padding are passed over. Raises ValueError for a short one."""
    if len(datagram) < HEADER.size:
        raise ValueError("an RTP packet has at least 12 bytes")
    first, second, number, timestamp, ssrc = HEADER.unpack_from(datagram)
    start = HEADER.size + 4 * (first & 0x0F)
    if first & 0x10:
        if len(datagram) < start + 4:
            raise ValueError("the header extension is cut off")
        start += 4 + 4 * struct.unpack_from(">H", datagram, start + 2)[0]
    end = len(datagram) - (datagram[-1] if first & 0x20 else 0)
    return Parsed(second & 0x7F, bool(second & 0x80), number, timestamp, ssrc, datagram[start : max(start, end)])


def vp8_descriptor(begins: bool, picture_id: int) -> bytes:
    """The VP8 payload descriptor with a 15-bit PictureID (RFC 7741 section 4.2)."""
    return struct.pack(">BBH", 0x90 if begins else 0x80, 0x80, 0x8000 | picture_id & 0x7FFF)


def vp8_content(payload: bytes) -> tuple[bytes, bool]:
    """The VP8 data behind its descriptor, and whether a frame begins here. Raises IndexError for a short payload."""
    first, at = payload[0], 1
    if first & 0x80:
        second, at = payload[1], 2
        if second & 0x80:
            at += 2 if payload[at] & 0x80 else 1
        at += bool(second & 0x40) + bool(second & 0x30)
    return payload[at:], bool(first & 0x10) and not first & 0x07


def is_key_frame(content: bytes) -> bool:
    """Whether VP8 data that begin a frame are a key frame (RFC 6386 section 9.1)."""
    return bool(content) and not content[0] & 1


def unwrap(value: int, near: int, bits: int) -> int:
    """The number with these low bits that is nearest to `near`."""
    size = 1 << bits
    return near + (value - near + size // 2) % size - size // 2


@dataclass(frozen=True, slots=True)
class SenderReport:
    """What a sender says about its clock: at `ntp_s` (its own wall clock) the timestamp was `timestamp`."""

    ssrc: int
    ntp_s: float
    timestamp: int
    middle: int
    """The middle 32 bits of the NTP time, which a receiver report repeats."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a receiver asks for: packets again, a key frame, at most so many bits a second."""

    media_ssrc: int
    lost: tuple[int, ...] = ()
    key_frame: bool = False
    bits_per_s: int | None = None


def rtcp(compound: bytes) -> Iterator[SenderReport | Feedback]:
    """The sender reports and the feedback in a compound packet; all else is passed over."""
    at = 0
    while at + 4 <= len(compound):
        first, kind, words = struct.unpack_from(">BBH", compound, at)
        body = compound[at + 4 : at + 4 + 4 * words]
        at += 4 + 4 * words
        count = first & 0x1F
        if kind == SR and len(body) >= 24:
            ssrc, whole, part, timestamp = struct.unpack_from(">IIII", body)
            middle = (whole & 0xFFFF) << 16 | part >> 16
            yield SenderReport(ssrc, whole - NTP_EPOCH_S + part / (1 << 32), timestamp, middle)
        elif kind == RTPFB and count == NACK and len(body) >= 12:
            yield Feedback(struct.unpack_from(">I", body, 4)[0], lost=tuple(_lost(body[8:])))
        elif kind == PSFB and count == PLI and len(body) >= 8:
            yield Feedback(struct.unpack_from(">I", body, 4)[0], key_frame=True)
        elif kind == PSFB and count == REMB and body[8:12] == b"REMB" and len(body) >= 20:
            yield _remb(body)


def _lost(fci: bytes) -> Iterator[int]:
    for at in range(0, len(fci) - 3, 4):
        number, more = struct.unpack_from(">HH", fci, at)
        yield number
        for bit in range(16):
            if more >> bit & 1:
                yield (number + bit + 1) & 0xFFFF


def _remb(body: bytes) -> Feedback:
    word = int.from_bytes(body[13:16], "big")
    return Feedback(struct.unpack_from(">I", body, 16)[0], bits_per_s=(word & 0x3FFFF) << (word >> 18))


def nack(ssrc: int, media_ssrc: int, numbers: Iterable[int]) -> bytes:
    """Generic NACK (RFC 4585 section 6.2.1), one entry per number."""
    pairs = b"".join(struct.pack(">HH", number & 0xFFFF, 0) for number in numbers)
    return struct.pack(">BBHII", 0x80 | NACK, RTPFB, 2 + len(pairs) // 4, ssrc, media_ssrc) + pairs


def pli(ssrc: int, media_ssrc: int) -> bytes:
    """Picture loss indication (RFC 4585 section 6.3.1)."""
    return struct.pack(">BBHII", 0x80 | PLI, PSFB, 2, ssrc, media_ssrc)


def remb(ssrc: int, media_ssrc: int, bits_per_s: int) -> bytes:
    """Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03)."""
    exponent = max(0, bits_per_s.bit_length() - 18)
    word = 1 << 24 | exponent << 18 | bits_per_s >> exponent
    return struct.pack(">BBHII4sII", 0x80 | REMB, PSFB, 5, ssrc, 0, b"REMB", word, media_ssrc)


def sender_report(ssrc: int, wall_s: float, timestamp: int, packets: int, octets: int) -> bytes:
    """A sender report without report blocks, and the SDES that must follow (RFC 3550 sections 6.4.1 and 6.5)."""
    whole = int(wall_s) + NTP_EPOCH_S
    part = int((wall_s % 1) * (1 << 32)) & 0xFFFFFFFF
    numbers = (ssrc, whole, part, timestamp & 0xFFFFFFFF, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    return struct.pack(">BBHIIIIII", 0x80, SR, 6, *numbers) + sdes(ssrc)


def receiver_report(
    ssrc: int, media_ssrc: int, highest: int, lost: int, fraction: int, last_report: int, since_s: float
) -> bytes:
    """A receiver report with one block (RFC 3550 section 6.4.2); `fraction` lost in 1/256, jitter left at 0."""
    missing = (fraction & 0xFF) << 24 | min(max(lost, 0), 0x7FFFFF)
    dlsr = int(since_s * 65536) & 0xFFFFFFFF if last_report else 0
    block = struct.pack(">IIIIII", media_ssrc, missing, highest & 0xFFFFFFFF, 0, last_report, dlsr)
    return struct.pack(">BBHI", 0x81, RR, 7, ssrc) + block + sdes(ssrc)


def sdes(ssrc: int) -> bytes:
    """The canonical name, the same for all of a participant's streams."""
    name = b"bench"
    chunk = struct.pack(">IBB", ssrc, 1, len(name)) + name + b"\0"
    chunk += b"\0" * (-len(chunk) % 4)
    return struct.pack(">BBH", 0x81, SDES, len(chunk) // 4) + chunk
