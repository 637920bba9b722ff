"""Numbers out of the bits of an H.264 unit."""

from __future__ import annotations

from media.errors import MediaError

LONGEST_UNIT_BYTES = 1024
"""Of a unit no more is read: the longest parameter set that is taken."""
LONGEST_GOLOMB_BITS = 32


class Bits:
    """Reads a unit's bits behind its header byte (H.264 sections 7.3.1 and 9.1). Raises MediaError at the end."""

    def __init__(self, unit: bytes) -> None:
        raw = unit[1 : LONGEST_UNIT_BYTES + 1].replace(b"\x00\x00\x03", b"\x00\x00")  # emulation prevention
        self._rest = int.from_bytes(raw, "big")
        self._left = 8 * len(raw)

    def take(self, count: int) -> int:
        """Read one u(count)."""
        if count > self._left:
            raise MediaError("media_failed", "The H.264 parameter set is cut off.")
        self._left -= count
        taken = self._rest >> self._left
        self._rest &= (1 << self._left) - 1
        return taken

    def golomb(self) -> int:
        """Read one ue(v)."""
        zeros = self._left - self._rest.bit_length()
        if zeros > LONGEST_GOLOMB_BITS:
            raise MediaError("media_failed", "The H.264 parameter set has a number without end.")
        self.take(zeros)
        return self.take(zeros + 1) - 1

    def signed_golomb(self) -> int:
        """Read one se(v)."""
        number = self.golomb()
        return (number + 1) // 2 if number & 1 else -(number // 2)
