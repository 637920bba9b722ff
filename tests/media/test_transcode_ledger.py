"""A page of the ledger: read as it was written, not at all once it is old, and never half."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.transcode_ledger import MOST_WISHES, PAGE_BYTES, STALE_S, Told, page, read

CORES = st.floats(0, 64, width=32)
TOLD = st.lists(st.builds(Told, st.floats(0, 1e9), st.integers(0, 65_535), CORES, CORES), max_size=MOST_WISHES)


@given(TOLD, st.floats(0, 1e9))
def test_a_page_is_read_as_it_was_written(told: list[Told], now: float) -> None:
    content = page(told, now)
    assert len(content) == PAGE_BYTES
    assert read(content, now) == told


@pytest.mark.parametrize(("later_s", "wishes"), [(0.0, 1), (STALE_S, 1), (STALE_S + 0.1, 0), (-0.1, 0)])
def test_what_was_written_long_ago_or_before_the_machine_began_is_nothing(later_s: float, wishes: int) -> None:
    told = read(page([Told(1.0, 0, 0.1, 0.3)], 100.0), 100.0 + later_s)
    assert told is not None
    assert len(told) == wishes


@given(TOLD.filter(bool), TOLD.filter(bool), st.integers(1, PAGE_BYTES - 1))
def test_a_page_that_is_half_written_is_one_of_both_or_not_read(one: list[Told], other: list[Told], cut: int) -> None:
    mixed = page(one, 5.0)[:cut] + page(other, 6.0)[cut:]
    assert read(mixed, 6.0) in (None, one, other)


def test_an_empty_page_tells_nothing_and_a_full_one_leaves_out_the_rest() -> None:
    assert read(bytes(PAGE_BYTES), 1.0) == []
    told = [Told(float(number), number, 0.5, 0.5) for number in range(MOST_WISHES + 5)]
    assert read(page(told, 1.0), 1.0) == told[:MOST_WISHES]


@given(st.binary(min_size=PAGE_BYTES, max_size=PAGE_BYTES))
def test_noise_tells_nothing(noise: bytes) -> None:
    assert not read(noise, 1.0)
