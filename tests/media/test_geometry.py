"""Pictures fill or fit a screen, and are never stretched."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from media.geometry import Placement, plan

SIDE = st.integers(240, 4096)
EVEN = st.integers(120, 2048).map(lambda half: 2 * half)
FRAMING = st.sampled_from(["fill", "fit"])


def stretch(placement: Placement) -> float:
    """How much wider than high one source pixel becomes: 1.0 is true to shape."""
    return (placement.scaled_width / placement.crop_width) / (placement.scaled_height / placement.crop_height)


@given(SIDE, SIDE, EVEN, EVEN, FRAMING)
def test_content_is_never_stretched(source_w: int, source_h: int, target_w: int, target_h: int, framing: str) -> None:
    placement = plan(source_w, source_h, target_w, target_h, framing)
    assume(min(placement.crop_width, placement.crop_height, placement.scaled_width, placement.scaled_height) >= 200)
    assert abs(stretch(placement) - 1.0) < 0.0051


@given(st.integers(2, 5000), st.integers(2, 5000), st.integers(1, 2500), st.integers(1, 2500), FRAMING)
def test_every_placement_lies_inside_source_and_target_on_even_pixels(
    source_w: int, source_h: int, half_w: int, half_h: int, framing: str
) -> None:
    target_w, target_h = 2 * half_w, 2 * half_h
    placement = plan(source_w, source_h, target_w, target_h, framing)
    assert 0 <= placement.crop_left <= source_w - placement.crop_width
    assert 0 <= placement.crop_top <= source_h - placement.crop_height
    assert 0 <= placement.pad_left <= target_w - placement.scaled_width
    assert 0 <= placement.pad_top <= target_h - placement.scaled_height
    sides = (
        placement.crop_left, placement.crop_top, placement.crop_width, placement.crop_height,
        placement.scaled_width, placement.scaled_height, placement.pad_left, placement.pad_top,
    )  # fmt: skip
    assert all(side % 2 == 0 for side in sides)
    assert min(placement.crop_width, placement.crop_height, placement.scaled_width, placement.scaled_height) >= 2


@given(SIDE, SIDE, EVEN, EVEN)
def test_fill_covers_the_screen_and_keeps_one_side_whole(
    source_w: int, source_h: int, target_w: int, target_h: int
) -> None:
    placement = plan(source_w, source_h, target_w, target_h, "fill")
    assert placement.fills
    assert placement.crop_width >= source_w - 1 or placement.crop_height >= source_h - 1
    assert abs(2 * placement.crop_left + placement.crop_width - source_w) <= 3
    assert abs(2 * placement.crop_top + placement.crop_height - source_h) <= 3


@given(SIDE, SIDE, EVEN, EVEN)
def test_fit_shows_the_whole_picture_and_touches_two_edges(
    source_w: int, source_h: int, target_w: int, target_h: int
) -> None:
    placement = plan(source_w, source_h, target_w, target_h, "fit")
    assert placement.crop_width >= source_w - 1
    assert placement.crop_height >= source_h - 1
    assert placement.scaled_width == target_w or placement.scaled_height == target_h
    assert abs(2 * placement.pad_left + placement.scaled_width - target_w) <= 2
    assert abs(2 * placement.pad_top + placement.scaled_height - target_h) <= 2


def test_a_720p_camera_on_the_life_size_screen() -> None:
    fill = plan(1280, 720, 1280, 1024, "fill")
    assert (fill.crop_left, fill.crop_top, fill.crop_width, fill.crop_height) == (190, 0, 900, 720)
    fit = plan(1280, 720, 1280, 1024, "fit")
    assert (fit.scaled_width, fit.scaled_height, fit.pad_left, fit.pad_top) == (1280, 720, 0, 152)


@pytest.mark.parametrize("framing", ["fill", "fit"])
def test_a_picture_of_the_screens_own_size_is_left_as_it_is(framing: str) -> None:
    assert plan(640, 512, 640, 512, framing) == Placement(0, 0, 640, 512, 640, 512, 0, 0, 640, 512)


@pytest.mark.parametrize(
    ("sizes", "framing"),
    [
        ((0, 480, 640, 512), "fit"),
        ((640, 480, 641, 512), "fit"),
        ((640, 480, 640, -2), "fill"),
        ((640, 480, 640, 512), "stretch"),
    ],
)
def test_impossible_placements_are_refused(sizes: tuple[int, int, int, int], framing: str) -> None:
    with pytest.raises(ValueError):
        plan(*sizes, framing)
