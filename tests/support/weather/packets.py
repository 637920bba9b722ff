"""As much of IP packets as a router looks at: where to, which protocol, which ports (RFC 791, RFC 8200)."""

from __future__ import annotations

import ipaddress

TCP, UDP = 6, 17
IPV6_HEADER_BYTES = 40  # TUN devices of Linux send no extension headers with TCP and UDP


def destination(packet: bytes) -> bytes | None:
    """The address it goes to, 4 or 16 bytes; None for what is no whole IP header."""
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20:
        return packet[16:20]
    if version == 6 and len(packet) >= IPV6_HEADER_BYTES:
        return packet[24:40]
    return None


def source(packet: bytes) -> bytes:
    """The address it comes from, of a packet that has a destination."""
    return packet[12:16] if packet[0] >> 4 == 4 else packet[8:24]


def packed(address: str) -> bytes:
    """An address as packets have it. Raises ValueError."""
    return ipaddress.ip_address(address).packed


def is_udp(packet: bytes) -> bool:
    """Whether it carries UDP."""
    return _protocol(packet) == UDP


def tcp_ports(packet: bytes) -> tuple[int, ...]:
    """Source and destination port of TCP; () for everything else."""
    at = (packet[0] & 0x0F) * 4 if packet[0] >> 4 == 4 else IPV6_HEADER_BYTES
    if _protocol(packet) != TCP or len(packet) < at + 4:
        return ()
    return int.from_bytes(packet[at : at + 2], "big"), int.from_bytes(packet[at + 2 : at + 4], "big")


def _protocol(packet: bytes) -> int:
    return packet[9] if packet[0] >> 4 == 4 else packet[6]
