"""Whether a picture may go to a viewer as it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.forwarding import forwardable

SIDES = st.integers(1, 4096)
SIZES = st.tuples(SIDES, SIDES)


@given(SIZES, SIZES)
def test_a_page_takes_whatever_is_no_larger_than_its_screen(size: tuple[int, int], screen: tuple[int, int]) -> None:
    assert forwardable(size, screen, exact=False) == (size[0] <= screen[0] and size[1] <= screen[1])


@given(SIZES)
def test_a_display_takes_its_own_size_and_no_other(screen: tuple[int, int]) -> None:
    assert forwardable(screen, screen, exact=True)
    for size in ((screen[0] - 1, screen[1]), (screen[0], screen[1] - 1), (screen[0] + 1, screen[1])):
        assert not forwardable(size, screen, exact=True)


@given(st.booleans())
def test_a_size_that_nobody_knows_yet_is_never_forwarded(exact: bool) -> None:
    assert not forwardable((0, 0), (640, 512), exact=exact)
