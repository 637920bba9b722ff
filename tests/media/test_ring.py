"""The bounded queue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.ring import Ring


@given(st.integers(1, 10), st.lists(st.integers(), max_size=40))
def test_the_newest_items_stay_in_order_and_the_rest_is_counted(capacity: int, items: list[int]) -> None:
    ring: Ring[int] = Ring(capacity)
    for item in items:
        ring.push(item)
    assert len(ring) == min(capacity, len(items))
    assert ring.dropped == max(0, len(items) - capacity)
    assert ring.newest() == (items[-1] if items else None)
    assert [ring.pop() for _ in range(len(ring))] == items[-capacity:]
    assert ring.pop() is None


def test_what_is_cleared_or_taken_is_not_dropped() -> None:
    ring: Ring[str] = Ring(2)
    ring.push("a")
    ring.push("b")
    assert ring.pop() == "a"
    ring.clear()
    ring.push("c")
    assert (len(ring), ring.dropped, ring.capacity) == (1, 0, 2)


def test_a_ring_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Ring(0)
