"""Who can decode which H.264, by what both sides say of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.h264_profiles import NOBODYS, Coding, decodes, plain, rank

CONSTRAINED = Coding(66, 0xC0, 32, square=True, in_order=True)
BASELINE = Coding(66, 0x00, 31, square=True, in_order=True)
MAIN = Coding(77, 0x40, 31, square=True, in_order=True)
HIGH = Coding(100, 0x00, 31, square=True, in_order=True)
CONSTRAINED_HIGH = Coding(100, 0x0C, 31, square=True, in_order=True)


@pytest.mark.parametrize(
    ("named", "taken"),
    [
        ("42e01f", [CONSTRAINED]),
        ("4DC01F", [CONSTRAINED]),
        ("42001f", [CONSTRAINED, BASELINE]),
        ("4d001f", [CONSTRAINED, MAIN]),
        ("640c1f", [CONSTRAINED, CONSTRAINED_HIGH]),
        ("64001f", [CONSTRAINED, MAIN, HIGH, CONSTRAINED_HIGH]),
        ("f4001f", []),
        ("42e0", []),
        ("42e01f\n", []),
    ],
)
def test_a_receiver_takes_its_own_profile_and_what_is_part_of_it(named: str, taken: list[Coding]) -> None:
    every = [CONSTRAINED, BASELINE, MAIN, HIGH, CONSTRAINED_HIGH]
    assert [coding for coding in every if decodes(named, coding)] == taken


def test_main_without_what_only_main_has_is_constrained_baseline() -> None:
    assert decodes("42e01f", Coding(77, 0x80, 31, square=True, in_order=True))
    assert not decodes("42e01f", Coding(88, 0x80, 31, square=True, in_order=True))
    assert decodes("42e01f", Coding(88, 0xC0, 31, square=True, in_order=True))


@pytest.mark.parametrize(
    ("named", "most"), [("42e01f", 42), ("42e028", 42), ("42e033", 51), ("42e01e", 30), ("42e00d", 13)]
)
def test_level_3_1_stands_for_what_browsers_really_take_and_less_is_meant_as_it_is_said(named: str, most: int) -> None:
    for level in (10, 13, 30, 31, 32, 40, 42, 50, 51, 52):
        assert decodes(named, Coding(66, 0xC0, level, square=True, in_order=True)) == (level <= most)


def test_only_square_pixels_in_their_order_are_shown_as_they_are() -> None:
    assert plain(CONSTRAINED)
    assert not plain(NOBODYS)
    assert not plain(Coding(66, 0xC0, 31, square=False, in_order=True))
    assert not plain(Coding(100, 0, 31, square=True, in_order=False))


def test_constrained_baseline_comes_first_then_who_takes_more() -> None:
    named = ["64001f", "42001f", "f4001f", "4d001f", "42e034", "42e01f", "none"]
    fine = [one for one in named if rank(one) is not None]
    assert sorted(fine, key=lambda one: rank(one) or (0, 0)) == ["42e01f", "42e034", "42001f", "4d001f", "64001f"]


@given(st.text(max_size=8), st.builds(Coding, *[st.integers(0, 255)] * 3, square=st.booleans(), in_order=st.booleans()))
def test_whatever_is_named_is_decided(named: str, coding: Coding) -> None:
    assert decodes(named, coding) in (True, False)
