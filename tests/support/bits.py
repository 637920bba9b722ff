"""Writes the bits of H.264 units, for what reads them."""

from __future__ import annotations


class Bits:
    """Writes what the reader reads (H.264 section 9.1)."""

    def __init__(self) -> None:
        self.text = ""

    def put(self, value: int, count: int) -> Bits:
        self.text += f"{value:0{count}b}"
        return self

    def golomb(self, *values: int) -> Bits:
        for value in values:
            digits = f"{value + 1:b}"
            self.text += "0" * (len(digits) - 1) + digits
        return self

    def unit(self, header: int) -> bytes:
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        unit = bytearray((header,))
        for at in range(0, len(text), 8):
            byte = int(text[at : at + 8], 2)
            if byte <= 3 and unit.endswith(b"\x00\x00"):
                unit.append(3)  # emulation prevention (H.264 section 7.3.1)
            unit.append(byte)
        return bytes(unit)
