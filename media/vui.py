"""What a sequence parameter set says at its end of how pictures are shown: usability information (H.264 annex E)."""

from __future__ import annotations

from media.bits import Bits

SQUARE_IDS = (0, 1)  # unspecified, which everybody takes for square, and square (table E-1)
WRITTEN_ASPECT = 255
MOST_BUFFERS = 32  # of a hypothetical decoder (section E.2.2)


def read_vui(bits: Bits) -> tuple[bool, int | None]:
    """Whether pixels are square, and by how many pictures the order of showing differs from that of coming, if it says.

    `bits` stand where the set says whether it has this part. Raises MediaError for one that is cut off.
    """
    if not bits.take(1):
        return True, None
    square = _read_aspect(bits)
    if bits.take(1):  # overscan
        bits.take(1)
    if bits.take(1):  # video signal
        bits.take(4)
        if bits.take(1):
            bits.take(24)
    if bits.take(1):  # place of chroma samples
        bits.golomb()
        bits.golomb()
    if bits.take(1):  # timing
        bits.take(65)
    buffered = False
    for _ in range(2):
        if bits.take(1):
            _skip_buffers(bits)
            buffered = True
    if buffered:
        bits.take(1)  # low delay
    bits.take(1)  # pic_struct is there
    if not bits.take(1):  # bitstream restriction
        return square, None
    bits.take(1)
    for _ in range(4):
        bits.golomb()
    return square, bits.golomb()


def _read_aspect(bits: Bits) -> bool:
    if not bits.take(1):
        return True
    kind = bits.take(8)
    if kind == WRITTEN_ASPECT:
        return bits.take(16) == bits.take(16)
    return kind in SQUARE_IDS


def _skip_buffers(bits: Bits) -> None:
    """Pass over the parameters of a hypothetical decoder (section E.1.2)."""
    count = bits.golomb() + 1
    bits.take(8)
    for _ in range(min(count, MOST_BUFFERS)):
        bits.golomb()
        bits.golomb()
        bits.take(1)
    bits.take(20)
