"""Numbers out of bits, as H.264 writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.bits import LONGEST_UNIT_BYTES, Bits
from media.errors import MediaError
from tests.support.bits import Bits as Writer


@given(st.lists(st.integers(0, (1 << 31) - 1), max_size=20))
def test_what_was_written_is_read(values: list[int]) -> None:
    bits = Bits(Writer().golomb(*values).put(5, 3).unit(0x67))
    assert [bits.golomb() for _ in values] == values
    assert bits.take(3) == 5


def test_signed_numbers_take_turns() -> None:
    bits = Bits(Writer().golomb(0, 1, 2, 3, 4).unit(0x67))
    assert [bits.signed_golomb() for _ in range(5)] == [0, 1, -1, 2, -2]


def test_beyond_the_end_and_without_end_nothing_is_read() -> None:
    with pytest.raises(MediaError, match="cut off"):
        Bits(b"\x67\xff").take(9)
    with pytest.raises(MediaError, match="without end"):
        Bits(b"\x67" + bytes(20) + b"\x01").golomb()
    with pytest.raises(MediaError):
        Bits(b"\x67" + b"\x01" * 2 * LONGEST_UNIT_BYTES).take(8 * LONGEST_UNIT_BYTES + 1)
